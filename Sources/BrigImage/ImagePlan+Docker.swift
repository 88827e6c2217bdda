internal import BrigJSON

extension ImagePlan {
    /// The images of a docker-archive; nil where the source is none.
    ///
    /// - Parameter tag: only the image with this name (`name:tag`), or the only one with this tag.
    static func docker(_ source: any BlobSource, tag: String?, limits: UnpackLimits) throws(ImageError) -> [ImagePlan]? {
        guard let bytes = try source.document("manifest.json") else { return nil }
        guard let list = try readDocument(bytes, "manifest.json", limits: limits).array else { throw ImageError(.malformed, "manifest.json is no list") }
        guard list.count <= limits.images else { throw ImageError(.limit, "manifest.json has \(list.count) images, at most \(limits.images) are read") }
        let repositories = try repositories(source, limits: limits)
        var plans: [ImagePlan] = []
        var known: [String] = []
        for item in list {
            let fields = Fields(item, of: "an image in manifest.json")
            let paths = try fields.texts("Layers")
            var names = try fields.texts("RepoTags")
            if names.isEmpty, let top = paths.last { names = repositories.filter { top.hasPrefix("\($0.layer)/") }.map(\.name) }
            known += names
            guard tag == nil || names.contains(where: { $0 == tag || $0.hasSuffix(":\(tag ?? "")") }) else { continue }
            let path = try fields.text("Config")
            guard !path.isEmpty, let config = try source.document(path) else {
                throw ImageError(.malformed, "the archive lacks the configuration \(quoted(path)) that manifest.json names")
            }
            // A configuration is named after its digest, with or without the algorithm and a suffix.
            let name = (path.split(separator: "/").last ?? "").prefix { $0 != "." }
            if let named = Digest(name) ?? Digest(hex: name) { try requireDigest(named, of: config, "the configuration \(quoted(path))") }
            plans.append(try ImagePlan(config: config, paths: paths.map { ($0, nil) }, names: names, manifest: nil, limits: limits))
        }
        guard !plans.isEmpty || tag == nil else { throw ImageError(.notFound, "the archive has no image \(quoted(tag ?? ""))", hint: "it has \(known.joined(separator: ", "))") }
        return plans
    }

    /// Names by the directory of their top layer, as docker wrote them before manifest.json.
    private static func repositories(_ source: any BlobSource, limits: UnpackLimits) throws(ImageError) -> [(name: String, layer: String)] {
        guard let bytes = try source.document("repositories") else { return [] }
        var names: [(name: String, layer: String)] = []
        for repository in try readDocument(bytes, "repositories", limits: limits).members ?? [] {
            for (tag, layer) in try Fields(.object([repository]), of: "repositories").pairs(repository.name) { names.append(("\(repository.name):\(tag)", layer)) }
        }
        return names
    }
}
