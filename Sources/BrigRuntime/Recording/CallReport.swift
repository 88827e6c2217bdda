internal import BrigPlan
internal import BrigPolicy
internal import BrigReport
internal import BrigSystem
internal import BrigTracing

/// What was counted, as the report tells it: each call with what the policy says to it.
struct CallReport {
    let plan: LaunchPlan
    let recorded: RecordedCalls
    let selection: ArgumentSelection

    /// Calls that get the same answers.
    private struct Group: Hashable {
        let verdict: String
        let ran: Bool
    }

    /// The most frequent first.
    func calls() -> [JobReport.Call] {
        let tuples = Dictionary(grouping: recorded.arguments, by: \.key.number)
        var calls: [JobReport.Call] = []
        for (call, count) in recorded.calls {
            guard call.interface == .native, selection.isKept(call.number) else {
                let group = group(call, SeccompVerdicts.Arguments(repeating: 0))
                let refused = call.interface == .native ? recorded.uncountedRefusals[call.number] ?? 0 : 0
                if refused > 0 { calls.append(report(call, refused, Group(verdict: group.verdict, ran: false), [])) }
                // The kernel lets uretprobe(2) and uprobe(2) of x86-64 past every filter.
                let passed = group.ran ? 0 : recorded.begun[call] ?? 0
                if passed > 0 { calls.append(report(call, passed, Group(verdict: group.verdict, ran: true), [])) }
                if count > refused + passed { calls.append(report(call, count - refused - passed, group, [])) }
                continue
            }
            calls += split(call, count, tuples[call.number] ?? [])
        }
        return calls.sorted { ($1.count, $0.name, $0.abi, $0.verdict) < ($0.count, $1.name, $1.abi, $1.verdict) }
    }

    /// One entry for each verdict that a call's arguments have got.
    private func split(_ call: RecordedCalls.Call, _ count: UInt64, _ tuples: [(key: RecordedCalls.ArgumentTuple, value: UInt64)]) -> [JobReport.Call] {
        var groups: [Group: [(key: RecordedCalls.ArgumentTuple, value: UInt64)]] = [:]
        for tuple in tuples {
            var arguments = SeccompVerdicts.Arguments(repeating: 0)
            for (index, value) in tuple.key.values.enumerated() { arguments[index] = value }
            groups[group(call, arguments), default: []].append(tuple)
        }
        var calls = groups.map { group, tuples in report(call, tuples.reduce(0) { $0 + $1.value }, group, tuples) }
        let judged = calls.reduce(UInt64(0)) { $0 + $1.count }
        // More distinct arguments than are kept.
        let refused = recorded.uncountedRefusals[call.number] ?? 0
        if refused > 0 { calls.append(report(call, refused, Group(verdict: "unknown", ran: false), [])) }
        if judged + refused < count { calls.append(report(call, count - judged - refused, Group(verdict: "unknown", ran: true), [])) }
        return calls
    }

    private func group(_ call: RecordedCalls.Call, _ arguments: SeccompVerdicts.Arguments) -> Group {
        let architecture = call.interface == .native ? SeccompABI.native.auditArchitecture : Self.compatible.1
        let said = plan.policyVerdicts.verdict(architecture: architecture, number: call.number, arguments: arguments)
        let answered = plan.verdicts.verdict(architecture: architecture, number: call.number, arguments: arguments)
        return Group(verdict: Self.word(said), ran: answered.runs)
    }

    private static func word(_ verdict: SeccompVerdict) -> String {
        switch verdict {
        case .allow: "allow"
        case .log: "log"
        case .errno(let number): errnoName(number)
        case .kill: "kill"
        case .foreign: "ENOSYS"
        case .unknown: "absent"
        }
    }

    /// The machine's 32-bit ABI and its audit architecture.
    private static var compatible: (ForeignABI, UInt32) {
        #if arch(x86_64)
        (.i386, 0x4000_0003)
        #else
        (.arm, 0x4000_0028)
        #endif
    }

    private func report(_ call: RecordedCalls.Call, _ count: UInt64, _ group: Group, _ tuples: [(key: RecordedCalls.ArgumentTuple, value: UInt64)]) -> JobReport.Call {
        var abi = SystemCallABI.native.rawValue
        var number = call.number
        if call.interface == .compatible {
            abi = Self.compatible.0.description
        } else if SeccompABI.native == .x86_64, number & SeccompABI.x32Bit != 0, number != SeccompABI.skippedNumber {
            (abi, number) = ("x32", number & ~SeccompABI.x32Bit)
        }
        let name = callName(number, abi: abi)
        return JobReport.Call(name: name, number: number, abi: abi, count: count, verdict: group.verdict, ran: group.ran, arguments: facts(name, call.number, tuples), combinations: combinations(call.number, tuples))
    }

    /// Values that came together, the most frequent first.
    private func combinations(_ number: UInt32, _ tuples: [(key: RecordedCalls.ArgumentTuple, value: UInt64)]) -> [JobReport.Combination] {
        let kept = (0..<6).filter { selection.keeps($0, of: number) }
        if kept.count < 2 { return [] }
        let combinations = tuples.map { tuple in JobReport.Combination(values: kept.map { tuple.key.values[$0] }, count: tuple.value) }
        return combinations.sorted { first, second in first.count == second.count ? first.values.lexicographicallyPrecedes(second.values) : first.count > second.count }
    }

    /// Values of each kept argument, the most frequent first.
    private func facts(_ name: String, _ number: UInt32, _ tuples: [(key: RecordedCalls.ArgumentTuple, value: UInt64)]) -> [JobReport.ArgumentFact] {
        guard !tuples.isEmpty else { return [] }
        return (0..<6).filter { selection.keeps($0, of: number) }.flatMap { index in
            var counts: [UInt64: UInt64] = [:]
            for tuple in tuples { counts[tuple.key.values[index], default: 0] += tuple.value }
            return counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { value, count in
                JobReport.ArgumentFact(index: index, what: KeptArguments.what(name, index), value: value, name: KeptArguments.name(of: value, name, index), count: count)
            }
        }
    }
}
