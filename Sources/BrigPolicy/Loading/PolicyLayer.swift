internal import BrigJSON

/// One file of a chain of bases, parsed.
struct PolicyLayer {
    let source: PolicySource
    let document: JSONDocument

    /// Reads and parses what a reference names. JSON faults are reported by line and column.
    init(_ source: PolicySource) throws(PolicyError) {
        self.source = source
        do throws(JSONError) {
            document = try JSONDocument(source.bytes, bounds: .init(size: PolicySource.maximumSize, depth: 16))
        } catch {
            let place = Diagnostic.Place.file(source.path, line: error.position.line, column: error.position.column)
            throw PolicyError([Diagnostic(place: place, pointer: error.pointer, message: error.message)])
        }
        guard case .object = document.value else { throw failure("", "expected an object, found \(PolicyDecoder.show(document.value))") }
    }

    /// A fault of this file itself.
    func failure(_ pointer: String, _ message: String) -> PolicyError {
        let position = document.places().value(pointer) ?? .start
        return PolicyError([Diagnostic(place: .file(source.path, line: position.line, column: position.column), pointer: pointer, message: message)])
    }
}

/// A policy and its bases, from the file that was asked for to the one without a base.
struct PolicyChain {
    let layers: [PolicyLayer]
    /// `syscalls.profile` of the first layer that has one.
    let profile: ProfileLayer?

    /// Longest chain, counting the policy itself.
    static let maximumDepth = 8

    init(_ source: PolicySource) throws(PolicyError) {
        var layers = [try PolicyLayer(source)]
        while let layer = layers.last, let base = layer.document.value["base"] {
            guard case .string(let name) = base, !name.isEmpty, !name.utf8.contains(0) else {
                throw layer.failure("/base", "expected the name or path of a policy, found \(PolicyDecoder.show(base))")
            }
            guard layers.count < Self.maximumDepth else { throw layer.failure("/base", "more than \(Self.maximumDepth) policies build on each other") }
            let next: PolicyLayer
            do throws(PolicyError) {
                next = try PolicyLayer(try PolicySource(Self.resolve(name, from: layer.source)))
            } catch {
                // A base that cannot be read is the fault of the line that names it.
                guard let first = error.diagnostics.first, case .wholeFile(let path) = first.place else { throw error }
                throw layer.failure("/base", "\(path): \(first.message)")
            }
            if layers.contains(where: { $0.source.identity == next.source.identity }) { throw layer.failure("/base", "\"\(name)\" builds on this policy itself") }
            // Where faults are collected, those of a base would be placed in the file on top of it.
            let version = next.document.value["version"]
            guard version == 1 else { throw next.failure(version == nil ? "" : "/version", PolicyDecoder.versionMessage(version)) }
            layers.append(next)
        }
        self.layers = layers
        profile = try layers.first { $0.document.value["syscalls"]?["profile"] != nil }.map { layer throws(PolicyError) in try ProfileLayer(in: layer) }
    }

    /// A built-in name, or a path.
    private static func resolve(_ base: String, from source: PolicySource) -> String { PolicySource.isPath(base) ? source.resolving(base) : base }

    /// The fields of all layers. A field of a later layer replaces that of its base: objects merge member by member, lists and plain values are
    /// replaced as a whole. `base` is gone: it has done its work; names and descriptions are not inherited.
    var merged: JSONValue {
        var result = JSONValue.object([])
        for layer in layers.reversed() { result = result.merged(with: layer.document.value) }
        // What a base is called is not what is built on it.
        let own = layers[0].document.value
        // A profile is one thing: half of one and half of another would be nobody's.
        if let profile { result = result.replacing("/syscalls/profile", with: profile.value) }
        guard case .object(let members) = result else { return result }
        return .object(members.filter { $0.name != "base" && ($0.name != "name" && $0.name != "description" || own[$0.name] != nil) })
    }
}
