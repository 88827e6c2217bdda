internal import BrigSystem
internal import CBrigLinux
internal import Glibc

/// What a walk through a directory finds, one entry at a time.
struct TreeNode {
    /// The directory that holds it.
    let parent: Int32
    let path: EntryPath
    let status: stat
    /// A descriptor for reading, of directories and of the regular files that the walk opens, open for as long as the visit.
    let content: Int32?

    var kind: mode_t { status.st_mode & S_IFMT }

    /// Where a symbolic link points.
    func linkTarget() throws(ImageError) -> [UInt8] {
        var buffer = [CChar](repeating: 0, count: 4096)
        let (name, parent) = (path.name, parent)
        let length = try attempt("readlinkat", path.text) { unsafe readlinkat(parent, name, &buffer, buffer.count) }
        return buffer.prefix(length).map { UInt8(bitPattern: $0) }
    }

    /// The extended attributes in `user.`, sorted by name: names with their NUL.
    func userAttributes() throws(ImageError) -> [(name: [CChar], value: [UInt8])] {
        guard let descriptor = content else { return [] }
        let size = brig_unpack_list_attributes(descriptor, nil, 0)
        if size == 0 || (size < 0 && errno == EOPNOTSUPP) { return [] }
        guard size > 0 else { throw ImageError(SystemError("flistxattr", path.text, errno: errno)) }
        var names = [CChar](repeating: 0, count: size)
        let length = try attempt("flistxattr", path.text) { unsafe brig_unpack_list_attributes(descriptor, &names, size) }
        var attributes: [(name: [CChar], value: [UInt8])] = []
        for name in names.prefix(length).split(separator: 0) where name.map({ UInt8(bitPattern: $0) }).starts(with: "user.".utf8) {
            let cName = Array(name) + [0]
            var value = [UInt8](repeating: 0, count: 65536)
            let count = try attempt("fgetxattr", path.text) { unsafe brig_unpack_get_attribute(descriptor, cName, &value, value.count) }
            attributes.append((cName, Array(value.prefix(count))))
        }
        return attributes.sorted { $0.name.lexicographicallyPrecedes($1.name) }
    }
}

/// Walks through a directory: every directory before its content, names in the order of their bytes, no link followed.
struct TreeWalk {
    let limits: UnpackLimits
    /// Which regular files are opened for the visit.
    var opens: (stat) -> Bool = { _ in true }

    func visit(_ root: Int32, _ body: (TreeNode) throws(ImageError) -> Void) throws(ImageError) {
        let descriptor = FileDescriptor(owning: try attempt("openat") { unsafe openat(root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) })
        var status = stat()
        try attempt("fstat") { unsafe fstat(root, &status) }
        try withExtendedLifetime(descriptor) { (directory) throws(ImageError) in
            try visit(TreeNode(parent: root, path: .root, status: status, content: directory.number), body)
        }
    }

    private func visit(_ node: TreeNode, _ body: (TreeNode) throws(ImageError) -> Void) throws(ImageError) {
        try body(node)
        guard node.kind == S_IFDIR, let directory = node.content else { return }
        guard node.path.depth < limits.depth else { throw ImageError(.limit, "\(node.path.text) is more than \(limits.depth) directories deep") }
        for name in try DirectoryNames(directory, of: node.path) {
            let path = node.path.child(name)
            let cName = path.name
            var status = stat()
            try attempt("fstatat", path.text) { unsafe fstatat(directory, cName, &status, AT_SYMLINK_NOFOLLOW) }
            let kind = status.st_mode & S_IFMT
            guard kind == S_IFDIR || kind == S_IFREG && opens(status) else {
                try body(TreeNode(parent: directory, path: path, status: status, content: nil))
                continue
            }
            let flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | (kind == S_IFDIR ? O_DIRECTORY : 0)
            let content = FileDescriptor(owning: try attempt("openat", path.text) { unsafe openat(directory, cName, flags) })
            try withExtendedLifetime(content) { (content) throws(ImageError) in
                try visit(TreeNode(parent: directory, path: path, status: status, content: content.number), body)
            }
        }
    }
}

/// The names in a directory, in the order of their bytes, in one piece of memory however many they are.
struct DirectoryNames: Sequence {
    private var bytes: [CChar] = []
    private var starts: [UInt32] = []

    init(_ directory: Int32, of path: EntryPath) throws(ImageError) {
        let copy = try attempt("openat", path.text) { unsafe openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
        guard let stream = unsafe fdopendir(copy) else {
            close(copy)
            throw ImageError(SystemError("fdopendir", path.text, errno: errno))
        }
        defer { unsafe closedir(stream) }
        while true {
            errno = 0
            guard let entry = unsafe readdir(stream) else {
                if errno != 0 { throw ImageError(SystemError("readdir", path.text, errno: errno)) }
                break
            }
            let name = unsafe UnsafeRawPointer(entry).advanced(by: MemoryLayout<dirent>.offset(of: \dirent.d_name) ?? 0).assumingMemoryBound(to: CChar.self)
            let length = unsafe strlen(name)
            if length <= 2, unsafe name[0] == 46, unsafe length == 1 || name[1] == 46 { continue }
            starts.append(UInt32(bytes.count))
            unsafe bytes.append(contentsOf: UnsafeBufferPointer(start: name, count: length + 1))
        }
        unsafe bytes.withUnsafeBufferPointer { bytes in
            guard let base = bytes.baseAddress else { return }
            starts.sort { unsafe strcmp(base + Int($0), base + Int($1)) < 0 }
        }
    }

    func makeIterator() -> AnyIterator<ArraySlice<CChar>> {
        var index = 0
        return AnyIterator {
            guard index < starts.count else { return nil }
            defer { index += 1 }
            let start = Int(starts[index])
            return bytes[start..<(bytes[start...].firstIndex(of: 0) ?? start)]
        }
    }
}
