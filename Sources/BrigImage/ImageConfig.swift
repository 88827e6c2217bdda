public import BrigJSON

/// The part of an image's configuration (OCI image specification, "Image Configuration") that brig uses.
public struct ImageConfig: Sendable {
    public let architecture: String
    public let os: String
    /// `NAME=VALUE`, as written.
    public let environment: [String]
    /// Empty where none is set.
    public let workingDirectory: String
    public let entrypoint: [String]
    public let command: [String]
    /// `USER`, `USER:GROUP` or ids; empty where none is set.
    public let user: String
    public let labels: [(name: String, value: String)]
    /// Digests of the layers' uncompressed archives, bottom to top.
    public let diffIDs: [Digest]
    public let history: [HistoryEntry]
    /// The whole document.
    public let document: JSONValue

    /// One step of the image's making.
    public struct HistoryEntry: Sendable {
        public let created: String?
        public let createdBy: String?
        public let comment: String?
        /// The step made no layer.
        public let isEmptyLayer: Bool
    }

    /// Reads a configuration.
    ///
    /// - Throws: ``ImageError/Code/malformed`` and ``ImageError/Code/limit``.
    init(_ bytes: [UInt8], limits: UnpackLimits) throws(ImageError) {
        let document = try readDocument(bytes, "the image's configuration", limits: limits)
        let fields = Fields(document, of: "the image's configuration")
        let config = Fields(document["config"] ?? .null, of: "the image's config")
        architecture = try fields.text("architecture")
        os = try fields.text("os")
        environment = try config.texts("Env")
        workingDirectory = try config.text("WorkingDir")
        entrypoint = try config.texts("Entrypoint")
        command = try config.texts("Cmd")
        user = try config.text("User")
        labels = try config.pairs("Labels")
        let rootfs = Fields(document["rootfs"] ?? .null, of: "the image's rootfs")
        var digests: [Digest] = []
        for text in try rootfs.texts("diff_ids") { digests.append(try Digest(reading: text, of: "a diff_id")) }
        guard digests.count <= limits.layers else { throw ImageError(.limit, "the image has \(digests.count) layers, at most \(limits.layers) are read") }
        diffIDs = digests
        history = try fields.list("history").map { entry in
            HistoryEntry(
                created: entry["created"]?.string, createdBy: entry["created_by"]?.string, comment: entry["comment"]?.string,
                isEmptyLayer: entry["empty_layer"]?.bool ?? false)
        }
        self.document = document
    }

    /// The configuration of an image that came without one: nothing set, made of these layers. The same layers give the same bytes.
    static func plain(architecture: String, diffIDs: [Digest]) -> [UInt8] {
        let rootfs: JSONValue = ["type": "layers", "diff_ids": .array(diffIDs.map { .string($0.description) })]
        return (["architecture": .string(architecture), "config": .object([]), "os": "linux", "rootfs": rootfs] as JSONValue).canonical()
    }

    /// The same configuration over other layers: what an export needs, whose archives are made anew.
    func replacing(diffIDs: [Digest]) -> [UInt8] {
        let rootfs: JSONValue = ["type": "layers", "diff_ids": .array(diffIDs.map { .string($0.description) })]
        var members = (document.members ?? []).filter { $0.name != "rootfs" }
        members.append(JSONValue.Member("rootfs", rootfs))
        return JSONValue.object(members).encoded()
    }
}
