import BrigPlan
import BrigPolicy
import Testing

/// What the launcher refuses beside the policy is said where the policy is explained.
@Suite struct GuardedCallsTests {
    @Test func `guarded calls are explained so`() throws {
        let text = #"""
            {"version": 1, "capabilities": {"retain": ["CAP_SETFCAP"]}, "mounts": [{"type": "bind", "source": "/srv", "target": "/data", "readOnly": false}],
             "syscalls": {"record": "none", "default": "log"}}
            """#
        let resolved = try PolicyLoader.resolve(text: Array(text.utf8), path: "p.json")
        var options = SeccompOptions(forbidInitLimits: true, forbidSetIDBits: true)
        options.forbidFileAttributes = true
        let nothing = SystemCallPolicy(defaultAction: .allow, rules: [], baseline: resolved.policy.systemCalls.baseline, record: .none)
        let verdicts = try SeccompVerdicts(nothing, options)
        var guarded: Set<UInt32> = []
        verdicts.forEachCondition { number, _, _ in guarded.insert(number) }
        let architecture = SeccompABI.native.auditArchitecture
        for call in SystemCallCatalog.entries {
            guard let number = call.number else { continue }
            if verdicts.verdict(architecture: architecture, number: number, arguments: .init(repeating: 0)) != .allow { guarded.insert(number) }
            let lines = try PolicyExplainer.call(call.name, resolved).dropFirst()
            #expect(lines.contains { $0.contains("answered E") && !$0.contains("brig itself") } == guarded.contains(number), "\(call.name): \(lines)")
        }
        #expect(guarded.count > 20)
    }
}
