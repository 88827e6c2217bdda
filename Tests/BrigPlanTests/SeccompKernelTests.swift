import BrigPlan
import BrigPolicy
import Glibc
import Testing

/// The kernel's own verdict: it takes the filters and answers as the policy says.
@Suite(.serialized) struct SeccompKernelTests {
    typealias Rule = SystemCallPolicy.Rule
    typealias Attempt = FilteredThread.Attempt

    private static let parent = RawCall.getppid, group = RawCall.getpgid, session = RawCall.getsid

    /// Each with an error number that these calls never give.
    private static let rules: [Rule] = [
        Rule(number: parent, action: .errno(101)),
        Rule(number: group, action: .errno(102), conditions: [.init(index: 1, comparison: .equal, value: 7, isWord: false)]),
        Rule(number: session, action: .errno(103), conditions: [.init(index: 1, comparison: .greater, value: 7, isWord: true)]),
    ]

    @Test("numbers, widths, the baseline and the launcher's key, as the kernel runs them")
    func answers() throws {
        let key = try #require(LaunchKey(0x1234_5678_9abc_def0))
        let options = SeccompOptions(launchCalls: [Self.parent], launchKey: key)
        // The second argument is one that the kernel does not read for these calls.
        let attempts = [
            Attempt(Self.parent), Attempt(Self.parent, 0, 0, 0, 0, 0, key.value), Attempt(Self.parent, 0, 0, 0, 0, 0, key.value ^ 1 << 40),
            Attempt(Self.group, 0, 7), Attempt(Self.group, 0, 7 | 1 << 32), Attempt(Self.group, 0, 8),
            Attempt(Self.session, 0, 8), Attempt(Self.session, 0, 8 | 1 << 32), Attempt(Self.session, 0, 7 | 1 << 32),
            Attempt(2000), Attempt(Self.parent | SeccompABI.x32Bit),
        ]
        let parent = Int(getppid()), group = Int(getpgid(0)), session = Int(getsid(0)), missing = -Int(ENOSYS)

        let filter = try SeccompCompiler.compile(.init(defaultAction: .allow, rules: Self.rules, baseline: 470, record: .none), options)
        let state = FilteredThread.run(filter, attempts)
        #expect(state.installation == 0)
        #expect(state.results == [-101, parent, -101, -102, group, group, -103, -103, session, missing, missing])

        // The control: without the rules the same calls run.
        let open = try SeccompCompiler.compile(.init(defaultAction: .allow, rules: [], baseline: 470, record: .none), options)
        #expect(FilteredThread.run(open, attempts).results == [parent, parent, parent, group, group, group, session, session, session, missing, missing])
    }

    @Test("a filter of nearly full size is taken, and its long jumps land", arguments: [300, 1900])
    func longJumps(values: Int) throws {
        var rules = SamplePolicies.manyValues(values, number: Self.group).rules.map { Rule(number: $0.number, action: .errno(104), conditions: $0.conditions) }
        rules.append(Rule(number: Self.session, action: .errno(105)))
        let filter = try SeccompCompiler.compile(.init(defaultAction: .allow, rules: rules, baseline: 470, record: .none))
        #expect(filter.instructions.count > 2 * values)
        let attempts = [0, 3, 3 * UInt64(values - 1), 3 * UInt64(values), 4].map { Attempt(Self.group, 0, $0) } + [Attempt(Self.session)]
        let group = Int(getpgid(0))
        #expect(FilteredThread.run(filter, attempts).results == [-104, -104, -104, group, group, -105])
    }

    @Test("denied calls reach the listener, and the verdict on what it is told is the policy's")
    func notifications() throws {
        let policy = SystemCallPolicy(defaultAction: .allow, rules: Self.rules, baseline: 470, record: .denied)
        let verdicts = try SeccompVerdicts(policy)
        let filter = try SeccompCompiler.compile(verdicts)
        #expect(filter.needsListener)
        var attempts = [Attempt(Self.parent), Attempt(Self.group, 0, 8), Attempt(Self.group, 0, 7), Attempt(Self.session, 0, 9)]
        var expected: [SeccompVerdict] = [.errno(101), .errno(102), .errno(103)]
        if SeccompABI.native == .x86_64 {
            attempts.append(Attempt(Self.parent | SeccompABI.x32Bit))
            expected.append(.foreign(.x32))
        }
        var seen: [SeccompVerdict] = []
        let state = FilteredThread.run(filter, attempts) { listener in
            for _ in expected.indices {
                guard let notification = Notification.receive(listener) else { return }
                let call = notification.call
                let verdict = verdicts.verdict(architecture: call.architecture, number: call.number, arguments: call.arguments)
                seen.append(verdict)
                // Another number than the policy's: it is the supervisor that answers.
                notification.answer(listener, errno: Int32(200 + seen.count))
            }
        }
        #expect(seen == expected)
        #expect(state.results.filter { $0 <= -200 } == expected.indices.map { -201 - $0 })
        #expect(state.results[1] == Int(getpgid(0)), "what is allowed is not reported")
    }

    @Test("installing a filter for builds: the time is printed")
    func installation() throws {
        // The thread has to end under it, whatever the C library does for that: the default is allow and another verdict stands in for the denials.
        let denied = (0...462 as ClosedRange<UInt32>).filter { number in !SamplePolicies.build.rules.contains { $0.number == number } }
        let rules = SamplePolicies.build.rules.filter { !$0.conditions.isEmpty && $0.action != .allow } + denied.map { Rule(number: $0, action: .log) }
        let filter = try SeccompCompiler.compile(.init(defaultAction: .allow, rules: rules, baseline: 462, record: .none))
        let states = (0..<31).map { _ in FilteredThread.run(filter, []) }
        #expect(states.allSatisfy { $0.installation == 0 })
        print("seccomp: \(filter.instructions.count) instructions installed in \(states.map(\.nanoseconds).sorted()[15]) ns (median)")
    }
}

/// `struct seccomp_notif` (linux/seccomp.h) as ten words: id, process and flags, then `struct seccomp_data`.
private struct Notification {
    let id: UInt64
    let call: Call

    /// SECCOMP_IOCTL_NOTIF_RECV
    static func receive(_ listener: Int32) -> Notification? {
        var words = [UInt64](repeating: 0, count: 10)
        let result = unsafe words.withUnsafeMutableBytes { control(listener, 0xc050_2100, UInt64(UInt(bitPattern: $0.baseAddress))) }
        guard result == 0 else { return nil }
        let call = Call(
            architecture: UInt32(words[2] >> 32), number: UInt32(truncatingIfNeeded: words[2]),
            arguments: [words[4], words[5], words[6], words[7], words[8], words[9]])
        return Notification(id: words[0], call: call)
    }

    /// SECCOMP_IOCTL_NOTIF_SEND with `struct seccomp_notif_resp`: id, value, error (negative) and flags.
    func answer(_ listener: Int32, errno: Int32) {
        let words: [UInt64] = [id, 0, UInt64(UInt32(bitPattern: -errno))]
        _ = unsafe words.withUnsafeBytes { Self.control(listener, 0xc018_2101, UInt64(UInt(bitPattern: $0.baseAddress))) }
    }

    private static func control(_ listener: Int32, _ request: UInt64, _ address: UInt64) -> Int {
        RawCall.make(RawCall.ioctl, [UInt64(listener), request, address, 0, 0, 0])
    }
}
