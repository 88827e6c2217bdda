internal import BrigJSON
internal import BrigSystem
internal import CBrigLinux
internal import Glibc

extension ImageStore {
    /// Publishes the images and gives them their names.
    ///
    /// - Parameter staging: where their configurations are; nil for images that are in the store.
    func finish(_ images: [ImageImporter.Image], newLayers: [Digest], source: ImageSource, _ naming: Naming, staging: String?) throws(ImageError) -> [Imported] {
        try requireNames(images, of: source, naming)
        var imported: [Imported] = []
        for image in images {
            var names = Self.names(of: image, from: source, naming)
            let isEmpty = staging == nil ? try config(image.id).diffIDs.isEmpty : image.layers.isEmpty
            if names.isEmpty, isEmpty, naming != .nothing {
                names = ["empty:latest"]
                if naming == .source(takes: false) { try requireName(names[0], for: image.id, source) }
            }
            if let staging { try publish(image, source: source, staging: staging) }
            let config = try config(image.id)
            var moved: [(name: String, from: Digest)] = []
            for name in names {
                if let other = try owner(ofName: name), other != image.id { moved.append((name, other)) }
                try write(Array("\(image.id)\n".utf8), as: Self.file(ofName: name))
            }
            imported.append(Imported(image: try self.image(image.id), names: names, moved: moved, newLayers: newLayers.filter(config.diffIDs.contains).count))
        }
        return imported
    }

    /// That the images can have the names that they are to get.
    func requireNames(_ images: [ImageImporter.Image], of source: ImageSource, _ naming: Naming) throws(ImageError) {
        if case .name = naming, images.count != 1 {
            throw ImageError(.badReference, "\(quoted(source.description)) holds \(images.count) images, which cannot have one name", hint: "name one of them with :TAG")
        }
        guard naming == .source(takes: false) else { return }
        for image in images {
            for name in Self.names(of: image, from: source) { try requireName(name, for: image.id, source) }
        }
    }

    /// That a name which a source has chosen means no other image, in any of the forms that people write it in.
    private func requireName(_ name: String, for id: Digest, _ source: ImageSource) throws(ImageError) {
        for form in Self.forms(of: name) {
            guard let other = try owner(ofName: form), other != id else { continue }
            throw ImageError(
                .nameTaken, "\(quoted(source.description)) calls its image \(quoted(name)), and \(quoted(form)) is \(other) here", hint: "--replace lets it take the name, --name gives it another")
        }
    }

    /// Which image a name stands for; nil where there is no such name.
    private func owner(ofName name: String) throws(ImageError) -> Digest? { try exists(Self.file(ofName: name)) ? try id(ofName: name) : nil }

    private static func names(of image: ImageImporter.Image, from source: ImageSource, _ naming: Naming) -> [String] {
        switch naming {
        case .nothing: []
        case .name(let name): [name]
        case .source: names(of: image, from: source)
        }
    }

    private func publish(_ image: ImageImporter.Image, source: ImageSource, staging: String) throws(ImageError) {
        let (config, target) = ("tmp/\(staging)/config-\(image.id.hex)", "images/\(image.id.hex)")
        if try exists(target) { return }
        guard let bytes = try read(config, limit: limits.documentBytes) else { throw ImageError(.confinement, "the process that unpacks left no configuration") }
        // What the confined process says of itself is checked where it can be.
        try requireDigest(image.id, of: bytes, "the configuration")
        for name in try layerNames(ImageConfig(bytes, limits: limits).diffIDs) { _ = try summary(of: name) }
        let record: JSONValue = [
            "imported": .string(Self.now()), "source": .string(source.description), "manifest": image.manifest.map { .string($0.description) } ?? .null,
            "size": .integer(Int64(bytes.count)),
        ]
        let folder = "tmp/\(staging)/image-\(image.id.hex)"
        try attempt("mkdirat", folder) { unsafe mkdirat(directory.number, folder, 0o700) }
        try write(bytes, as: "\(folder)/config.json")
        try write(record.encoded(pretty: true) + [UInt8(ascii: "\n")], as: "\(folder)/import.json")
        if unsafe brig_unpack_rename_new(directory.number, folder, directory.number, target) != 0, errno != EEXIST {
            throw ImageError(SystemError("renameat2", "\(path)/\(target)", errno: errno))
        }
        try syncDirectory("images")
    }

    /// Names that a source gives its image: those in its manifest, else that of its file.
    static func names(of image: ImageImporter.Image, from source: ImageSource) -> [String] {
        let base = fileName(of: source)
        var names: [String] = []
        for name in image.names {
            // "latest" alone says which image of a layout, not what it is.
            let isTag = !name.contains(":") && !name.contains("/") && source.form != .dockerArchive
            let full = isTag ? base.map { "\($0):\(name)" } : name
            // A name that would be none here is the source's affair; the image has its id.
            do throws(ImageError) { names += try full.map { (text) throws(ImageError) in [try ImageReference.normalized(name: text)] } ?? [] } catch {}
        }
        if names.isEmpty, image.names.isEmpty, !image.layers.isEmpty, let base { names = ["\(base):latest"] }
        return names
    }

    /// The name of the source's file without what says how it is packed; nil where no image can be called so.
    private static func fileName(of source: ImageSource) -> String? {
        guard source.path != "-", let last = source.path.split(separator: "/").last else { return nil }
        var name = last.lowercased()
        for suffix in [".gz", ".xz", ".zst", ".tgz", ".txz", ".tar"] where name.hasSuffix(suffix) && name.utf8.count > suffix.utf8.count { name.removeLast(suffix.count) }
        guard !name.contains(":") else { return nil }
        do throws(ImageError) {
            _ = try ImageReference.normalized(name: name)
            return name
        } catch {
            return nil
        }
    }

    /// The time in RFC 3339, UTC, in seconds.
    private static func now() -> String {
        var seconds = time(nil)
        var parts = unsafe tm()
        _ = unsafe gmtime_r(&seconds, &parts)
        var text = [CChar](repeating: 0, count: 32)
        let length = unsafe strftime(&text, text.count, "%Y-%m-%dT%H:%M:%SZ", &parts)
        return String(decoding: text.prefix(length).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

extension ImageImporter.Image {
    /// Reads an `image` message. Only digests and names are taken from it.
    init(message: JSONValue) throws(ImageError) {
        guard let id = message["id"]?.string.flatMap({ Digest($0) }) else { throw ImageError(.confinement, "the process that unpacks named no image") }
        self.init(
            id: id, names: (message["names"]?.array ?? []).compactMap(\.string), manifest: message["manifest"]?.string.flatMap { Digest($0) },
            layers: (message["layers"]?.array ?? []).compactMap { $0.string.flatMap { Digest($0) } })
    }
}
