internal import CBrigLinux
internal import Glibc

/// A file that appears whole under its name, or not at all: it is written without a name (or under a temporary one, where the file system
/// has no unnamed files) and put in its place by one system call. Whoever reads the name meanwhile reads what was there before.
///
/// Not synced: after a power failure the name may show the old file.
public struct AtomicFile: ~Copyable {
    private let directory: FileDescriptor
    private let file: FileDescriptor
    private let name: String
    private let path: String
    /// The temporary name, where the file has one.
    private let temporaryName: String?

    /// Prepares to replace `path`; nothing is to be seen of it yet, apart from the temporary name.
    ///
    /// - Throws: `EISDIR` for a directory, `ELOOP` for a symbolic link (it would be replaced, or followed to where someone else wants the
    ///   file), `EEXIST` for anything else that is no regular file, and what open(2) says of the directory.
    public init(replacing path: String, mode: UInt32 = 0o666) throws(SystemError) {
        let slash = path.utf8.lastIndex(of: UInt8(ascii: "/"))
        let parent = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        let name = slash.map { String(path[path.index(after: $0)...]) } ?? path
        guard !name.isEmpty, name != ".", name != ".." else { throw SystemError("open", path, errno: name.isEmpty && path.isEmpty ? ENOENT : EISDIR) }
        let directory = FileDescriptor(owning: try check("open", parent) { unsafe open(parent, O_PATH_ | O_DIRECTORY | O_CLOEXEC) })
        try Self.refuseOthers(than: S_IFREG, directory: directory.number, name: name, path: path)

        let (number, temporaryName) = try Self.create(in: directory.number, name: name, path: path, mode: mode_t(mode))
        self.file = FileDescriptor(owning: number)
        self.temporaryName = temporaryName
        self.directory = directory
        self.name = name
        self.path = path
    }

    /// Writes the content and puts the file in its place.
    ///
    /// A directory that was made in its place meanwhile is left beside it, under a temporary name.
    ///
    /// - Throws: what write(2), linkat(2) or renameat(2) say; the old file is then still there, and nothing else.
    public consuming func commit(_ bytes: [UInt8]) throws(SystemError) {
        try file.write(bytes, subject: path)
        if let temporaryName {
            try rename(temporaryName)
        } else {
            try linkIntoPlace()
        }
    }

    /// Without a commit nothing is left.
    deinit {
        // After a commit the temporary name is gone already; there is nobody to tell of anything else.
        if let temporaryName { _ = unsafe unlinkat(directory.number, temporaryName, 0) }
    }

    /// A file without a name cannot be left behind by a crash; where the file system has none, one with a temporary name.
    private static func create(in directory: Int32, name: String, path: String, mode: mode_t) throws(SystemError) -> (number: Int32, temporaryName: String?) {
        let unnamed = unsafe openat(directory, ".", O_TMPFILE_ | O_WRONLY | O_CLOEXEC, mode)
        if unnamed >= 0 { return (unnamed, nil) }
        let temporary = temporaryName(for: name)
        let flags = O_CREAT | O_EXCL | O_NOFOLLOW | O_WRONLY | O_CLOEXEC
        return (try check("open", path) { unsafe openat(directory, temporary, flags, mode) }, temporary)
    }

    private borrowing func linkIntoPlace() throws(SystemError) {
        do throws(SystemError) {
            try link(as: name)
        } catch  where error.errno == EEXIST {
            // linkat(2) replaces nothing, renameat(2) does: over a temporary name then.
            let temporary = Self.temporaryName(for: name)
            try link(as: temporary)
            do throws(SystemError) {
                try rename(temporary)
            } catch {
                _ = unsafe unlinkat(directory.number, temporary, 0)
                throw error
            }
        }
    }

    /// Through /proc, since AT_EMPTY_PATH needs CAP_DAC_READ_SEARCH.
    private borrowing func link(as name: String) throws(SystemError) {
        let (file, directory) = (file.number, directory.number)
        try check("linkat", path) { unsafe linkat(AT_FDCWD, "/proc/self/fd/\(file)", directory, name, AT_SYMLINK_FOLLOW) }
    }

    private borrowing func rename(_ temporary: String) throws(SystemError) {
        let (directory, name) = (directory.number, name)
        do throws(SystemError) {
            try check("renameat", path) { unsafe renameat(directory, temporary, directory, name) }
        } catch  where error.errno == EISDIR {
            // Whoever made a directory there meanwhile has it back under the temporary name.
            try check("renameat2", path) { unsafe brig_exchange(directory, temporary, name) }
        }
    }

    private static func refuseOthers(than kind: mode_t, directory: Int32, name: String, path: String) throws(SystemError) {
        var status = stat()
        guard unsafe fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else {
            if errno == ENOENT { return }
            throw SystemError("fstatat", path, errno: errno)
        }
        switch status.st_mode & S_IFMT {
        case kind: return
        case S_IFDIR: throw SystemError("open", path, errno: EISDIR)
        case S_IFLNK: throw SystemError("open", path, errno: ELOOP)
        default: throw SystemError("open", path, errno: EEXIST)
        }
    }

    /// Hidden, and so long at most that the file system takes it wherever it takes `name`.
    private static func temporaryName(for name: String) -> String {
        ".\(String(decoding: name.utf8.prefix(200), as: UTF8.self)).\(String(UInt64.random(in: 0...UInt64.max), radix: 36))"
    }
}

extension FileDescriptor {
    /// Writes all of it, waiting where a descriptor that does not block is full.
    public borrowing func write(_ bytes: [UInt8], subject: String) throws(SystemError) {
        try writeAll(bytes, to: number, subject: subject)
    }
}

/// Writes all of it to a descriptor that somebody else owns, waiting where it does not block and is full.
public func writeAll(_ bytes: [UInt8], to descriptor: Int32, subject: String) throws(SystemError) {
    var written = 0
    while written < bytes.count {
        let count = unsafe bytes.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress.map { unsafe $0 + written }, $0.count - written) }
        if count > 0 {
            written += count
        } else if count < 0, errno == EAGAIN {
            var wait = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            _ = unsafe poll(&wait, 1, -1)
        } else if count == 0 || errno != EINTR {
            throw SystemError("write", subject, errno: count == 0 ? EIO : errno)
        }
    }
}

// GNU extensions that the Glibc module does not show; their values are those of asm-generic/fcntl.h, the same on every architecture here.
private let O_PATH_: Int32 = 0o10000000
/// It contains O_DIRECTORY, whose value the architectures differ in.
private let O_TMPFILE_: Int32 = 0o20000000 | O_DIRECTORY
