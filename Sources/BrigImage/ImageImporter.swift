internal import BrigJSON
internal import BrigSystem
internal import CBrigLinux
internal import Glibc

/// Unpacks the images of a source into a staging directory: `layers/<digits>/fs` with `layers/<digits>/record.json` for every layer that the
/// store lacks (and `implied`, where it depends on those below), and `config-<digits>` for every image. Checks everything that has a digest. What it leaves there is for the store to publish.
struct ImageImporter {
    let staging: Int32
    let limits: UnpackLimits
    let keepsOwners: Bool
    let platform: Platform
    /// Asks the store which layers of these images it has.
    let present: ([[Digest]]) throws(ImageError) -> Set<Digest>
    /// Is told of bytes of the source as they are read.
    let progress: (UInt64) -> Void
    /// Is told how many they will be, where that is known.
    let expected: (UInt64) -> Void

    /// An image whose layers are all in the staging directory or the store.
    struct Image {
        var id: Digest
        var names: [String]
        var manifest: Digest?
        var layers: [Digest]
    }

    /// - Parameters:
    ///   - source: a descriptor of a file, a pipe or a directory.
    func run(_ form: ImageSource.Form, source: Int32, tag: String?) throws(ImageError) -> [Image] {
        var status = stat()
        try attempt("fstat", "the source") { unsafe fstat(source, &status) }
        try attempt("mkdirat", "layers") { unsafe mkdirat(staging, "layers", 0o700) }
        if status.st_mode & S_IFMT == S_IFREG { expected(UInt64(status.st_size)) }
        let blobs: (any BlobSource)?
        if status.st_mode & S_IFMT == S_IFDIR {
            blobs = DirectorySource(source, limits: limits, progress: progress)
        } else if form == .tar {
            blobs = nil
        } else {
            blobs = try ArchiveSource(source, form: form, limits: limits, progress: progress)
        }
        guard let blobs else {
            // It has been looked at from the beginning, or it is a pipe that has not been read.
            if form != .tar { try attempt("lseek", "the source") { lseek(source, 0, SEEK_SET) } }
            return [try importRoot(source)]
        }
        return try importImages(try plans(blobs, form, tag: tag), from: blobs)
    }

    private func plans(_ source: any BlobSource, _ form: ImageSource.Form, tag: String?) throws(ImageError) -> [ImagePlan] {
        if form != .oci, let plans = try ImagePlan.docker(source, tag: tag, limits: limits) { return plans }
        if form != .dockerArchive, let plans = try ImagePlan.oci(source, tag: tag, platform: platform, limits: limits) { return plans }
        let missing = form == .oci ? "index.json" : form == .dockerArchive ? "manifest.json" : "index.json or manifest.json"
        throw ImageError(.malformed, "the source has no \(missing)", hint: "tar:PATH imports the archive of a root file system")
    }

    private func importImages(_ plans: [ImagePlan], from source: any BlobSource) throws(ImageError) -> [Image] {
        var wanted: [String: ImagePlan.Layer] = [:]
        let all = plans.flatMap(\.layers)
        var claimed = try present(plans.map { $0.layers.map(\.diffID) })
        for layer in all where claimed.insert(layer.diffID).inserted { wanted[layer.path] = layer }
        let sizes = wanted.values.compactMap { $0.blob?.size }
        if source is DirectorySource, sizes.count == wanted.count { expected(sizes.reduce(0, &+)) }
        var total: UInt64 = 0
        var missing = wanted
        try source.forEach(Set(wanted.keys)) { (path, stream) throws(ImageError) in
            guard let layer = missing.removeValue(forKey: path) else { return }
            total += try unpackLayer(stream, layer, subject: "layer \(quoted(path))").bytes
            guard total <= limits.imageBytes.bytes else { throw ImageError(.limit, "the layers have more than \(limits.imageBytes) bytes") }
        }
        if let path = missing.keys.min() { throw ImageError(.malformed, "the source lacks the layer \(quoted(path)) that the manifest names") }
        for plan in plans { try writeFile(plan.config, name: "config-\(plan.id.hex)") }
        try sync()
        return plans.map { Image(id: $0.id, names: $0.names, manifest: $0.manifest, layers: $0.layers.map(\.diffID)) }
    }

    /// An archive without anything in it is an image without layers.
    private func importRoot(_ source: Int32) throws(ImageError) -> Image {
        let layer = try unpackLayer(FileStream(source, subject: "the archive", progress: progress), nil, subject: "the archive")
        let layers = layer.summary.entries == 0 ? [] : [layer.diffID]
        if layer.summary.entries == 0 { try TreeRemoval.remove("layers", in: staging) }
        let config = ImageConfig.plain(architecture: platform.architecture, diffIDs: layers)
        let id = Digest(of: config)
        try writeFile(config, name: "config-\(id.hex)")
        try sync()
        return Image(id: id, names: [], manifest: nil, layers: layers)
    }

    /// Unpacks one layer and checks its digests; what does not match is an error, and the caller removes the staging directory.
    private func unpackLayer(_ stream: any ByteStream, _ layer: ImagePlan.Layer?, subject: String) throws(ImageError) -> (diffID: Digest, summary: LayerSummary, bytes: UInt64) {
        let thread = DigestThread()
        defer { thread?.end() }
        let (blob, content) = try streams(stream, layer, subject: subject, thread)
        try attempt("mkdirat", "layers/new") { unsafe mkdirat(staging, "layers/new", 0o700) }
        try attempt("mkdirat", "layers/new/fs") { unsafe mkdirat(staging, "layers/new/fs", 0o755) }
        let root = FileDescriptor(owning: try attempt("openat", "layers/new/fs") { unsafe brig_unpack_open_beneath(staging, "layers/new/fs", O_RDONLY | O_DIRECTORY, 0) })
        var unpacker = LayerUnpacker(into: root.number, keepsOwners: keepsOwners, limits: limits, thread: thread)
        var reader = try ArchiveReader(.tar, content, subject: subject)
        var summary = try unpacker.unpack(&reader)
        // The digest of the tree is taken meanwhile.
        thread?.startSync(root.number)
        // The digests are of everything, also of what comes after the end of the archive.
        try content.drain()
        try blob.drain()
        let (diffID, bytes) = (content.finish(), content.count)
        if let expected = layer?.blob {
            guard blob.count == expected.size else { throw ImageError(.digestMismatch, "\(subject) has \(blob.count) bytes, expected \(expected.size)") }
            let found = blob.finish()
            guard found == expected.digest else { throw ImageError(.digestMismatch, "\(subject) has the digest \(found), expected \(expected.digest)") }
        }
        if let expected = layer?.diffID, diffID != expected {
            throw ImageError(.digestMismatch, "\(subject) is \(diffID) when it is decompressed, the configuration says \(expected)")
        }
        if !unpacker.implied.isEmpty {
            let paths = unpacker.implied.map { $0.map { UInt8(bitPattern: $0) } }.sorted { $0.lexicographicallyPrecedes($1) }
            try writeFile(Array(paths.joined()), name: "layers/new/implied")
        }
        summary.tree = try TreeDigest.compute(root.number, limits: limits, known: unpacker.contents.sorted())
        try writeFile(summary.json.encoded(pretty: true) + [UInt8(ascii: "\n")], name: "layers/new/record.json")
        try attempt("renameat", "layers/\(diffID.hex)") { unsafe renameat(staging, "layers/new", staging, "layers/\(diffID.hex)") }
        return (diffID, summary, bytes)
    }

    /// The layer as it comes and as its archive is. They are the same where it is not compressed, and then hashed once.
    private func streams(_ stream: any ByteStream, _ layer: ImagePlan.Layer?, subject: String, _ thread: DigestThread?) throws(ImageError) -> (blob: HashingStream, content: HashingStream) {
        let ceiling = HashingStream.Ceiling(bytes: min(layer?.blob?.size ?? .max, limits.layerBytes.bytes), subject: subject)
        let peeked = try PeekedStream(stream)
        guard peeked.isCompressed else {
            let content = HashingStream(peeked, ceiling: ceiling, thread: thread)
            return (content, content)
        }
        let blob = HashingStream(peeked, ceiling: ceiling, hashes: layer?.blob != nil)
        let inflated = try InflatedStream(blob, subject: subject)
        let content = HashingStream(inflated, ceiling: .init(bytes: limits.layerBytes.bytes, subject: subject, ratio: (limits.ratio, { blob.count })), thread: thread)
        return (blob, content)
    }

    private func writeFile(_ bytes: [UInt8], name: String) throws(ImageError) {
        // Two images can have one configuration: then it is the same file.
        let flags = O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC
        let file = FileDescriptor(owning: try attempt("openat", name) { unsafe openat(staging, name, flags, 0o600) })
        try translating { () throws(SystemError) in try file.write(bytes, subject: name) }
    }

    private func sync() throws(ImageError) { try attempt("syncfs") { brig_unpack_sync_file_system(staging) } }
}
