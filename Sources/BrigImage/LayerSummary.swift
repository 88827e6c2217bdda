public import BrigJSON

/// What was unpacked of a layer, and what was not.
public struct LayerSummary: Sendable, Equatable {
    /// Entries of the archive.
    public var entries: UInt64 = 0
    /// Bytes of regular files, holes included.
    public var bytes: UInt64 = 0
    public var whiteouts: UInt64 = 0
    public var opaqueDirectories: UInt64 = 0
    /// Device nodes, FIFOs and sockets: never made. A job has a /dev of its own.
    public var droppedSpecialFiles: UInt64 = 0
    /// Set-uid and set-gid bits of files: cleared. In a job they would mean nothing, on the host too much.
    public var droppedModeBits: UInt64 = 0
    /// Extended attributes outside `user.`, those of overlayfs, and access control lists: not set.
    public var droppedAttributes: UInt64 = 0
    /// Owners could not be kept, since the store belongs to an ordinary user: everything is that user's.
    public var ownersDropped = false
    /// The digest of the unpacked tree (``TreeDigest``).
    public var tree: Digest?

    public init() {}
}

extension LayerSummary {
    static let numbers: [(name: String, path: any WritableKeyPath<LayerSummary, UInt64> & Sendable)] = [
        ("entries", \.entries), ("bytes", \.bytes), ("whiteouts", \.whiteouts), ("opaqueDirectories", \.opaqueDirectories),
        ("droppedSpecialFiles", \.droppedSpecialFiles), ("droppedModeBits", \.droppedModeBits), ("droppedAttributes", \.droppedAttributes),
    ]

    public var json: JSONValue {
        .object(
            Self.numbers.map { JSONValue.Member($0.name, .integer(Int64(clamping: self[keyPath: $0.path]))) } + [
                JSONValue.Member("ownersDropped", .bool(ownersDropped)), JSONValue.Member("tree", tree.map { .string($0.description) } ?? .null),
            ])
    }

    /// Reads what ``json`` wrote; nil where something is missing.
    init?(_ value: JSONValue) {
        for (name, path) in Self.numbers {
            guard let number = value[name]?.integer, number >= 0 else { return nil }
            self[keyPath: path] = UInt64(number)
        }
        guard let dropped = value["ownersDropped"]?.bool, let tree = value["tree"]?.string.flatMap({ Digest($0) }) else { return nil }
        ownersDropped = dropped
        self.tree = tree
    }
}
