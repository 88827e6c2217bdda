import BrigPlan
import BrigPolicy

/// Runs a filter and the verdicts over the calls where a policy's meaning could change, and lists where they differ from the plain reading.
struct FilterComparison {
    let policy: SystemCallPolicy
    let options: SeccompOptions
    let verdicts: SeccompVerdicts
    /// What the plain reading says to every call of interest.
    let expectations: [Expectation]

    struct Expectation {
        let call: Call
        let verdict: SeccompVerdict
        let answer: UInt32
    }

    /// - Parameter step: of the rules, every `step`-th is tried at its boundaries.
    init(_ policy: SystemCallPolicy, _ options: SeccompOptions, everyRule step: Int = 1) throws {
        self.policy = policy
        self.options = options
        self.verdicts = try SeccompVerdicts(policy, options)
        let plain = PlainReading(policy, options)
        self.expectations = Self.Calls(policy: policy, options: options, step: step).all().map { call in
            let verdict = plain.verdict(call)
            return Expectation(call: call, verdict: verdict, answer: plain.answer(call, verdict))
        }
    }

    static let numbers: [UInt32] =
        Array(0...600) + [1023, 4095, 4096, 0x3fff_ffff, 0x7fff_ffff, 0x8000_0000, 0xbfff_ffff, 0xc000_0000, 0xffff_fffe, 0xffff_ffff]

    /// Where a program's answer is another one: the first few, at most `limit`.
    func differences(_ program: [BPFInstruction], limit: Int = 3) -> [String] {
        let filter: BPFInterpreter
        do { filter = try BPFInterpreter(program) } catch { return ["the kernel refuses it: \(error)"] }
        var found: [String] = []
        for expected in expectations {
            let answer = filter.answer(expected.call)
            if answer == expected.answer { continue }
            found.append("\(expected.call): filter 0x\(String(answer, radix: 16)), expected 0x\(String(expected.answer, radix: 16))")
            if found.count >= limit { break }
        }
        return found
    }

    /// The same for the verdicts.
    func differencesOfVerdicts(limit: Int = 3) -> [String] {
        var found: [String] = []
        for expected in expectations {
            let call = expected.call
            let verdict = verdicts.verdict(architecture: call.architecture, number: call.number, arguments: call.arguments)
            if verdict == expected.verdict { continue }
            found.append("\(call): verdict \(verdict), expected \(expected.verdict)")
            if found.count >= limit { break }
        }
        return found
    }
}

extension FilterComparison {
    /// The calls where the meaning of a policy could change.
    struct Calls {
        let policy: SystemCallPolicy
        let options: SeccompOptions
        let step: Int
    }
}

extension FilterComparison.Calls {
    /// Calls through the machine's own ABI, and through x32 and i386, with every number; and with the arguments where rules begin and cease to hold.
    func all() -> [Call] {
        let native = options.abi.auditArchitecture
        var calls: [Call] = []
        for number in FilterComparison.numbers {
            calls.append(Call(architecture: native, number: number))
            calls.append(Call(architecture: native, number: number ^ 0x4000_0000))
            calls.append(Call(architecture: options.abi == .x86_64 ? 0x4000_0003 : 0x4000_0028, number: number))
        }
        calls.append(Call(architecture: 0, number: 0))
        for index in stride(from: 0, to: policy.rules.count, by: step) { calls += boundaries(policy.rules[index]) }
        for number in options.launchCalls {
            let call = Call(architecture: native, number: number)
            calls += keyed(call)
            calls += neighbours(call).flatMap(keyed)
        }
        if options.forbidSetIDBits { calls += modes() }
        return calls
    }

    /// All conditions hold, then one after the other is varied around its value.
    private func boundaries(_ rule: SystemCallPolicy.Rule) -> [Call] {
        var holding = Call(architecture: options.abi.auditArchitecture, number: rule.number)
        for condition in rule.conditions { holding.arguments[Int(condition.index)] = satisfying(condition) }
        var calls = [holding] + neighbours(holding)
        if options.launchCalls.contains(rule.number) { calls += keyed(holding) }
        for condition in rule.conditions {
            let value = condition.value
            let varied = [
                value, value &- 1, value &+ 1, value ^ 1 << 32, value | 0xdead_beef << 32, value & 0xffff_ffff, value & condition.mask,
                value | ~condition.mask, value ^ condition.mask, ~value, value ^ condition.mask & (0 &- condition.mask),
            ]
            for value in varied {
                var call = holding
                call.arguments[Int(condition.index)] = value
                calls.append(call)
            }
        }
        return calls
    }

    private func satisfying(_ condition: SystemCallPolicy.Condition) -> UInt64 {
        switch condition.comparison {
        case .equal, .lessOrEqual, .greaterOrEqual, .maskedEqual: condition.value
        case .notEqual, .greater: condition.value &+ 1
        case .less: condition.value &- 1
        }
    }

    /// The same arguments with the numbers before and after, where a search by number could go astray.
    private func neighbours(_ call: Call) -> [Call] {
        [call.number &- 1, call.number &+ 1].map { Call(architecture: call.architecture, number: $0, arguments: call.arguments) }
    }

    /// The launch key, and values that are nearly it.
    private func keyed(_ call: Call) -> [Call] {
        let key = options.launchKey.value
        return [key, key ^ 1, key ^ 1 << 32, key & 0xffff_ffff, key & ~0xffff_ffff, ~key].map { value in
            var call = call
            call.arguments[5] = value
            return call
        }
    }

    private func modes() -> [Call] {
        var calls: [Call] = []
        for number in [2, 33, 52, 53, 56, 83, 85, 90, 91, 133, 257, 258, 259, 268, 425, 437, 452] as [UInt32] {
            for mode in 1...3 {
                for bits in [0o644, 0o1755, 0o2755, 0o4755, 0o6755, 0o4000 << 32] as [UInt64] {
                    for flags in [0, 0o100, 0o20_000_000, 0o20_200_000, 0o100 << 32] as [UInt64] {
                        var call = Call(architecture: options.abi.auditArchitecture, number: number)
                        call.arguments[mode - 1] = flags
                        call.arguments[mode] = bits
                        calls.append(call)
                    }
                }
            }
        }
        return calls
    }
}
