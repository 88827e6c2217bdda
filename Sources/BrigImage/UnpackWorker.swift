internal import BrigJSON
internal import BrigSystem
internal import CBrigLinux
internal import Glibc

/// The process that reads what others made: archives, manifests, trees of layers. It is this same program, started anew in namespaces of its
/// own; it confines itself, does one thing and ends. Descriptor 3 is the conversation, 4 what is read, 5 what is written (a directory, or a
/// stream for archives).
public enum UnpackWorker {
    /// The arguments after the program's name that a command must hand to ``run()``.
    public static let arguments = ["image", "unpack-worker"]

    private static let conversation: Int32 = 3
    private static let input: Int32 = 4
    private static let output: Int32 = 5

    /// Does what the process at the other end of descriptor 3 asks for. Returns an exit status.
    public static func run() -> Int32 {
        let messages = Messages(socket: conversation)
        do throws(ImageError) {
            guard let request = try messages.receive() else { return 1 }
            let limits = UnpackLimits(request["limits"] ?? .null)
            switch request["do"]?.string {
            case "import": try importImages(request, limits, messages)
            case "digest": try digest(limits, messages)
            case "pack": try pack(request, limits, messages)
            default: throw ImageError(.confinement, "unknown request")
            }
            return 0
        } catch {
            // Nobody is there to be told if this fails: the status says it then.
            do throws(ImageError) { try messages.send(["error": error.json]) } catch {}
            return 1
        }
    }

    private static func importImages(_ request: JSONValue, _ limits: UnpackLimits, _ messages: Messages) throws(ImageError) {
        var status = stat()
        let isDirectory = unsafe fstat(input, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
        var staging = output
        try Confinement.enter(writable: &staging, readable: isDirectory ? input : -1, limits: limits)
        let progress = Progress(messages)
        let importer = ImageImporter(
            staging: staging, limits: limits, keepsOwners: request["keepsOwners"]?.bool ?? false,
            platform: request["platform"]?.string.flatMap { Platform($0) } ?? .host,
            present: { (images) throws(ImageError) in
                try messages.send(["layers": .array(images.map { .array($0.map { .string($0.description) }) })])
                let reply = try messages.receive()?["present"]?.array ?? []
                return Set(reply.compactMap { $0.string.flatMap { Digest($0) } })
            }, progress: progress.add, expected: progress.expect)
        let form = request["form"]?.string.flatMap { ImageSource.Form(rawValue: $0) } ?? .any
        for image in try importer.run(form, source: input, tag: request["tag"]?.string) {
            try messages.send([
                "image": [
                    "id": .string(image.id.description), "names": .array(image.names.map { .string($0) }),
                    "manifest": image.manifest.map { .string($0.description) } ?? .null, "layers": .array(image.layers.map { .string($0.description) }),
                ]
            ])
        }
        progress.flush()
        try messages.send(["done": true])
    }

    private static func digest(_ limits: UnpackLimits, _ messages: Messages) throws(ImageError) {
        var none: Int32 = -1
        try Confinement.enter(writable: &none, readable: input, limits: limits)
        try messages.send(["done": .string(try TreeDigest.compute(input, limits: limits).description)])
    }

    private static func pack(_ request: JSONValue, _ limits: UnpackLimits, _ messages: Messages) throws(ImageError) {
        var none: Int32 = -1
        try Confinement.enter(writable: &none, readable: input, limits: limits)
        try LayerPacker(limits: limits, readsWhiteouts: request["readsWhiteouts"]?.bool ?? false).pack(input, to: output, subject: "the layer")
        try messages.send(["done": true])
    }

    /// Tells of bytes that were read, some MiB at a time.
    private final class Progress {
        private let messages: Messages
        private var pending: UInt64 = 0

        init(_ messages: Messages) { self.messages = messages }

        func add(_ count: UInt64) {
            pending += count
            if pending >= 8 << 20 { flush() }
        }

        func expect(_ total: UInt64) { tell("total", total) }

        func flush() {
            tell("progress", pending)
            pending = 0
        }

        private func tell(_ what: String, _ bytes: UInt64) {
            // It is for show: what matters fails by itself when the store has gone.
            do throws(ImageError) { try messages.send([what: .integer(Int64(clamping: bytes))]) } catch {}
        }
    }
}

extension UnpackLimits {
    private static let counts: [(name: String, path: any WritableKeyPath<UnpackLimits, Int> & Sendable)] = [
        ("ratio", \.ratio), ("entries", \.entries), ("depth", \.depth), ("pathLength", \.pathLength), ("documentBytes", \.documentBytes), ("documentDepth", \.documentDepth),
        ("layers", \.layers), ("images", \.images), ("attributeBytes", \.attributeBytes), ("seconds", \.seconds),
    ]

    var json: JSONValue {
        .object(
            Self.counts.map { JSONValue.Member($0.name, .integer(Int64(self[keyPath: $0.path]))) } + [
                JSONValue.Member("layerBytes", .integer(Int64(clamping: layerBytes.bytes))), JSONValue.Member("imageBytes", .integer(Int64(clamping: imageBytes.bytes))),
            ])
    }

    /// Reads what ``json`` wrote; what is missing has its default.
    init(_ value: JSONValue) {
        self.init()
        for (name, path) in Self.counts { if let number = value[name]?.integer { self[keyPath: path] = Int(clamping: number) } }
        if let bytes = value["layerBytes"]?.integer { layerBytes = .init(UInt64(clamping: bytes)) }
        if let bytes = value["imageBytes"]?.integer { imageBytes = .init(UInt64(clamping: bytes)) }
    }
}
