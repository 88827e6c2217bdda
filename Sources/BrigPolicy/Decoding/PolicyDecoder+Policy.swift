internal import BrigJSON

extension PolicyDecoder {
    /// The whole policy. Meaningless where `faults` is not empty afterwards.
    mutating func policy(_ document: JSONValue, origin: Policy.Origin, lists: SystemCallLists) -> Policy {
        let root = section(document, Pointer(""), known: PolicyFields.root)
        // For editors; nothing is fetched.
        _ = text(root, "$schema")
        let policy = Policy(
            name: text(root, "name", length: 1...128), description: text(root, "description"), rootfs: rootfs(root["rootfs"]), mounts: mounts(root),
            process: process(root["process"]), network: network(root["namespaces"]), systemCalls: systemCalls(root["syscalls"], lists: lists, capabilities: root["capabilities"]),
            capabilities: capabilities(root["capabilities"]), appArmor: appArmor(root["apparmor"]), limits: limits(root["limits"]),
            onViolation: choice(root, "onViolation", default: Policy.ViolationResponse.deny), origin: origin)
        // What nobody is told of, nobody can end the job for.
        if policy.onViolation == .kill, policy.systemCalls.record == .none {
            fail("/onViolation", "\"kill\" ends the job after a denied call is recorded, and syscalls.record is \"none\": give single calls the action \"kill\" instead")
        }
        return policy
    }

    /// Each file of a chain says which version of the format it is written in.
    mutating func version(of document: JSONValue) {
        let version = document["version"]
        if version != 1 { fail(version == nil ? "" : "/version", Self.versionMessage(version)) }
    }

    static func versionMessage(_ version: JSONValue?) -> String {
        guard let version else { return "missing field \"version\": 1" }
        return "expected 1, the version of the format that this brig knows, found \(show(version))"
    }
}
