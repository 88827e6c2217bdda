internal import BrigJSON
internal import BrigSystem
internal import CBrigPolicies
internal import Glibc

/// The bytes of one policy, read once.
struct PolicySource {
    /// What tells one source from another, however it is named.
    enum Identity: Equatable {
        case builtIn(String)
        case file(device: UInt64, inode: UInt64)
        case text
    }

    /// The built-in name, or the path as given.
    let path: String
    let identity: Identity
    let bytes: [UInt8]

    var isBuiltIn: Bool { if case .builtIn = identity { true } else { false } }

    /// Largest file, in bytes.
    static let maximumSize = 256 << 10

    /// Reads what a reference names: a built-in policy, unless it has a `/` or `.json` in it; otherwise the file of that path.
    init(_ reference: String) throws(PolicyError) {
        path = reference
        if !Self.isPath(reference), let policy = Self.builtIn(reference) {
            identity = .builtIn(reference)
            bytes = policy
            return
        }
        (identity, bytes) = try Self.readFile(reference)
    }

    /// Reads the file of that path, whatever its name.
    init(file path: String) throws(PolicyError) {
        self.path = path
        (identity, bytes) = try Self.readFile(path)
    }

    /// A text that is in no file yet; `path` is what messages call it.
    init(text: [UInt8], path: String) {
        self.path = path
        identity = .text
        bytes = text
    }

    /// A path that this source names: relative to the source itself, not to where brig was started.
    func resolving(_ path: String) -> String {
        guard !path.hasPrefix("/"), case .file = identity, let slash = self.path.lastIndex(of: "/") else { return path }
        return self.path[...slash] + path
    }

    static func isPath(_ reference: String) -> Bool { reference.utf8.contains(UInt8(ascii: "/")) || reference.hasSuffix(".json") }

    static func builtIn(_ name: String) -> [UInt8]? {
        var index = 0
        while let policy = unsafe brig_builtin_policy_at(index) {
            if unsafe strcmp(policy.pointee.name, name) == 0 { return unsafe Array(UnsafeBufferPointer(start: policy.pointee.bytes, count: policy.pointee.length)) }
            index += 1
        }
        return nil
    }

    static var schema: [UInt8] {
        let schema = unsafe brig_policy_schema()
        return unsafe Array(UnsafeBufferPointer(start: schema.bytes, count: schema.length))
    }

    static var builtInNames: [String] {
        var names: [String] = []
        while let policy = unsafe brig_builtin_policy_at(names.count) { names.append(unsafe String(cString: policy.pointee.name)) }
        return names
    }

    private static func failure(_ path: String, _ message: String) -> PolicyError {
        PolicyError([Diagnostic(place: .wholeFile(path), pointer: "", message: message)])
    }

    /// Opens the file once and reads it to its end. A FIFO or device is refused without waiting for it or changing it.
    private static func readFile(_ path: String) throws(PolicyError) -> (Identity, [UInt8]) {
        guard !path.isEmpty, !path.utf8.contains(0) else { throw failure(path, "not the name of a policy or a path") }
        do throws(SystemError) {
            let file = FileDescriptor(owning: try check("open", path) { unsafe open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK) })
            var status = stat()
            try check("fstat", path) { unsafe fstat(file.number, &status) }
            guard status.st_mode & S_IFMT == S_IFREG else { throw SystemError("open", path, errno: status.st_mode & S_IFMT == S_IFDIR ? EISDIR : EINVAL) }
            var bytes = [UInt8](repeating: 0, count: maximumSize + 1)
            var length = 0
            while length < bytes.count {
                let count = try check("read", path) {
                    unsafe bytes.withUnsafeMutableBytes { buffer in
                        let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[length...])
                        return unsafe read(file.number, rest.baseAddress, rest.count)
                    }
                }
                if count == 0 { break }
                length += count
            }
            bytes.removeLast(bytes.count - length)
            return (.file(device: UInt64(status.st_dev), inode: UInt64(status.st_ino)), bytes)
        } catch {
            if error.errno == EINVAL { throw failure(path, "not a regular file") }
            var hint = ""
            if error.errno == ENOENT && !isPath(path) { hint = "; built-in policies are \(builtInNames.joined(separator: ", "))\(Suggestion.text(for: path, among: builtInNames))" }
            throw failure(path, "\(errnoText(error.errno)) (\(errnoName(error.errno)))\(hint)")
        }
    }
}
