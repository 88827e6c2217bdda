internal import BrigJSON

/// An image of a source: what to unpack, and what to check it against.
struct ImagePlan {
    /// The configuration as it is written: its digest is the image's id.
    var config: [UInt8]
    var layers: [Layer]
    var names: [String]
    /// The digest of the image's manifest, where it has one.
    var manifest: Digest?

    struct Layer {
        /// Where the source has it.
        var path: String
        /// The digest of the uncompressed archive, from the configuration.
        var diffID: Digest
        /// Digest and size of the bytes in the source, where the manifest says them.
        var blob: (digest: Digest, size: UInt64)?
    }

    var id: Digest { Digest(of: config) }

    init(config: [UInt8], paths: [(path: String, blob: (digest: Digest, size: UInt64)?)], names: [String], manifest: Digest?, limits: UnpackLimits) throws(ImageError) {
        let diffIDs = try ImageConfig(config, limits: limits).diffIDs
        guard diffIDs.count == paths.count else { throw ImageError(.malformed, "the manifest has \(paths.count) layers, the configuration \(diffIDs.count) diff_ids") }
        self.config = config
        layers = zip(paths, diffIDs).map { Layer(path: $0.path, diffID: $1, blob: $0.blob) }
        self.names = names
        self.manifest = manifest
    }
}

/// Checks bytes against the digest that names them.
func requireDigest(_ expected: Digest, of bytes: [UInt8], _ subject: String) throws(ImageError) {
    let found = Digest(of: bytes)
    guard found == expected else { throw ImageError(.digestMismatch, "\(subject) has the digest \(found), expected \(expected)") }
}
