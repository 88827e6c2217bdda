internal import BrigJSON
internal import BrigSystem

extension ImageStore {
    /// What a check of the store found.
    public struct Verification: Sendable {
        public var images = 0
        public var layers = 0
        /// What is damaged, a sentence each; empty for a sound store.
        public var faults: [String] = []
        /// Interrupted imports: not a fault, a collection removes them.
        public var leftovers = 0
    }

    /// Reads everything in the store again and compares it with its digests: configurations with the image's id, the files of every layer with
    /// the digest of the tree that was taken when it was unpacked.
    ///
    /// - Parameter only: the layers of this image alone.
    public func verify(only reference: ImageReference? = nil, progress: (String) -> Void = { _ in }) throws(ImageError) -> Verification {
        let lock = try lock(.adding)
        defer { _ = lock.number }
        var result = Verification()
        var layers: Set<String> = []
        let only = try reference.map { (reference) throws(ImageError) in try resolve(reference).id }
        for name in try names(in: "images") where only == nil || name == only?.hex {
            result.images += 1
            try note(&result) { () throws(ImageError) in
                guard let id = Digest(hex: name) else { throw ImageError(.digestMismatch, "images has \(quoted(name)), which is no digest") }
                for layer in try layerNames(config(id).diffIDs) {
                    layers.insert(layer)
                    guard try exists("layers/\(layer)") else { throw ImageError(.digestMismatch, "image \(id) lacks its layer \(layer)") }
                }
            }
        }
        try note(&result) { () throws(ImageError) in
            for (id, names) in try allNames() where try !exists("images/\(id.hex)") {
                throw ImageError(.digestMismatch, "the name \(quoted(names[0])) stands for \(id), which is not in the store")
            }
        }
        if only == nil { layers.formUnion(try names(in: "layers")) }
        for layer in layers.sorted() {
            result.layers += 1
            progress("layer \(layer)")
            try note(&result) { () throws(ImageError) in try verify(layer) }
        }
        result.leftovers = try names(in: "tmp").count
        return result
    }

    private func verify(_ layer: String) throws(ImageError) {
        guard try exists("layers/\(layer)") else { return }  // Said with its image already.
        let recorded = try summary(of: layer).tree
        guard try treeDigest(of: "layers/\(layer)/fs") == recorded else { throw ImageError(.digestMismatch, "the files of layer \(layer) have changed since it was unpacked") }
    }

    /// The digest of a tree in the store, taken by a confined process, which may read what an ordinary user may not.
    func treeDigest(of name: String) throws(ImageError) -> Digest? {
        let files = try openDirectory(name)
        let process = try ConfinedProcess(executable: executable, input: files.number, output: -1)
        return try process.run(["do": "digest", "limits": limits.json]).string.flatMap { Digest($0) }
    }

    /// Damage is a result, everything else an error.
    private func note(_ result: inout Verification, _ body: () throws(ImageError) -> Void) throws(ImageError) {
        do throws(ImageError) {
            try body()
        } catch  where [.digestMismatch, .malformed, .limit].contains(error.code) {
            result.faults.append(error.message)
        }
    }
}
