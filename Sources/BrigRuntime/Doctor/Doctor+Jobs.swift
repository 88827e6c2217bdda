extension Doctor {
    /// Either way counts exactly.
    var audits: HostCheck {
        guard let obstacle = facts.tracingObstacle else { return .pass("audits", "counted in the kernel, by eBPF") }
        return .pass("audits", "counted by notification: \(obstacle)")
    }

    /// What the checks before are good for: whether jobs run.
    var policies: [HostCheck] {
        let isAnyRun = facts.policies.contains { $0.obstacle == nil }
        return facts.policies.map { trial in
            let check = "policy-\(trial.name)"
            if let obstacle = trial.obstacle {
                return HostCheck(check, isAnyRun ? .caution : .fail, "/bin/true does not run under it: \(obstacle)", fix: "see what is not PASS above")
            }
            if trial.missing.isEmpty { return .pass(check, "/bin/true ran under it") }
            return HostCheck(check, .caution, "/bin/true ran under it, without what it does not require: \(trial.missing.joined(separator: ", "))", fix: "see what is not PASS above")
        }
    }
}
