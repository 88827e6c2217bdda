internal import CBrigLinux
internal import Glibc

/// How far a path may lead (openat2(2), RESOLVE_*).
public struct PathResolution: OptionSet, Sendable {
    public let rawValue: UInt64
    public init(rawValue: UInt64) { self.rawValue = rawValue }

    /// Not onto another mount.
    public static let noCrossing = PathResolution(rawValue: 0x01)
    /// Not through the links of /proc that lead to open files.
    public static let noMagicLinks = PathResolution(rawValue: 0x02)
    /// Not through any symbolic link.
    public static let noSymbolicLinks = PathResolution(rawValue: 0x04)
    /// Not out of the directory: a path that would is an error.
    public static let beneath = PathResolution(rawValue: 0x08)
    /// As if the directory were the root.
    public static let inRoot = PathResolution(rawValue: 0x10)
}

/// What a file is, as fstat(2) tells.
public struct FileStatus: Sendable, Equatable {
    public enum Kind: Sendable { case regular, directory, symbolicLink, socket, other }
    public let kind: Kind
    public let mode: UInt32
    public let owner: UInt32
    public let group: UInt32
    public let size: Int64
    /// Names that the file has.
    public let links: UInt64
    public let device: UInt64
    public let inode: UInt64
    /// The device that the file is, for a device file.
    public let representedDevice: UInt64

    init(_ status: stat) {
        kind =
            switch status.st_mode & S_IFMT {
            case S_IFREG: .regular
            case S_IFDIR: .directory
            case S_IFLNK: .symbolicLink
            case S_IFSOCK: .socket
            default: .other
            }
        mode = UInt32(status.st_mode)
        owner = status.st_uid
        group = status.st_gid
        size = Int64(status.st_size)
        links = UInt64(status.st_nlink)
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
        representedDevice = UInt64(status.st_rdev)
    }
}

extension FileDescriptor {
    /// The directory that relative paths start from (AT_FDCWD).
    public static let workingDirectory: Int32 = AT_FDCWD

    /// Opens a path; always closed on exec.
    public static func open(_ path: String, _ flags: OpenFlags, mode: UInt32 = 0, in directory: Int32 = workingDirectory, resolve: PathResolution = []) throws(SystemError) -> FileDescriptor {
        let number = try check("openat2", path) {
            unsafe brig_openat2(directory, path, UInt64(flags.rawValue | OpenFlags.closeOnExec.rawValue), UInt64(mode), resolve.rawValue)
        }
        return FileDescriptor(owning: number)
    }

    public borrowing func status() throws(SystemError) -> FileStatus {
        var status = stat()
        let number = self.number
        try check("fstat") { unsafe fstat(number, &status) }
        return FileStatus(status)
    }

    /// All bytes from the start of the file, at most `limit`; more is an EFBIG.
    public borrowing func readAll(limit: Int, subject: String) throws(SystemError) -> [UInt8] {
        let number = self.number
        var bytes: [UInt8] = []
        // Most files here are a line of /proc or of a cgroup: one read that is not full is all of them.
        var capacity = min(limit + 1, 4096)
        while true {
            let start = off_t(bytes.count)
            var failure: SystemError?
            let part = unsafe [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
                do throws(SystemError) {
                    count = try check("read", subject) { unsafe Glibc.pread(number, buffer.baseAddress.unsafelyUnwrapped, capacity, start) }
                } catch {
                    failure = error
                }
            }
            if let failure { throw failure }
            if bytes.isEmpty { bytes = part } else { bytes += part }
            if bytes.count > limit { throw SystemError("read", subject, errno: EFBIG) }
            if part.isEmpty { return bytes }
            capacity = min(limit + 1 - bytes.count, 64 * 1024)
        }
    }
}

/// Flags of open(2).
public struct OpenFlags: OptionSet, Sendable {
    public let rawValue: Int32
    public init(rawValue: Int32) { self.rawValue = rawValue }

    public static let read = OpenFlags(rawValue: O_RDONLY)
    public static let write = OpenFlags(rawValue: O_WRONLY)
    public static let readWrite = OpenFlags(rawValue: O_RDWR)
    public static let create = OpenFlags(rawValue: O_CREAT)
    public static let exclusive = OpenFlags(rawValue: O_EXCL)
    public static let truncate = OpenFlags(rawValue: O_TRUNC)
    public static let directory = OpenFlags(rawValue: O_DIRECTORY)
    public static let noFollow = OpenFlags(rawValue: O_NOFOLLOW)
    public static let nonBlocking = OpenFlags(rawValue: O_NONBLOCK)
    /// O_PATH (asm-generic/fcntl.h): a place in the tree, not its content.
    public static let path = OpenFlags(rawValue: 0o10000000)
    static let closeOnExec = OpenFlags(rawValue: O_CLOEXEC)
}

/// The content of a small file, such as those of /proc and of cgroups.
public func readText(_ path: String, in directory: Int32 = FileDescriptor.workingDirectory, limit: Int = 1 << 20) throws(SystemError) -> String {
    let file = try FileDescriptor.open(path, .read, in: directory)
    return String(decoding: try file.readAll(limit: limit, subject: path), as: UTF8.self)
}

/// Writes a text to an existing file in one write(2), as the files of /proc and of cgroups want it.
public func writeText(_ text: String, to path: String, in directory: Int32 = FileDescriptor.workingDirectory) throws(SystemError) {
    let file = try FileDescriptor.open(path, .write, in: directory)
    var text = text
    let number = file.number
    try check("write", path) { text.withUTF8 { unsafe Glibc.write(number, $0.baseAddress.unsafelyUnwrapped, $0.count) } }
}

/// Names in a directory, without `.` and `..`, in no order.
public func directoryEntries(_ directory: borrowing FileDescriptor, subject: String) throws(SystemError) -> [String] {
    // fdopendir(3) takes its descriptor over, and reads on where another reader of the same open file has stopped.
    let copy = try FileDescriptor.open(".", [.read, .directory], in: directory.number)
    let number = copy.release()
    guard let stream = unsafe fdopendir(number) else {
        let error = SystemError("fdopendir", subject, errno: currentErrno())
        _ = Glibc.close(number)
        throw error
    }
    defer { unsafe _ = closedir(stream) }
    var names: [String] = []
    while true {
        Glibc.errno = 0
        guard let entry = unsafe readdir(stream) else {
            if Glibc.errno != 0 { throw SystemError("readdir", subject, errno: Glibc.errno) }
            return names
        }
        let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { unsafe String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        if name != ".", name != ".." { names.append(name) }
    }
}

/// The text of a symbolic link.
public func readLink(_ path: String, in directory: Int32 = FileDescriptor.workingDirectory) throws(SystemError) -> String {
    var buffer = [UInt8](repeating: 0, count: 4096)
    let count = try check("readlinkat", path) {
        unsafe buffer.withUnsafeMutableBytes { unsafe readlinkat(directory, path, $0.baseAddress.unsafelyUnwrapped.assumingMemoryBound(to: CChar.self), $0.count) }
    }
    return String(decoding: buffer.prefix(count), as: UTF8.self)
}

/// Status of a path, of the link itself where it is one.
public func linkStatus(_ path: String, in directory: Int32 = FileDescriptor.workingDirectory) throws(SystemError) -> FileStatus {
    var status = stat()
    try check("fstatat", path) { unsafe fstatat(directory, path, &status, AT_SYMLINK_NOFOLLOW) }
    return FileStatus(status)
}

/// Makes a directory; one that exists is left as it is. True where it was made.
@discardableResult
public func makeDirectory(_ path: String, mode: UInt32, in directory: Int32 = FileDescriptor.workingDirectory) throws(SystemError) -> Bool {
    if unsafe mkdirat(directory, path, mode_t(mode)) == 0 { return true }
    if Glibc.errno == EEXIST { return false }
    throw SystemError("mkdir", path, errno: Glibc.errno)
}

/// Removes an empty directory; one that is not there is no error.
public func removeDirectory(_ path: String, in directory: Int32 = FileDescriptor.workingDirectory) throws(SystemError) {
    if unsafe unlinkat(directory, path, AT_REMOVEDIR) == 0 || Glibc.errno == ENOENT { return }
    throw SystemError("rmdir", path, errno: Glibc.errno)
}

/// Space and inodes in use in the file system that a descriptor is in.
public func fileSystemUse(_ descriptor: borrowing FileDescriptor) throws(SystemError) -> (bytes: UInt64, inodes: UInt64) {
    var bytes: UInt64 = 0
    var inodes: UInt64 = 0
    let number = descriptor.number
    try check("fstatfs") { unsafe brig_file_system_use(number, &bytes, &inodes) }
    return (bytes, inodes)
}
