public import BrigJSON
internal import BrigSystem

/// From a reference to a policy that holds: read once, merge bases, apply flags, validate.
public enum PolicyLoader {
    /// A policy together with the document that it was made of.
    public struct Resolved: Sendable {
        public let policy: Policy
        /// Bases merged and flags applied; fields that nobody wrote are absent.
        public let document: JSONValue
        /// The policy itself and its bases, from the first to the last: built-in names and paths.
        public let chain: [String]
        /// What was read, for the places of what is said about it.
        let files: PolicyChain
    }

    /// Names that `load` takes without a file.
    public static var builtInNames: [String] { PolicySource.builtInNames }

    /// The bytes of a built-in policy as they are in the executable; nil for another name.
    public static func builtInText(_ name: String) -> [UInt8]? { PolicySource.builtIn(name) }

    /// The JSON Schema of policies (draft 2020-12), as `brig policy schema` prints it.
    public static var schemaText: [UInt8] { PolicySource.schema }

    /// Loads a policy.
    ///
    /// - Parameters:
    ///   - reference: a built-in name, or the path of a file. Built-in names win over files only where there is no `/` and no `.json` in it.
    ///   - overrides: fields that command line flags replace, in the order given. A fault in one of them names the flag.
    /// - Throws: every fault that was found. Faults of JSON itself, and of a base that cannot be read, hide those behind them.
    public static func load(_ reference: String, overrides: [PolicyOverride] = []) throws(PolicyError) -> Policy {
        try resolve(reference, overrides: overrides).policy
    }

    /// Loads a policy and keeps the document that it was made of, for explanations.
    public static func resolve(_ reference: String, overrides: [PolicyOverride] = []) throws(PolicyError) -> Resolved {
        try resolve(PolicyChain(PolicySource(reference)), overrides)
    }

    /// Resolves a policy that is in no file yet, as if it stood in one called `path`.
    public static func resolve(text: [UInt8], path: String, overrides: [PolicyOverride] = []) throws(PolicyError) -> Resolved {
        try resolve(PolicyChain(PolicySource(text: text, path: path)), overrides)
    }

    private static func resolve(_ chain: PolicyChain, _ overrides: [PolicyOverride]) throws(PolicyError) -> Resolved {
        var document = chain.merged
        // A flag that adds a variable adds to the environment there would be without it.
        if document["process"]?["environment"] == nil, overrides.contains(where: { $0.pointer.hasPrefix("/process/environment/") }) {
            document = document.replacing("/process/environment", with: ["PATH": .string(PolicyDecoder.standardPath)])
        }
        var changes: [(pointer: String, flag: String)] = []
        for override in overrides {
            let change = override.applied(to: document)
            document = change.document
            changes.append((change.pointer, override.flag))
        }

        let source = chain.layers[0].source
        let origin = Policy.Origin(
            path: source.path, isBuiltIn: source.isBuiltIn, sha256: SHA256.hex(of: source.bytes), resolvedSHA256: SHA256.hex(of: document.canonical()),
            overrides: overrides.map { Policy.Origin.Override(pointer: $0.pointer, flag: $0.flag) }, process: Policy.ProcessSources(chain, overrides))
        var decoder = PolicyDecoder()
        decoder.version(of: chain.layers[0].document.value)
        let policy = decoder.policy(document, origin: origin, lists: chain.systemCallLists)
        guard decoder.faults.isEmpty else {
            throw PolicyError(FaultPlacer(chain: chain, changes: changes).diagnostics(decoder.faults), omittedCount: decoder.omittedCount)
        }
        return Resolved(policy: policy, document: document, chain: chain.layers.map(\.source.path), files: chain)
    }
}

extension PolicyChain {
    /// Which layer each list of `syscalls` is from.
    var systemCallLists: SystemCallLists {
        func layer(_ name: String) -> Int? { layers.firstIndex { $0.document.value["syscalls"]?[name] != nil } }
        return SystemCallLists(allow: layer("allow"), deny: layer("deny"), rules: layer("rules"))
    }
}

/// Finds where faulty values were written.
struct FaultPlacer {
    let chain: PolicyChain
    /// Pointers of values that flags put there.
    let changes: [(pointer: String, flag: String)]

    func diagnostics(_ faults: [PolicyDecoder.Fault]) -> [Diagnostic] {
        let places = chain.layers.map { $0.document.places() }
        let profile = chain.profile?.file.map { ($0, $0.document.places()) }
        return faults.map { fault in
            // The last flag for a field is the one that counts.
            if let change = changes.last(where: { fault.pointer == $0.pointer || fault.pointer.hasPrefix($0.pointer + "/") }) {
                return Diagnostic(place: .flag(change.flag), pointer: fault.pointer, message: fault.message)
            }
            if let (layer, places) = profile, let pointer = fault.pointer.removing(prefix: PolicyDecoder.profilePointer), pointer.isEmpty || pointer.hasPrefix("/") {
                return places.diagnostic(PolicyDecoder.Fault(pointer: pointer, message: fault.message, isAboutName: fault.isAboutName), layer.source.path)
            }
            return Diagnostic(place: place(of: fault, places), pointer: fault.pointer, message: fault.message)
        }
    }

    private func place(of fault: PolicyDecoder.Fault, _ places: [JSONPlaces]) -> Diagnostic.Place {
        // A missing field is placed at the object that lacks it.
        var pointer = fault.pointer
        while true {
            for (layer, places) in zip(chain.layers, places) {
                guard let position = fault.isAboutName ? places.name(pointer) ?? places.value(pointer) : places.value(pointer) else { continue }
                return .file(layer.source.path, line: position.line, column: position.column)
            }
            guard let slash = pointer.lastIndex(of: "/") else { return .wholeFile(chain.layers[0].source.path) }
            pointer = String(pointer[..<slash])
        }
    }
}

extension JSONPlaces {
    /// A fault of the file that these are the places of. A missing field is placed at the object that lacks it.
    func diagnostic(_ fault: PolicyDecoder.Fault, _ path: String) -> Diagnostic {
        var position: JSONPosition?
        var pointer = fault.pointer
        while position == nil {
            position = fault.isAboutName ? name(pointer) ?? value(pointer) : value(pointer)
            guard let slash = pointer.lastIndex(of: "/") else { break }
            pointer = String(pointer[..<slash])
        }
        let place = position ?? .start
        return Diagnostic(place: .file(path, line: place.line, column: place.column), pointer: fault.pointer, message: fault.message)
    }
}
