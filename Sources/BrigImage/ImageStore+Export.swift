internal import BrigJSON
internal import BrigSystem
internal import CBrigLinux
internal import Glibc

extension ImageStore {
    /// An image that was written elsewhere.
    public struct Exported: Sendable {
        /// The digest of the configuration as it was written: the layers' archives are made anew, so it differs from the image's own.
        public let id: Digest
        /// Bytes of the layers' archives.
        public let bytes: UInt64
    }

    /// Writes an image.
    ///
    /// - Parameter destination: `docker-archive:FILE` or `oci:DIRECTORY`, which must not exist yet, with `:TAG` for the name that it gets there.
    public func export(_ reference: String, to destination: String) throws(ImageError) -> Exported {
        guard let target = try ImageSource(reference: destination), target.form == .dockerArchive || target.form == .oci else {
            throw ImageError(.badReference, "\(quoted(destination)) is no destination", hint: "docker-archive:FILE or oci:DIRECTORY")
        }
        let lock = try lock(.adding)
        defer { _ = lock.number }
        let image = try resolve(reference)
        let staging = Self.randomName()
        try attempt("mkdirat", "\(path)/tmp/\(staging)") { unsafe mkdirat(directory.number, "tmp/\(staging)", 0o700) }
        do throws(ImageError) {
            let packed = try pack(image, staging)
            let id = Digest(of: packed.config)
            let name = target.tag ?? image.names.first
            switch target.form {
            case .oci: try OCILayoutWriter(path: target.path).write(packed, name: name)
            default: try DockerArchiveWriter(path: target.path).write(packed, name: name)
            }
            try remove(staging: staging)
            return Exported(id: id, bytes: packed.layers.reduce(0) { $0 + $1.size })
        } catch {
            try remove(staging: staging)
            throw error
        }
    }

    /// Makes the layers' archives and the configuration that goes with them.
    private func pack(_ image: StoredImage, _ staging: String) throws(ImageError) -> PackedImage {
        var packed = PackedImage(config: [])
        for (index, layer) in image.layers.enumerated() {
            let name = "tmp/\(staging)/layer-\(index)"
            let file = FileDescriptor(owning: try attempt("openat", name) { unsafe openat(directory.number, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600) })
            let files = FileDescriptor(owning: try attempt("open", layer.path) { unsafe Glibc.open(layer.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) })
            let packer = try ConfinedProcess(executable: executable, input: files.number, output: file.number)
            _ = try packer.run(["do": "pack", "readsWhiteouts": true, "limits": limits.json])
            try attempt("lseek", name) { lseek(file.number, 0, SEEK_SET) }
            let stream = HashingStream(FileStream(file.number, subject: name), ceiling: .init(bytes: .max, subject: name))
            try stream.drain()
            packed.layers.append(.init(path: "\(path)/\(name)", digest: stream.finish(), size: stream.count))
        }
        packed.config = image.config.replacing(diffIDs: packed.layers.map(\.digest))
        return packed
    }
}

/// An image in the shape that it travels in: layers as uncompressed archives in files.
struct PackedImage {
    struct Layer {
        var path: String
        var digest: Digest
        var size: UInt64
    }

    var config: [UInt8]
    var layers: [Layer] = []
}

/// Writes what `docker load` and `skopeo copy docker-archive:` read.
struct DockerArchiveWriter {
    let path: String

    func write(_ image: PackedImage, name: String?) throws(ImageError) {
        let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
        let output = FileDescriptor(owning: try attempt("open", quoted(path)) { unsafe open(path, flags, 0o666) })
        do throws(ImageError) {
            var writer = try ArchiveWriter(output.number, subject: quoted(path))
            for layer in image.layers {
                let file = FileDescriptor(owning: try attempt("open", layer.path) { unsafe Glibc.open(layer.path, O_RDONLY | O_CLOEXEC) })
                try writer.begin(.init(path: Array("\(layer.digest.hex).tar".utf8), size: Int64(layer.size)))
                try writer.copy(file.number, size: Int64(layer.size), of: layer.path)
            }
            let id = Digest(of: image.config)
            try writer.add("\(id.hex).json", image.config)
            let manifest: JSONValue = [
                [
                    "Config": .string("\(id.hex).json"), "RepoTags": .array(name.map { [.string($0)] } ?? []),
                    "Layers": .array(image.layers.map { .string("\($0.digest.hex).tar") }),
                ]
            ]
            try writer.add("manifest.json", manifest.encoded())
            try writer.finish()
        } catch {
            _ = unsafe unlink(path)
            throw error
        }
    }
}

/// Writes an OCI image layout.
struct OCILayoutWriter {
    let path: String

    func write(_ image: PackedImage, name: String?) throws(ImageError) {
        for folder in [path, "\(path)/blobs", "\(path)/blobs/sha256"] { try attempt("mkdir", quoted(folder)) { unsafe mkdir(folder, 0o777) } }
        for layer in image.layers { try copy(layer) }
        try blob(image.config)
        let config = descriptor("application/vnd.oci.image.config.v1+json", Digest(of: image.config), UInt64(image.config.count))
        let layers = image.layers.map { JSONValue.object(descriptor("application/vnd.oci.image.layer.v1.tar", $0.digest, $0.size)) }
        let manifest = (["schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json", "config": .object(config), "layers": .array(layers)] as JSONValue).encoded()
        try blob(manifest)
        var entry = descriptor("application/vnd.oci.image.manifest.v1+json", Digest(of: manifest), UInt64(manifest.count))
        if let name { entry.append(.init("annotations", ["org.opencontainers.image.ref.name": .string(name)])) }
        try file("index.json", (["schemaVersion": 2, "manifests": [.object(entry)]] as JSONValue).encoded())
        try file("oci-layout", Array("{\"imageLayoutVersion\":\"1.0.0\"}".utf8))
    }

    private func descriptor(_ mediaType: String, _ digest: Digest, _ size: UInt64) -> [JSONValue.Member] {
        [.init("mediaType", .string(mediaType)), .init("digest", .string(digest.description)), .init("size", .integer(Int64(clamping: size)))]
    }

    private func blob(_ bytes: [UInt8]) throws(ImageError) { try file("blobs/sha256/\(Digest(of: bytes).hex)", bytes) }

    private func create(_ name: String) throws(ImageError) -> FileDescriptor {
        let flags = O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC
        return FileDescriptor(owning: try attempt("open", quoted("\(path)/\(name)")) { unsafe open("\(path)/\(name)", flags, 0o666) })
    }

    private func file(_ name: String, _ bytes: [UInt8]) throws(ImageError) {
        let file = try create(name)
        try translating { () throws(SystemError) in try file.write(bytes, subject: name) }
    }

    private func copy(_ layer: PackedImage.Layer) throws(ImageError) {
        let input = FileDescriptor(owning: try attempt("open", layer.path) { unsafe Glibc.open(layer.path, O_RDONLY | O_CLOEXEC) })
        let output = try create("blobs/sha256/\(layer.digest.hex)")
        let stream = FileStream(input.number, subject: layer.path)
        while true {
            let block = unsafe try stream.next()
            if unsafe block.isEmpty { return }
            let bytes = unsafe Array(block)
            try translating { () throws(SystemError) in try output.write(bytes, subject: quoted(path)) }
        }
    }
}
