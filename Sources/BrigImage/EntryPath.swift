/// The path of an archive's entry, checked: relative, without `..`, without empty or over-long components. Bytes, in whatever encoding.
struct EntryPath: Equatable {
    /// Components joined with single slashes and ended by a NUL, ready for a system call; empty (a NUL alone) for the root of the archive.
    let path: [CChar]
    /// Where the last component begins.
    let nameStart: Int
    /// Number of components; 0 is the root of the archive.
    let depth: Int

    private static let slash = UInt8(ascii: "/")
    private static let dot = UInt8(ascii: ".")

    /// Reads a path of an archive.
    ///
    /// - Parameter what: what has the path, for messages.
    /// - Throws: ``ImageError/Code/unsafePath`` for an absolute path, `..` or an empty path, ``ImageError/Code/limit`` for one too long or deep.
    init(_ bytes: [UInt8], of what: StaticString = "entry", limits: UnpackLimits) throws(ImageError) {
        guard !bytes.isEmpty else { throw ImageError(.unsafePath, "\(what) with an empty path") }
        guard bytes[0] != Self.slash else { throw ImageError(.unsafePath, "\(what) \(quoted(bytes)) has an absolute path") }
        guard bytes.count <= limits.pathLength else {
            throw ImageError(.limit, "\(what) \(quoted(bytes)) has a path of \(bytes.count) bytes, at most \(limits.pathLength) are read")
        }
        var path: [CChar] = []
        path.reserveCapacity(bytes.count + 1)
        var nameStart = 0
        var depth = 0
        for component in bytes.split(separator: Self.slash) where component != [Self.dot] {
            guard component != [Self.dot, Self.dot] else { throw ImageError(.unsafePath, "\(what) \(quoted(bytes)) has \"..\" in its path") }
            guard component.count <= 255 else { throw ImageError(.limit, "\(what) \(quoted(bytes)) has a component of \(component.count) bytes, at most 255 are read") }
            if depth > 0 { path.append(CChar(bitPattern: Self.slash)) }
            nameStart = path.count
            for byte in component { path.append(CChar(bitPattern: byte)) }
            depth += 1
        }
        guard depth <= limits.depth else { throw ImageError(.limit, "\(what) \(quoted(bytes)) is \(depth) directories deep, at most \(limits.depth) are read") }
        path.append(0)
        self.init(path: path, nameStart: nameStart, depth: depth)
    }

    private init(path: [CChar], nameStart: Int, depth: Int) {
        self.path = path
        self.nameStart = nameStart
        self.depth = depth
    }

    var isRoot: Bool { depth == 0 }

    /// The last component with its NUL.
    var name: [CChar] { Array(path[nameStart...]) }

    /// The bytes of the last component.
    var nameBytes: [UInt8] { path[nameStart..<path.count - 1].map { UInt8(bitPattern: $0) } }

    /// The path of the directory that holds it, with its NUL; empty for entries at the root.
    var parent: [CChar] { nameStart == 0 ? [0] : path[..<(nameStart - 1)] + [0] }

    /// The entry beside this one with another name. The name must be one component.
    func sibling(_ name: [UInt8]) -> EntryPath {
        EntryPath(path: path[..<nameStart] + name.map { CChar(bitPattern: $0) } + [0], nameStart: nameStart, depth: depth)
    }

    /// The entry with this name below this one.
    func child(_ name: ArraySlice<CChar>) -> EntryPath {
        let prefix = isRoot ? [] : path.dropLast() + [CChar(bitPattern: Self.slash)]
        return EntryPath(path: prefix + name + [0], nameStart: prefix.count, depth: depth + 1)
    }

    /// The directory that holds it.
    init(parentOf path: EntryPath) {
        let parent = path.parent
        let nameStart = parent.lastIndex(of: CChar(bitPattern: Self.slash)).map { $0 + 1 } ?? 0
        self.init(path: parent, nameStart: nameStart, depth: path.depth - 1)
    }

    static let root = EntryPath(path: [0], nameStart: 0, depth: 0)

    /// The path without its NUL.
    var bytes: [UInt8] { path.dropLast().map { UInt8(bitPattern: $0) } }

    /// The path as text for messages.
    var text: String { quoted(isRoot ? [Self.dot] : bytes) }
}
