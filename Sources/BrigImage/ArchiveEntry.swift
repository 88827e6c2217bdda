internal import CArchive
internal import Glibc

/// An entry's header as libarchive read it; good until the next one is read. Names are bytes.
@safe
struct ArchiveEntry {
    private let entry: OpaquePointer

    @unsafe
    init(_ entry: OpaquePointer) { unsafe self.entry = unsafe entry }

    enum Kind: Equatable {
        case file, directory, symbolicLink, hardLink
        /// A device, a FIFO, a socket, or something else that a layer does not get.
        case special
    }

    var kind: Kind {
        if unsafe archive_entry_hardlink(entry) != nil { return .hardLink }
        return switch unsafe archive_entry_filetype(entry) {
        case S_IFREG: .file
        case S_IFDIR: .directory
        case S_IFLNK: .symbolicLink
        default: .special
        }
    }

    /// The path as it is written; empty where there is none.
    var path: [UInt8] { unsafe Self.bytes(archive_entry_pathname(entry)) }

    /// Where a symbolic or hard link points.
    var target: [UInt8] { unsafe Self.bytes(archive_entry_hardlink(entry) ?? archive_entry_symlink(entry)) }

    /// Length of the file; nil where the header has none.
    var size: Int64? { unsafe archive_entry_size_is_set(entry) != 0 ? unsafe archive_entry_size(entry) : nil }

    /// Permission bits, set-uid, set-gid and sticky.
    var mode: mode_t { unsafe archive_entry_perm(entry) }
    var user: Int64 { unsafe archive_entry_uid(entry) }
    var group: Int64 { unsafe archive_entry_gid(entry) }
    var modified: timespec { timespec(tv_sec: unsafe archive_entry_mtime(entry), tv_nsec: unsafe archive_entry_mtime_nsec(entry)) }

    var hasAccessControlList: Bool { unsafe archive_entry_acl_types(entry) & (ARCHIVE_ENTRY_ACL_TYPE_ACCESS | ARCHIVE_ENTRY_ACL_TYPE_DEFAULT) != 0 }

    /// Extended attributes: name with its NUL, and value.
    var attributes: [(name: [CChar], value: [UInt8])] {
        var attributes: [(name: [CChar], value: [UInt8])] = []
        guard unsafe archive_entry_xattr_reset(entry) > 0 else { return [] }
        var name: UnsafePointer<CChar>?
        var value: UnsafeRawPointer?
        var size = 0
        while unsafe archive_entry_xattr_next(entry, &name, &value, &size) == ARCHIVE_OK {
            guard let name = unsafe name else { continue }
            attributes.append((unsafe Array(UnsafeBufferPointer(start: name, count: strlen(name) + 1)), unsafe Array(UnsafeRawBufferPointer(start: value, count: size))))
        }
        return attributes
    }

    private static func bytes(_ text: UnsafePointer<CChar>?) -> [UInt8] {
        guard let text = unsafe text else { return [] }
        return unsafe Array(UnsafeRawBufferPointer(start: text, count: strlen(text)))
    }
}
