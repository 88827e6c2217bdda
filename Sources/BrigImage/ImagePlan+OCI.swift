internal import BrigJSON

extension ImagePlan {
    /// Media types of layers; the archive itself tells how it is compressed.
    private static let layerTypes = [
        "application/vnd.oci.image.layer.v1.tar", "application/vnd.oci.image.layer.nondistributable.v1.tar", "application/vnd.docker.image.rootfs.diff.tar",
    ]
    private static let indexTypes = ["application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json"]

    /// The images of an OCI layout; nil where the source is none.
    ///
    /// - Parameters:
    ///   - tag: only the image with this `org.opencontainers.image.ref.name`.
    ///   - platform: which image of an index that has several.
    static func oci(_ source: any BlobSource, tag: String?, platform: Platform, limits: UnpackLimits) throws(ImageError) -> [ImagePlan]? {
        guard let bytes = try source.document("index.json") else { return nil }
        guard let layout = try source.document("oci-layout") else { throw ImageError(.malformed, "the layout has an index.json and no oci-layout") }
        let version = try Fields(readDocument(layout, "oci-layout", limits: limits), of: "oci-layout").text("imageLayoutVersion")
        guard version == "1.0.0" else { throw ImageError(.unsupported, "the layout has version \(quoted(version)), expected \"1.0.0\"") }
        var found: [Descriptor] = []
        var known: [String] = []
        for descriptor in try descriptors(bytes, "index.json", limits: limits) {
            if let name = descriptor.name { known.append(name) }
            if tag == nil || descriptor.name == tag { found.append(descriptor) }
        }
        guard !found.isEmpty || tag == nil else { throw ImageError(.notFound, "the layout has no image \(quoted(tag ?? ""))", hint: "it has \(known.joined(separator: ", "))") }
        var plans: [ImagePlan] = []
        for descriptor in try choose(found, platform, of: "index.json") {
            let manifest = try descend(source, descriptor, platform, depth: 0, limits: limits)
            plans.append(try plan(source, manifest, names: descriptor.name.map { [$0] } ?? [], limits: limits))
        }
        return plans
    }

    /// A reference from one document to another blob.
    private struct Descriptor {
        var mediaType: String
        var digest: Digest
        var size: UInt64
        var name: String?
        var platform: Platform?

        init(_ value: JSONValue, of place: String) throws(ImageError) {
            let fields = Fields(value, of: place)
            mediaType = try fields.text("mediaType")
            digest = try Digest(reading: try fields.text("digest"), of: place)
            guard let size = try fields.size("size") else { throw ImageError(.malformed, "\(place) has no size") }
            self.size = size
            name = value["annotations"]?["org.opencontainers.image.ref.name"]?.string
            platform = Platform(value["platform"])
        }

        var path: String { "blobs/sha256/\(digest.hex)" }

        func read(_ source: any BlobSource, _ subject: String) throws(ImageError) -> [UInt8] {
            guard let bytes = try source.document(path) else { throw ImageError(.malformed, "the layout lacks \(subject) \(digest)") }
            guard UInt64(bytes.count) == size else { throw ImageError(.digestMismatch, "\(subject) \(digest) has \(bytes.count) bytes, expected \(size)") }
            try requireDigest(digest, of: bytes, subject)
            return bytes
        }
    }

    private static func descriptors(_ bytes: [UInt8], _ place: String, limits: UnpackLimits) throws(ImageError) -> [Descriptor] {
        let list = try Fields(readDocument(bytes, place, limits: limits), of: place).list("manifests")
        guard list.count <= limits.images else { throw ImageError(.limit, "\(place) has \(list.count) images, at most \(limits.images) are read") }
        var descriptors: [Descriptor] = []
        for value in list { descriptors.append(try Descriptor(value, of: "an image in \(place)")) }
        return descriptors
    }

    /// Those for the platform, and those that do not say what they are for.
    private static func choose(_ descriptors: [Descriptor], _ platform: Platform, of place: String) throws(ImageError) -> [Descriptor] {
        let chosen = descriptors.filter { $0.platform.map(platform.accepts) ?? true }
        guard !chosen.isEmpty || descriptors.isEmpty else {
            let others = descriptors.compactMap { $0.platform?.description }.joined(separator: ", ")
            throw ImageError(.notFound, "\(place) has no image for \(platform)", hint: "it has \(quoted(others)); --platform picks another")
        }
        return chosen
    }

    /// From an index to the one manifest for the platform.
    private static func descend(_ source: any BlobSource, _ descriptor: Descriptor, _ platform: Platform, depth: Int, limits: UnpackLimits) throws(ImageError) -> Descriptor {
        guard indexTypes.contains(descriptor.mediaType) else { return descriptor }
        guard depth < 4 else { throw ImageError(.limit, "the layout has indexes within indexes, more than 4 deep") }
        let inner = try descriptors(try descriptor.read(source, "the index"), "the index", limits: limits)
        guard let first = try choose(inner, platform, of: "the index").first else { throw ImageError(.notFound, "the index \(descriptor.digest) has no image") }
        return try descend(source, first, platform, depth: depth + 1, limits: limits)
    }

    private static func plan(_ source: any BlobSource, _ manifest: Descriptor, names: [String], limits: UnpackLimits) throws(ImageError) -> ImagePlan {
        let fields = Fields(try readDocument(try manifest.read(source, "the manifest"), "the manifest", limits: limits), of: "the manifest")
        let config = try Descriptor(fields.value["config"] ?? .null, of: "the configuration in the manifest").read(source, "the configuration")
        var paths: [(path: String, blob: (digest: Digest, size: UInt64)?)] = []
        for value in try fields.list("layers") {
            let layer = try Descriptor(value, of: "a layer in the manifest")
            guard layerTypes.contains(where: { layer.mediaType.hasPrefix($0) }) else {
                throw ImageError(.unsupported, "layer \(layer.digest) has the media type \(quoted(layer.mediaType))", hint: "brig runs images of file systems, not other artifacts")
            }
            paths.append((layer.path, (layer.digest, layer.size)))
        }
        return try ImagePlan(config: config, paths: paths, names: names, manifest: manifest.digest, limits: limits)
    }
}
