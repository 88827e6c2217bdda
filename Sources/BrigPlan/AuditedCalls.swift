internal import BrigPolicy
internal import CBrigLinux
internal import Glibc

extension SystemCallPolicy {
    /// The policy of an audit: every call runs, but for a short list to which the policy's own verdicts go on applying. Of that list are
    ///
    /// - the groups of calls that change what the job is confined by, or the machine: `@mount`, `@module`, `@keyring`, `@admin`;
    /// - what hides calls from being counted: `@io-uring`, and `clone3`, whose flags lie in memory;
    /// - `setns`, and new namespaces by `clone` and `unshare`, which would give the job capabilities over them;
    /// - `bpf`, `perf_event_open` and `userfaultfd`, which reach far into the kernel;
    /// - `ioctl` with TIOCSTI and TIOCLINUX, which put input into the caller's terminal.
    ///
    /// Where the policy says `kill` for one of them, it is refused with EPERM. Numbers that this version does not know are answered ENOSYS, and no call of
    /// a foreign ABI is run.
    ///
    /// - Parameter verdicts: those of this policy
    func audited(_ verdicts: SeccompVerdicts) -> SystemCallPolicy {
        let refused = Self.alwaysRefused
        var audited: [Rule] = []
        for entry in SystemCallCatalog.entries {
            if let number = entry.number, !refused.contains(number) { audited.append(Rule(number: number, action: .allow)) }
        }
        for rule in rules where refused.contains(rule.number) {
            audited.append(Rule(number: rule.number, action: Self.withoutKill(rule.action), conditions: rule.conditions))
        }
        for (number, condition) in Self.refusedValues where !verdicts.allows(number, condition) {
            audited.append(Rule(number: number, action: .errno(EPERM), conditions: [condition]))
        }
        return SystemCallPolicy(
            defaultAction: Self.withoutKill(defaultAction), rules: audited, baseline: max(baseline, SystemCallCatalog.newest.number ?? baseline), record: .all)
    }

    private static func withoutKill(_ action: Action) -> Action { action == .kill ? .errno(EPERM) : action }

    /// Numbers of the calls that are on the list whatever their arguments.
    private static var alwaysRefused: Set<UInt32> {
        var numbers = Set(["@mount", "@module", "@keyring", "@admin", "@io-uring"].compactMap { SystemCallGroups.named($0) }.flatMap { $0.members.compactMap(\.number) })
        numbers.formUnion([__NR_clone3, __NR_setns, __NR_bpf, __NR_perf_event_open, __NR_userfaultfd].map { UInt32($0) })
        return numbers
    }

    /// Values of arguments that are on the list: each is refused where the policy refuses it.
    private static var refusedValues: [(number: UInt32, condition: Condition)] {
        // CLONE_NEWTIME (linux/sched.h)
        let newTime: Int32 = 0x80
        let namespaces = [CLONE_NEWUSER, CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWNET, CLONE_NEWIPC, CLONE_NEWUTS, CLONE_NEWCGROUP, newTime]
        func flag(_ bits: Int32) -> Condition {
            let bits = UInt64(UInt32(bitPattern: bits))
            return Condition(index: 0, comparison: .maskedEqual, value: bits, mask: bits, isWord: true)
        }
        // The low byte of clone's flags is the signal at its end, and time namespaces are not made by it.
        var values = namespaces.dropLast().map { (UInt32(__NR_clone), flag($0)) } + namespaces.map { (UInt32(__NR_unshare), flag($0)) }
        for request in [UInt64(TIOCSTI), UInt64(TIOCLINUX)] {
            values.append((UInt32(__NR_ioctl), Condition(index: 1, comparison: .equal, value: request, isWord: true)))
        }
        return values
    }
}

extension SeccompVerdicts {
    /// Whether a call runs with the value of one comparison and zeros for its other arguments.
    fileprivate func allows(_ number: UInt32, _ condition: SystemCallPolicy.Condition) -> Bool {
        var arguments = Arguments(repeating: 0)
        arguments[Int(condition.index)] = condition.value
        return verdict(architecture: options.abi.auditArchitecture, number: number, arguments: arguments).runs
    }
}
