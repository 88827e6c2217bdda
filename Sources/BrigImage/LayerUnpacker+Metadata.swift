internal import BrigSystem
internal import CBrigLinux
internal import Glibc

extension LayerUnpacker {
    /// The entry's owner; (uid_t)-1 means "leave it" to the kernel and is refused.
    func owner(_ entry: ArchiveEntry, _ path: EntryPath) throws(ImageError) -> (user: uid_t, group: gid_t) {
        guard let user = uid_t(exactly: entry.user), let group = gid_t(exactly: entry.group), user != .max, group != .max else {
            throw ImageError(.malformed, "entry \(path.text) belongs to user \(entry.user) and group \(entry.group), expected 0 to 4294967294")
        }
        return (user, group)
    }

    /// Returns what the file was before.
    @discardableResult
    func setOwner(_ entry: ArchiveEntry, of descriptor: Int32, _ path: EntryPath) throws(ImageError) -> stat {
        let (user, group) = try owner(entry, path)
        var present = stat()
        try attempt("fstat", path.text) { unsafe fstat(descriptor, &present) }
        if keepsOwners, present.st_uid != user || present.st_gid != group { try attempt("fchown", path.text) { fchown(descriptor, user, group) } }
        return present
    }

    /// Sets `user.` attributes, apart from those that mean something to overlayfs. Everything else (capabilities, labels, `trusted.`) would be
    /// a privilege or the host's business, and is counted instead. Returns whether one was set.
    @discardableResult
    mutating func setAttributes(_ entry: ArchiveEntry, of descriptor: Int32, _ path: EntryPath) throws(ImageError) -> Bool {
        if entry.hasAccessControlList { summary.droppedAttributes += 1 }
        var total = 0
        var isSet = false
        for (name, value) in entry.attributes {
            let bytes = name.dropLast().map { UInt8(bitPattern: $0) }
            total += bytes.count + value.count
            guard total <= limits.attributeBytes else { throw ImageError(.limit, "entry \(path.text) has more than \(limits.attributeBytes) bytes of extended attributes") }
            guard bytes.starts(with: "user.".utf8), !bytes.starts(with: "user.overlay.".utf8) else {
                summary.droppedAttributes += 1
                continue
            }
            try attempt("fsetxattr", "\(quoted(bytes)) \(path.text)") {
                unsafe value.withUnsafeBytes { unsafe brig_unpack_set_attribute(descriptor, name, $0.baseAddress, $0.count) }
            }
            isSet = true
        }
        return isSet
    }

    /// Modes and times of directories, the deepest first: setting one changes the time of none that is still to come, and a directory that
    /// may not be entered closes no way that is still needed.
    mutating func finishDirectories() throws(ImageError) {
        try directories.forEachLastFirst { (path, mode, modified) throws(ImageError) in
            // Something else may have taken its place since; that has its own mode and time.
            let number =
                path.count == 1 ? unsafe brig_unpack_open_beneath(root, ".", O_RDONLY | O_DIRECTORY, 0) : unsafe brig_unpack_open_beneath(root, path, O_RDONLY | O_DIRECTORY, 0)
            guard number >= 0 else {
                if errno == ENOENT || errno == ENOTDIR || errno == ELOOP { return }
                throw ImageError(SystemError("openat2", quoted(path.dropLast().map { UInt8(bitPattern: $0) }), errno: errno))
            }
            let directory = FileDescriptor(owning: number)
            try attempt("fchmod") { fchmod(directory.number, mode) }
            let times = [modified, modified]
            try attempt("futimens") { unsafe futimens(directory.number, times) }
        }
    }
}

/// Modes and times of directories that are set at the end, in one piece of memory.
struct DirectoryTable {
    private var paths: [CChar] = []
    private var rows: [Row] = []

    private struct Row {
        var start: UInt32
        var depth: UInt16
        var mode: UInt16
        var nanos: UInt32
        var seconds: Int64
    }

    /// Bytes of memory that an archive's directories may take.
    private static let ceiling = 24 << 20

    mutating func add(_ path: EntryPath, mode: mode_t, modified: timespec) throws(ImageError) {
        guard paths.count + path.path.count + (rows.count + 1) * MemoryLayout<Row>.stride <= Self.ceiling else {
            throw ImageError(.limit, "the archive has \(rows.count) directories, whose paths take more than \(ByteCount(UInt64(Self.ceiling))) of memory")
        }
        rows.append(Row(start: UInt32(paths.count), depth: UInt16(path.depth), mode: UInt16(mode), nanos: UInt32(clamping: modified.tv_nsec), seconds: Int64(modified.tv_sec)))
        paths += path.path
    }

    /// Deeper ones first; of two rows for one directory the one that was added later counts.
    func forEachLastFirst(_ body: (_ path: [CChar], _ mode: mode_t, _ modified: timespec) throws(ImageError) -> Void) throws(ImageError) {
        let order = rows.indices.sorted { rows[$0].depth == rows[$1].depth ? $0 < $1 : rows[$0].depth > rows[$1].depth }
        for index in order {
            let row = rows[index]
            let end = index + 1 < rows.count ? Int(rows[index + 1].start) : paths.count
            try body(Array(paths[Int(row.start)..<end]), mode_t(row.mode), timespec(tv_sec: Int(row.seconds), tv_nsec: Int(row.nanos)))
        }
    }
}
