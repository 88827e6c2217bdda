internal import BrigJSON
internal import BrigSystem
internal import CBrigLinux
internal import Glibc

/// Images on disk: configurations and unpacked layers by their digests, names that point to them.
///
///     version             1
///     lock                held shared while importing, exclusively while removing
///     images/DIGITS/      config.json (its digest is the image's id) and import.json (when, from what)
///     layers/DIGITS/      fs, the layer's files, and record.json (LayerSummary); see ImageStore+Layers
///     names/NAME          the id that a name stands for
///     sources/DIGITS      what a file was imported as, by its identity and times
///     tmp/RANDOM/         an import that goes on, or one that was interrupted
///
/// Everything appears by one rename after it was synced, so a crash at any moment leaves at most something in `tmp`. The store is its account's
/// alone (mode 0700): no job can write to it, and no other user can reach a file of an image.
public struct ImageStore: ~Copyable, Sendable {
    /// The absolute path.
    public let path: String
    let directory: FileDescriptor
    /// Whose program the confined processes run: a path, this program by default.
    public var executable = "/proc/self/exe"
    public var limits = UnpackLimits()

    /// Opens a store, and makes it where there is none.
    ///
    /// - Parameter path: an absolute path, or one relative to the working directory; nil for ``defaultPath``.
    /// - Throws: ``ImageError/Code/system``; ``ImageError/Code/unsupported`` for a directory that is no store of this version.
    public static func open(path: String? = nil) throws(ImageError) -> ImageStore {
        let place: String
        if let path { place = path } else { place = try defaultPath() }
        let store = try ImageStore(path: place)
        if try store.read("version", limit: 16) == nil { try store.prepare() }
        let version = String(decoding: try store.read("version", limit: 16) ?? [], as: UTF8.self)
        guard version == "1\n" else { throw ImageError(.unsupported, "\(quoted(place)) is a store of version \(quoted(version)), expected 1") }
        return store
    }

    /// `BRIG_STORE`, else `/var/lib/brig` for root, else `$XDG_DATA_HOME/brig` or `~/.local/share/brig`.
    public static func defaultPath() throws(ImageError) -> String {
        if let path = environment("BRIG_STORE") { return path }
        if geteuid() == 0 { return "/var/lib/brig" }
        if let data = environment("XDG_DATA_HOME"), data.hasPrefix("/") { return "\(data)/brig" }
        guard let home = environment("HOME"), home.hasPrefix("/") else {
            throw ImageError(.badReference, "there is no place for the image store: neither BRIG_STORE nor XDG_DATA_HOME nor HOME is set", hint: "--store DIRECTORY")
        }
        return "\(home)/.local/share/brig"
    }

    /// Where the account's store is, without links; nil where it has none.
    public static func existingPath() -> String? {
        let path: String
        do throws(ImageError) { path = try defaultPath() } catch { return nil }  // an account without a place for one
        guard let real = unsafe realpath(path, nil) else { return nil }
        defer { unsafe free(real) }
        return unsafe String(cString: real)
    }

    private static func environment(_ name: String) -> String? {
        guard let value = unsafe getenv(name) else { return nil }
        let text = unsafe String(cString: value)
        return text.isEmpty ? nil : text
    }

    private init(path: String) throws(ImageError) {
        try Self.makeDirectories(path)
        let directory = FileDescriptor(owning: try attempt("open", path) { unsafe Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) })
        var status = stat()
        try attempt("fstat", path) { unsafe fstat(directory.number, &status) }
        // Who can write here decides what jobs run.
        guard status.st_uid == geteuid(), status.st_mode & 0o022 == 0 else {
            throw ImageError(.system, "the store \(quoted(path)) belongs to user \(status.st_uid) or others may write to it", hint: "a store is its account's alone: chmod 700")
        }
        guard let real = unsafe realpath(path, nil) else { throw ImageError(SystemError("realpath", path, errno: errno)) }
        self.path = unsafe String(cString: real)
        unsafe free(real)
        self.directory = directory
    }

    /// Makes the directories of a new store, and its version last.
    private borrowing func prepare() throws(ImageError) {
        let names = try DirectoryNames(directory.number, of: .root).map { String(decoding: $0.map { UInt8(bitPattern: $0) }, as: UTF8.self) }
        // Somebody else has made it a store since the version was looked for.
        if names.contains("version") { return }
        let known = ["images", "layers", "names", "sources", "tmp", "lock", "lost+found"]
        if let other = names.first(where: { !known.contains($0) && !$0.hasPrefix(".version") }) {
            throw ImageError(.unsupported, "\(quoted(path)) is no image store: it has \(quoted(other))", hint: "an empty directory becomes one")
        }
        try attempt("fchmod", path) { fchmod(directory.number, 0o700) }
        for name in ["images", "layers", "names", "sources", "tmp"] where unsafe mkdirat(directory.number, name, 0o700) != 0 && errno != EEXIST {
            throw ImageError(SystemError("mkdirat", "\(path)/\(name)", errno: errno))
        }
        try write(Array("1\n".utf8), as: "version")
    }

    private static func makeDirectories(_ path: String) throws(ImageError) {
        guard !path.isEmpty, !path.utf8.contains(0) else { throw ImageError(.badReference, "\(quoted(path)) is no path of a store") }
        var prefix = path.hasPrefix("/") ? "" : "."
        for component in path.split(separator: "/") {
            prefix += "/\(component)"
            if unsafe mkdir(prefix, prefix.utf8.count >= path.utf8.count ? 0o700 : 0o755) != 0, errno != EEXIST, errno != EROFS, errno != EACCES {
                throw ImageError(SystemError("mkdir", prefix, errno: errno))
            }
        }
    }
}
