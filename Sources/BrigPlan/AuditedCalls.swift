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
    func audited() -> SystemCallPolicy {
        let refused = Self.alwaysRefused
        let listed = Self.listedValues
        var audited: [Rule] = []
        for entry in SystemCallCatalog.entries {
            if let number = entry.number, !refused.contains(number), !listed.contains(where: { $0.number == number }) { audited.append(Rule(number: number, action: .allow)) }
        }
        for rule in rules where refused.contains(rule.number) {
            audited.append(Rule(number: rule.number, action: Self.withoutKill(rule.action), conditions: rule.conditions))
        }
        for value in listed { audited += self.audited(value) }
        return SystemCallPolicy(
            defaultAction: Self.withoutKill(defaultAction), rules: audited, baseline: max(baseline, SystemCallCatalog.newest.number ?? baseline), record: .all)
    }

    /// A call of which some values are on the list: with one of them it gets this policy's verdict, without it runs.
    private func audited(_ listed: ListedValues) -> [Rule] {
        var audited: [Rule] = []
        var isDecided = defaultAction.runs
        for rule in rules where rule.number == listed.number {
            if rule.conditions.isEmpty { isDecided = true }
            let action = Self.withoutKill(rule.action)
            if action.runs || rule.conditions.contains(where: listed.values.contains) {
                audited.append(Rule(number: rule.number, action: action, conditions: rule.conditions))
            } else {
                audited += listed.values.map { Rule(number: rule.number, action: action, conditions: rule.conditions + [$0]) }
            }
        }
        audited.append(Rule(number: listed.number, action: .allow, conditions: isDecided ? [] : listed.none))
        return audited
    }

    private static func withoutKill(_ action: Action) -> Action { action == .kill ? .errno(EPERM) : action }

    /// Numbers of the calls that are on the list whatever their arguments.
    private static var alwaysRefused: Set<UInt32> {
        var numbers = Set(["@mount", "@module", "@keyring", "@admin", "@io-uring"].compactMap { SystemCallGroups.named($0) }.flatMap { $0.members.compactMap(\.number) })
        numbers.formUnion([__NR_clone3, __NR_setns, __NR_bpf, __NR_perf_event_open, __NR_userfaultfd].map { UInt32($0) })
        return numbers
    }

    private struct ListedValues {
        let number: UInt32
        /// One of these holds.
        let values: [Condition]
        /// All of these hold: none of the others does.
        let none: [Condition]
    }

    private static var listedValues: [ListedValues] {
        // CLONE_NEWTIME (linux/sched.h)
        let newTime: Int32 = 0x80
        let namespaces = [CLONE_NEWUSER, CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWNET, CLONE_NEWIPC, CLONE_NEWUTS, CLONE_NEWCGROUP, newTime]
        func flags(_ number: Int, _ flags: ArraySlice<Int32>) -> ListedValues {
            let bits = flags.map { UInt64(UInt32(bitPattern: $0)) }
            return ListedValues(
                number: UInt32(number), values: bits.map { Condition(index: 0, comparison: .maskedEqual, value: $0, mask: $0, isWord: true) },
                none: [Condition(index: 0, comparison: .maskedEqual, value: 0, mask: bits.reduce(0, |), isWord: true)])
        }
        func requests(_ comparison: Condition.Comparison) -> [Condition] {
            [UInt64(TIOCSTI), UInt64(TIOCLINUX)].map { Condition(index: 1, comparison: comparison, value: $0, isWord: true) }
        }
        // The low byte of clone's flags is the signal at its end, and time namespaces are not made by it.
        return [
            flags(Int(__NR_clone), namespaces.dropLast()), flags(Int(__NR_unshare), namespaces[...]),
            ListedValues(number: UInt32(__NR_ioctl), values: requests(.equal), none: requests(.notEqual)),
        ]
    }
}

extension SystemCallPolicy.Action {
    fileprivate var runs: Bool { self == .allow || self == .log }
}
