import BrigPlan
import BrigPolicy
import Testing

@Suite struct SeccompCompilerTests {
    typealias Rule = SystemCallPolicy.Rule

    @Test("an instruction has the kernel's layout")
    func layout() {
        #expect(MemoryLayout<BPFInstruction>.size == 8)
        #expect(MemoryLayout<BPFInstruction>.stride == 8)
        #expect(MemoryLayout<BPFInstruction>.alignment == 4)
        #expect(MemoryLayout<BPFInstruction>.offset(of: \.jumpTrue) == 2)
        #expect(MemoryLayout<BPFInstruction>.offset(of: \.jumpFalse) == 3)
        #expect(MemoryLayout<BPFInstruction>.offset(of: \.k) == 4)
    }

    @Test("deny wins over allow whichever comes first", arguments: [false, true])
    func denyWins(isDenyFirst: Bool) throws {
        let allow = Rule(number: 39, action: .allow)
        let deny = Rule(number: 39, action: .kill)
        let policy = SystemCallPolicy(defaultAction: .allow, rules: isDenyFirst ? [deny, allow] : [allow, deny], baseline: 460, record: .none)
        #expect(try answer(policy, 39) == PlainReading.killProcess)
        #expect(try answer(policy, 40) == PlainReading.allow)
    }

    @Test("junk in the high word does not get a terminal command past a rule")
    func junkInHighWord() throws {
        let rule = Rule(number: 16, action: .errno(1), conditions: [.init(index: 1, comparison: .equal, value: 0x5412, isWord: true)])
        let policy = SystemCallPolicy(defaultAction: .allow, rules: [rule], baseline: 460, record: .none)
        for request in [0x5412, 0xdead_beef_0000_5412] as [UInt64] {
            #expect(try answer(policy, 16, [0, request, 0, 0, 0, 0]) == PlainReading.errno + 1)
        }
        #expect(try answer(policy, 16, [0, 0x5413, 0, 0, 0, 0]) == PlainReading.allow)
    }

    @Test("a call with more rules than a jump reaches is compiled right", arguments: [100, 500, 1800])
    func longJumps(values: Int) throws {
        let policy = SamplePolicies.manyValues(values)
        let options = SeccompOptions(abi: .x86_64, launchCalls: [16, 59])
        let comparison = try FilterComparison(policy, options, everyRule: values / 50)
        let filter = try SeccompCompiler.compile(policy, options)
        #expect(filter.instructions.count > 2 * values)
        #expect(comparison.differences(filter.instructions) == [])
    }

    @Test("a policy beyond the kernel's size is refused by naming the call that takes it")
    func tooLarge() throws {
        let policy = SamplePolicies.manyValues(2100)
        let error = #expect(throws: SeccompError.self) { try SeccompCompiler.compile(policy, SeccompOptions(abi: .x86_64)) }
        guard case .tooLarge(let count, let largest)? = error else { return }
        #expect(count > 4096)
        #expect(largest.first?.call == "ioctl")
        #expect(error?.description.contains("ioctl (42") == true)
    }

    @Test("an argument that no call has, and numbers above every table, are refused")
    func outOfRange() {
        let rule = Rule(number: 16, action: .kill, conditions: [.init(index: 6, comparison: .equal, value: 0, isWord: true)])
        let policy = SystemCallPolicy(defaultAction: .allow, rules: [rule], baseline: 460, record: .none)
        #expect(throws: SeccompError.argumentIndex(6, call: "ioctl")) { try SeccompCompiler.compile(policy, SeccompOptions(abi: .x86_64)) }
        let high = SystemCallPolicy(defaultAction: .allow, rules: [], baseline: 4096, record: .none)
        #expect(throws: SeccompError.numberTooHigh(4096)) { try SeccompCompiler.compile(high) }
    }

    @Test("a fresh key opens the launcher's calls and the old one no longer does")
    func freshKey() throws {
        var (policy, options) = SamplePolicies.everyKindOfRule
        var filter = try SeccompCompiler.compile(policy, options)
        let before = filter.bytesWithoutKey
        let old = options.launchKey
        let fresh = try #require(LaunchKey(0xfeed_0000_0000_0001))
        #expect(filter.keySites.count == 2, "one for the default of execve and execveat, one for the rules of the third call")
        filter.setKey(fresh)
        options.launchKey = fresh
        let comparison = try FilterComparison(policy, options)
        #expect(comparison.differences(filter.instructions) == [])
        #expect(try BPFInterpreter(filter.instructions).answer(call(59, [0, 0, 0, 0, 0, old.value])) == PlainReading.errno + 1)
        #expect(filter.bytesWithoutKey == before)
    }

    @Test("a filter whose key nobody set lets no call pass by a zero")
    func keyIsNeverZero() throws {
        #expect(LaunchKey(0) == nil)
        let policy = SystemCallPolicy(defaultAction: .kill, rules: [], baseline: 460, record: .none)
        let filter = try SeccompCompiler.compile(policy, SeccompOptions(abi: .x86_64, launchCalls: [59]))
        #expect(try BPFInterpreter(filter.instructions).answer(call(59)) == PlainReading.killProcess)
    }

    @Test("calls that are always allowed pay nothing for the key, and no filter asks for a listener in vain")
    func costs() throws {
        let allowed = SystemCallPolicy(defaultAction: .allow, rules: [], baseline: 460, record: .none)
        let filter = try SeccompCompiler.compile(allowed, SeccompOptions(abi: .x86_64, launchCalls: [0, 1, 59]))
        #expect(filter.keySites.isEmpty)
        #expect(!filter.needsListener)
        let recorded = SystemCallPolicy(defaultAction: .allow, rules: [], baseline: 460, record: .denied)
        #expect(try SeccompCompiler.compile(recorded).needsListener, "calls through foreign ABIs are recorded")
    }

    @Test("everything is left to the supervisor under record all, but for the listed calls that are allowed")
    func recordAll() throws {
        let policy = SystemCallPolicy(defaultAction: .errno(1), rules: [Rule(number: 15, action: .allow)], baseline: 460, record: .all)
        let options = SeccompOptions(abi: .x86_64, unrecordedCalls: [15, 101])
        let filter = try BPFInterpreter(try SeccompCompiler.compile(policy, options).instructions)
        #expect(filter.answer(call(15)) == PlainReading.allow)
        #expect(filter.answer(call(101)) == PlainReading.notify, "denied, so recorded all the same")
        #expect(filter.answer(call(0)) == PlainReading.notify)
        #expect(filter.answer(call(461)) == PlainReading.notify)
    }

    @Test("set-id bits are refused where a file gets them, and nowhere else")
    func setIDBits() throws {
        let policy = SystemCallPolicy(defaultAction: .allow, rules: [], baseline: 460, record: .none)
        let options = SeccompOptions(abi: .x86_64, forbidSetIDBits: true)
        let comparison = try FilterComparison(policy, options)
        let filter = try SeccompCompiler.compile(policy, options)
        #expect(comparison.differences(filter.instructions) == [])
        let run = try BPFInterpreter(filter.instructions)
        #expect(run.answer(call(90, [0, 0o4755, 0, 0, 0, 0])) == PlainReading.errno + 1, "chmod u+s")
        #expect(run.answer(call(90, [0, 0o1755, 0, 0, 0, 0])) == PlainReading.allow, "chmod +t")
        #expect(run.answer(call(2, [0, 0, 0o4755, 0, 0, 0])) == PlainReading.allow, "open without O_CREAT: the mode is not read")
        #expect(run.answer(call(2, [0, 0o100, 0o2755, 0, 0, 0])) == PlainReading.errno + 1)
        #expect(run.answer(call(83, [0, 0o2755, 0, 0, 0, 0])) == PlainReading.allow, "mkdir")
        #expect(run.answer(call(437)) == PlainReading.errno + 38, "openat2")
    }

    @Test("a policy for builds: size and time of compilation are printed")
    func sizeAndTime() throws {
        let policy = SamplePolicies.build
        let options = SeccompOptions(abi: .x86_64, launchCalls: [0, 1, 3, 46, 47, 157, 231, 322], forbidSetIDBits: true)
        let clock = ContinuousClock()
        var times: [Duration] = []
        var filter = try SeccompCompiler.compile(policy, options)
        for _ in 0..<200 {
            let time = try clock.measure { filter = try SeccompCompiler.compile(policy, options) }
            times.append(time)
        }
        times.sort()
        print("seccomp: \(policy.rules.count) rules, \(filter.instructions.count) instructions, compiled in \(times[100]) (median), \(times[0]) (best)")
        #expect(filter.instructions.count < 500)
    }

    private func call(_ number: UInt32, _ arguments: SeccompVerdicts.Arguments = .init(repeating: 0)) -> Call {
        Call(architecture: 0xc000_003e, number: number, arguments: arguments)
    }

    private func answer(_ policy: SystemCallPolicy, _ number: UInt32, _ arguments: SeccompVerdicts.Arguments = .init(repeating: 0)) throws -> UInt32 {
        try BPFInterpreter(try SeccompCompiler.compile(policy, SeccompOptions(abi: .x86_64)).instructions).answer(call(number, arguments))
    }
}
