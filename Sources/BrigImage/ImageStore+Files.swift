internal import BrigSystem
internal import CBrigLinux
internal import Glibc

extension ImageStore {
    /// A file of the store; nil where there is none.
    func read(_ name: String, limit: Int) throws(ImageError) -> [UInt8]? {
        let descriptor = unsafe openat(directory.number, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
        if descriptor < 0, errno == ENOENT { return nil }
        let file = FileDescriptor(owning: try attempt("openat", "\(path)/\(name)") { descriptor })
        return try readAll(FileStream(file.number, subject: name), limit: limit, subject: "\(path)/\(name)")
    }

    /// Puts a file in its place at once, or not at all; on disk when this returns.
    func write(_ bytes: [UInt8], as name: String) throws(ImageError) {
        let slash = name.lastIndex(of: "/")
        let folder = slash.map { String(name[..<$0]) } ?? "."
        let temporary = "\(folder)/.\(slash.map { String(name[name.index(after: $0)...].prefix(80)) } ?? name).\(Self.randomName())"
        do throws(ImageError) {
            let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
            let file = FileDescriptor(owning: try attempt("openat", "\(path)/\(name)") { unsafe openat(directory.number, temporary, flags, 0o600) })
            try translating { () throws(SystemError) in try file.write(bytes, subject: name) }
            try attempt("fsync", "\(path)/\(name)") { fsync(file.number) }
            try attempt("renameat", "\(path)/\(name)") { unsafe renameat(directory.number, temporary, directory.number, name) }
        } catch {
            _ = unsafe unlinkat(directory.number, temporary, 0)
            throw error
        }
        try syncDirectory(folder)
    }

    /// Makes renames in a directory of the store last.
    func syncDirectory(_ name: String) throws(ImageError) {
        let folder = try openDirectory(name)
        try attempt("fsync", "\(path)/\(name)") { fsync(folder.number) }
    }

    func openDirectory(_ name: String) throws(ImageError) -> FileDescriptor {
        FileDescriptor(owning: try attempt("openat", "\(path)/\(name)") { unsafe openat(directory.number, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) })
    }

    func exists(_ name: String) throws(ImageError) -> Bool {
        if unsafe faccessat(directory.number, name, F_OK, 0) == 0 { return true }
        guard errno == ENOENT else { throw ImageError(SystemError("faccessat", "\(path)/\(name)", errno: errno)) }
        return false
    }

    /// Names in a directory of the store that were published; those that begin with a dot are on their way.
    func names(in folder: String) throws(ImageError) -> [String] {
        let open = try openDirectory(folder)
        return try DirectoryNames(open.number, of: .root).map { String(decoding: $0.map { UInt8(bitPattern: $0) }, as: UTF8.self) }.filter { !$0.hasPrefix(".") }
    }

    /// What a lock is for.
    enum Lock {
        /// Importing: nothing that is not in use yet may be removed. Any number at once.
        case adding
        /// Removing, alone.
        case removing
    }

    /// Takes the store's lock, which goes with the descriptor (and with its process, however that ends).
    func lock(_ purpose: Lock) throws(ImageError) -> FileDescriptor {
        let file = FileDescriptor(owning: try attempt("openat", "\(path)/lock") { unsafe openat(directory.number, "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o600) })
        let operation = purpose == .adding ? LOCK_SH : LOCK_EX | LOCK_NB
        while flock(file.number, operation) != 0 {
            if errno == EINTR { continue }
            if errno == EWOULDBLOCK { throw ImageError(.inUse, "the store \(quoted(path)) is being imported to", hint: "try again when that has ended") }
            throw ImageError(SystemError("flock", "\(path)/lock", errno: errno))
        }
        return file
    }

    static func randomName() -> String { String(UInt64.random(in: 0...UInt64.max), radix: 36) }

    /// The file that a name is kept in: a slash cannot be part of it.
    static func file(ofName name: String) -> String { "names/" + name.replacing("/", with: "%") }

    /// The name that a file in `names` stands for.
    static func name(ofFile file: String) -> String { file.replacing("%", with: "/") }
}
