public import BrigJSON

/// `brig policy import`: a policy around a seccomp profile, which stays whole in it, entries for other capabilities and machines too.
public enum ProfileImport {
    /// The policy.
    ///
    /// - Parameters:
    ///   - path: the profile's file
    ///   - base: a policy for everything but system calls, of which the profile alone decides; nil for none
    /// - Throws: every fault of the profile, with its line and column, and everything in it that brig cannot keep.
    public static func policy(_ path: String, base: String?) throws(PolicyError) -> JSONValue {
        let capabilities = try base.map { name throws(PolicyError) in try PolicyLoader.load(name).capabilities.retained } ?? 0
        let layer = try PolicyLayer(PolicySource(file: path))
        var decoder = PolicyDecoder()
        let profile = decoder.profile(layer.document.value, at: "")
        if decoder.faults.isEmpty { _ = decoder.rules(of: profile, in: .here(capabilities: capabilities), at: "") }
        guard decoder.faults.isEmpty else {
            let places = layer.document.places()
            throw PolicyError(decoder.faults.map { places.diagnostic($0, path) }, omittedCount: decoder.omittedCount)
        }
        var calls: [JSONValue.Member] = [.init("profile", profile.json)]
        // What a base says of system calls would be merged with the profile.
        if base != nil { calls += [.init("default", defaultAction(profile)), .init("allow", []), .init("deny", []), .init("rules", []), .init("accept", [])] }
        let name = String(path.split(separator: "/").last?.prefix(100) ?? "profile")
        let head: [JSONValue.Member] = [.init("version", 1), .init("name", .string(name)), .init("description", .string("The seccomp profile \(path)."))]
        return .object(head + (base.map { [.init("base", .string($0))] } ?? []) + [.init("syscalls", .object(calls))])
    }

    private static func defaultAction(_ profile: OCIProfile) -> JSONValue { .string(PolicyExplainer.word(profile.defaultAction)) }
}
