internal import BrigJSON

/// Fields that change nothing, and findings that the policy accepts.
extension PolicyLint {
    mutating func fields() {
        let document = resolved.document
        let policy = resolved.policy
        func has(_ pointer: String) -> Bool { document.value(at: pointer) != nil }
        if !policy.rootfs.isScratch {
            for name in ["scratchSize", "scratchInodes"] where has("/rootfs/\(name)") { find(.ineffective, "/rootfs/\(name)", nil, "\(name) bounds a scratch layer, and the root has none") }
        }
        if has("/limits/swap"), policy.limits.memory == nil { find(.ineffective, "/limits/swap", nil, "swap is counted on top of a memory ceiling, and there is none") }
        if has("/limits/oomGroup"), policy.limits.memory == nil { find(.ineffective, "/limits/oomGroup", nil, "there is no memory ceiling to reach") }
        if policy.capabilities.isAmbient, policy.capabilities.retained == 0 { find(.ineffective, "/capabilities/ambient", nil, "no capability is retained") }
        if document.value(at: "/namespaces/acceptRisk") == true, policy.network != .host { find(.ineffective, "/namespaces/acceptRisk", nil, "the network is not the host's") }
        if has("/syscalls/default"), policy.systemCalls.defaultAction == .log { find(.hole, "/syscalls/default", nil, "calls that nothing names run and are logged") }
        for (index, name) in (document.value(at: "/syscalls/allow")?.array ?? []).enumerated() { elsewhere(name, "/syscalls/allow/\(index)") }
        for (index, rule) in (document.value(at: "/syscalls/rules")?.array ?? []).enumerated() {
            for (position, name) in (rule["names"]?.array ?? []).enumerated() { elsewhere(name, "/syscalls/rules/\(index)/names/\(position)") }
        }
    }

    /// A name that no machine has on which brig runs.
    private mutating func elsewhere(_ name: JSONValue, _ pointer: String) {
        guard let name = name.string, !name.hasPrefix("@"), SystemCallCatalog.entry(name) == nil else { return }
        find(.ineffective, pointer, nil, "\(name) is a call of machines that brig does not run on")
    }

    /// Without what `syscalls.accept` accepts, and with what it accepts in vain.
    func accepted() -> [Finding] {
        var lint = self
        var used: Set<String> = []
        var names: [String: [String]] = [:]
        for (index, entry) in (resolved.document.value(at: "/syscalls/accept")?.array ?? []).enumerated() {
            for (position, name) in (entry["names"]?.array ?? []).enumerated() {
                guard let name = name.string else { continue }
                let calls = SystemCallGroups.named(name)?.members.map(\.name) ?? [name]
                for call in calls { names[call, default: []].append("/syscalls/accept/\(index)/names/\(position)") }
            }
        }
        lint.findings = findings.filter { finding in
            guard finding.kind == .hole || finding.kind == .undone, let call = finding.call, let pointers = names[call] else { return true }
            used.formUnion(pointers)
            return false
        }
        // One of a base may be there for what this policy no longer allows.
        let isOwn = resolved.files.layers[0].document.value["syscalls"]?["accept"] != nil
        for pointer in Set(names.values.joined()).subtracting(used).sorted() where isOwn {
            let name = resolved.document.value(at: pointer)?.string ?? ""
            lint.find(.ineffective, pointer, nil, "there is nothing about \(name) to accept")
        }
        let order = Finding.Kind.allCases
        return lint.findings.enumerated().sorted { (order.firstIndex(of: $0.element.kind) ?? 0, $0.offset) < (order.firstIndex(of: $1.element.kind) ?? 0, $1.offset) }.map(\.element)
    }
}
