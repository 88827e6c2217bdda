internal import BrigSystem
internal import CArchive
internal import Glibc

/// Writes a tar (pax where ustar does not suffice) to a descriptor over libarchive.
@safe
struct ArchiveWriter: ~Copyable {
    private let handle: Handle
    private let subject: String

    /// - Parameter descriptor: open for writing; it stays the caller's.
    init(_ descriptor: Int32, subject: String) throws(ImageError) {
        guard let archive = unsafe archive_write_new() else { throw ImageError(.system, "no memory to write \(subject)") }
        guard let entry = unsafe archive_entry_new() else {
            _ = unsafe archive_write_free(archive)
            throw ImageError(.system, "no memory to write \(subject)")
        }
        let handle = unsafe Handle(archive, entry)
        guard unsafe archive_write_set_format_pax_restricted(archive) == ARCHIVE_OK,
            unsafe archive_write_set_bytes_per_block(archive, 256 << 10) == ARCHIVE_OK, unsafe archive_write_set_bytes_in_last_block(archive, 512) == ARCHIVE_OK,
            unsafe archive_write_open_fd(archive, descriptor) == ARCHIVE_OK
        else { throw ImageError(.system, "\(subject) cannot be written: \(handle.message)") }
        self.handle = handle
        self.subject = subject
    }

    /// What libarchive has allocated, freed once.
    @safe
    private final class Handle {
        let archive: OpaquePointer
        let entry: OpaquePointer

        @unsafe
        init(_ archive: OpaquePointer, _ entry: OpaquePointer) {
            unsafe self.archive = unsafe archive
            unsafe self.entry = unsafe entry
        }

        deinit {
            unsafe archive_entry_free(entry)
            _ = unsafe archive_write_free(archive)
        }

        var message: String { unsafe archive_error_string(archive).map { unsafe String(cString: $0) } ?? "unknown error" }
    }

    private var archive: OpaquePointer { unsafe handle.archive }
    private var entry: OpaquePointer { unsafe handle.entry }

    /// What an entry is, apart from its data.
    struct Header {
        var path: [UInt8]
        var kind: mode_t = S_IFREG
        var permissions: mode_t = 0o644
        var user: Int64 = 0
        var group: Int64 = 0
        var size: Int64 = 0
        var modified = timespec()
        var symbolicTarget: [UInt8]?
        var hardTarget: [UInt8]?
        var attributes: [(name: [CChar], value: [UInt8])] = []
    }

    /// Begins an entry; `size` bytes of data must follow.
    mutating func begin(_ header: Header) throws(ImageError) {
        unsafe archive_entry_clear(entry)
        unsafe archive_entry_set_pathname(entry, Self.cString(header.path))
        unsafe archive_entry_set_filetype(entry, header.kind)
        unsafe archive_entry_set_perm(entry, header.permissions)
        unsafe archive_entry_set_uid(entry, header.user)
        unsafe archive_entry_set_gid(entry, header.group)
        unsafe archive_entry_set_mtime(entry, header.modified.tv_sec, header.modified.tv_nsec)
        unsafe archive_entry_set_size(entry, header.size)
        if let target = header.symbolicTarget { unsafe archive_entry_set_symlink(entry, Self.cString(target)) }
        if let target = header.hardTarget { unsafe archive_entry_set_hardlink(entry, Self.cString(target)) }
        for (name, value) in header.attributes { unsafe value.withUnsafeBytes { unsafe archive_entry_xattr_add_entry(entry, name, $0.baseAddress, $0.count) } }
        let status = unsafe archive_write_header(archive, entry)
        // "Can't translate pathname to UTF-8": it has written the bytes, and that they are in no known character set.
        if status != ARCHIVE_WARN || !handle.message.contains("translate") { try require(status) }
    }

    mutating func write(_ bytes: UnsafeRawBufferPointer) throws(ImageError) {
        var rest = unsafe bytes
        while unsafe !rest.isEmpty {
            let count = unsafe archive_write_data(archive, rest.baseAddress, rest.count)
            guard count > 0 else { throw failure() }
            unsafe rest = unsafe UnsafeRawBufferPointer(rebasing: rest[count...])
        }
    }

    /// A whole file.
    mutating func add(_ path: String, _ bytes: [UInt8]) throws(ImageError) {
        try begin(Header(path: Array(path.utf8), size: Int64(bytes.count)))
        var failed: ImageError?
        unsafe bytes.withUnsafeBytes { block in
            do throws(ImageError) { unsafe try write(block) } catch { failed = error }
        }
        if let failed { throw failed }
    }

    /// `size` bytes from a descriptor.
    mutating func copy(_ file: Int32, size: Int64, of path: String) throws(ImageError) {
        let stream = FileStream(file, subject: path)
        var left = size
        while left > 0 {
            let block = unsafe try stream.next()
            guard unsafe !block.isEmpty else { throw ImageError(.system, "\(path) became shorter while it was read") }
            let part = unsafe UnsafeRawBufferPointer(rebasing: block.prefix(Int(min(left, Int64(block.count)))))
            unsafe try write(part)
            left -= Int64(part.count)
        }
    }

    /// Writes the end of the archive.
    mutating func finish() throws(ImageError) { try require(unsafe archive_write_close(archive)) }

    private func require(_ status: Int32) throws(ImageError) { if status != ARCHIVE_OK { throw failure() } }

    private func failure() -> ImageError {
        ImageError(.system, "\(subject) cannot be written: \(handle.message)")
    }

    private static func cString(_ bytes: [UInt8]) -> [CChar] { bytes.map { CChar(bitPattern: $0) } + [0] }
}
