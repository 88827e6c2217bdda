internal import BrigJSON
internal import BrigSystem
internal import CBrigLinux
internal import Glibc

extension ImageStore {
    /// The image that a reference names. A source (`tar:`, `docker-archive:`, `oci:`, `dir:`) that is not in the store yet is imported first.
    ///
    /// - Throws: ``ImageError/Code/notFound``; ``ImageError/Code/digestMismatch`` for a damaged configuration; what importing throws.
    public func resolve(_ reference: ImageReference) throws(ImageError) -> StoredImage {
        switch reference {
        case .id(let id): return try image(id)
        case .idPrefix(let digits): return try image(id(ofPrefix: digits))
        case .name(let name): return try image(id(ofName: try fullName(name)))
        case .source(let source):
            let ids = try importedIDs(of: source)
            guard let id = ids.first, ids.count == 1 else {
                throw ImageError(.badReference, "\(quoted(source.description)) holds \(ids.count) images", hint: "name one with \(source.form.rawValue):PATH:TAG")
            }
            return try image(id)
        }
    }

    /// Same as resolving the written form.
    public func resolve(_ reference: String) throws(ImageError) -> StoredImage { try resolve(ImageReference(reference)) }

    /// All images, by their first name, then by id.
    public func images() throws(ImageError) -> [StoredImage] {
        var images: [StoredImage] = []
        for file in try names(in: "images") {
            guard let id = Digest(hex: file) else { continue }
            images.append(try image(id))
        }
        return images.sorted { ($0.names.first ?? "~", $0.id) < ($1.names.first ?? "~", $1.id) }
    }

    /// When and from what an image was imported, as `import.json` has it.
    public func importRecord(of id: Digest) throws(ImageError) -> [UInt8] {
        try read("images/\(id.hex)/import.json", limit: limits.documentBytes) ?? Array("{}".utf8)
    }

    /// What engines write before an image's name, and people leave out.
    private static let registries = ["docker.io/library/", "docker.io/", "localhost/"]

    /// A name as it is in the store.
    func fullName(_ name: String) throws(ImageError) -> String {
        for name in [name] + Self.registries.map({ $0 + name }) where try exists(Self.file(ofName: name)) { return name }
        return name
    }

    /// A name in all forms that can mean the same image, itself first.
    static func forms(of name: String) -> [String] {
        let short = registries.first { name.hasPrefix($0) }.map { String(name.dropFirst($0.count)) } ?? name
        return [name] + ([short] + registries.map { $0 + short }).filter { $0 != name }
    }

    func id(ofPrefix digits: String) throws(ImageError) -> Digest {
        let found = try names(in: "images").filter { $0.hasPrefix(digits) }.compactMap { Digest(hex: $0) }
        guard let id = found.first, found.count == 1 else {
            throw ImageError(.notFound, "\(found.isEmpty ? "no image's id begins" : "the ids of \(found.count) images begin") with sha256:\(digits) in \(path)", hint: "brig image ls lists them")
        }
        return id
    }

    func id(ofName name: String) throws(ImageError) -> Digest {
        guard let bytes = try read(Self.file(ofName: name), limit: 128) else {
            throw ImageError(.notFound, "there is no image \(quoted(name)) in \(path)", hint: "brig image ls lists them, brig image import SOURCE adds one")
        }
        let text = String(decoding: bytes, as: UTF8.self)
        guard text.hasSuffix("\n"), let id = Digest(text.dropLast()) else { throw ImageError(.digestMismatch, "the name \(quoted(name)) in \(path) is damaged") }
        return id
    }

    func image(_ id: Digest) throws(ImageError) -> StoredImage {
        let config = try config(id)
        var layers: [StoredLayer] = []
        for (diffID, name) in zip(config.diffIDs, try layerNames(config.diffIDs)) {
            layers.append(StoredLayer(diffID: diffID, path: "\(path)/layers/\(name)/fs", summary: try summary(of: name)))
        }
        return StoredImage(id: id, names: try allNames()[id] ?? [], layers: layers, config: config)
    }

    func config(_ id: Digest) throws(ImageError) -> ImageConfig {
        guard let bytes = try read("images/\(id.hex)/config.json", limit: limits.documentBytes) else {
            throw ImageError(.notFound, "there is no image \(id) in \(path)", hint: "brig image ls lists them")
        }
        try requireDigest(id, of: bytes, "the configuration of the stored image")
        return try ImageConfig(bytes, limits: limits)
    }

    /// - Parameter layer: the layer's name in the store.
    func summary(of layer: String) throws(ImageError) -> LayerSummary {
        guard let bytes = try read("layers/\(layer)/record.json", limit: limits.documentBytes) else { throw ImageError(.digestMismatch, "the store lacks the layer \(layer)") }
        guard let summary = LayerSummary(try readDocument(bytes, "the record of layer \(layer)", limits: limits)) else {
            throw ImageError(.digestMismatch, "the record of layer \(layer) is damaged")
        }
        return summary
    }

    /// Names by the image that they stand for.
    func allNames() throws(ImageError) -> [Digest: [String]] {
        var names: [Digest: [String]] = [:]
        for file in try self.names(in: "names") {
            let name = Self.name(ofFile: file)
            names[try id(ofName: name), default: []].append(name)
        }
        return names.mapValues { $0.sorted() }
    }

    /// Keeps the image's layers from being removed for as long as the result lives, in this process or one that inherited it.
    public func pin(_ image: StoredImage) throws(ImageError) -> ImagePin {
        var descriptors: [Int32] = []
        for layer in image.layers {
            let descriptor = unsafe Glibc.open(layer.path + "/..", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
            guard descriptor >= 0, flock(descriptor, LOCK_SH | LOCK_NB) == 0 else {
                let reason = errno
                for open in descriptors + (descriptor < 0 ? [] : [descriptor]) { close(open) }
                throw ImageError(.inUse, "layer \(layer.diffID) is being removed: \(errnoName(reason))")
            }
            descriptors.append(descriptor)
        }
        return ImagePin(descriptors: descriptors)
    }
}

/// Layers that stay while this lives.
public struct ImagePin: ~Copyable, Sendable {
    private let descriptors: [Int32]

    init(descriptors: [Int32]) { self.descriptors = descriptors }

    deinit { for descriptor in descriptors { close(descriptor) } }
}
