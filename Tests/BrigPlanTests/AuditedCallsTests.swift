import BrigPolicy
import Testing

@testable import BrigPlan

/// What an audit runs, and what it leaves to the policy: for the calls of which some values stay refused, the policy's own word, with all arguments.
struct AuditedCallsTests {
    private typealias Rule = SystemCallPolicy.Rule
    private typealias Condition = SystemCallPolicy.Condition

    private static let clone: UInt32 = 56
    private static let newUser: UInt64 = 0x1000_0000
    private static let newNet: UInt64 = 0x4000_0000
    private static let namespaces: UInt64 = 0x7e02_0000

    private static func has(_ bits: UInt64) -> Condition { Condition(index: 0, comparison: .maskedEqual, value: bits, mask: bits, isWord: true) }
    private static func equals(_ value: UInt64) -> Condition { Condition(index: 0, comparison: .equal, value: value, isWord: true) }

    private static let policies: [(defaultAction: SystemCallPolicy.Action, rules: [Rule])] = [
        // Only both together are refused; only one exact value is allowed; other arguments count; refused whole; refused whole but for a value, which counts for nothing.
        (.errno(1), [Rule(number: clone, action: .allow), Rule(number: clone, action: .errno(13), conditions: [has(newUser | newNet)])]),
        (.errno(1), [Rule(number: clone, action: .allow, conditions: [equals(0x11)]), Rule(number: clone, action: .allow, conditions: [equals(0x1000_0011)])]),
        (.allow, [Rule(number: clone, action: .kill, conditions: [Condition(index: 1, comparison: .greater, value: 7, isWord: false), has(newNet)])]),
        (.allow, [Rule(number: clone, action: .kill, conditions: [Condition(index: 1, comparison: .greater, value: 7, isWord: false)])]),
        (.allow, [Rule(number: clone, action: .errno(13))]),
        (.kill, [Rule(number: clone, action: .errno(13)), Rule(number: clone, action: .allow, conditions: [equals(0x11)])]),
        (.kill, []),
    ]

    @Test func `listed values get the policy's verdict, others run`() throws {
        let options = SeccompOptions(abi: .x86_64)
        for (defaultAction, rules) in Self.policies {
            let policy = SystemCallPolicy(defaultAction: defaultAction, rules: rules, baseline: 460, record: .denied)
            let own = try SeccompVerdicts(policy, options)
            let audited = try SeccompVerdicts(policy.audited(), options)
            for flags in [0, 0x11, 0x1000_0011, 0x4000_0011, 0x5000_0011, 0x5000_0000, 0x0100_0011, 0x1_1000_0011, 0x7e02_0000] as [UInt64] {
                for second in [0, 7, 8, .max] as [UInt64] {
                    let arguments: SeccompVerdicts.Arguments = [flags, second, 0, 0, 0, 0]
                    var expected = SeccompVerdict.allow
                    if flags & Self.namespaces != 0 { expected = own.verdict(architecture: options.abi.auditArchitecture, number: Self.clone, arguments: arguments) }
                    if expected == .kill { expected = .errno(1) }
                    let found = audited.verdict(architecture: options.abi.auditArchitecture, number: Self.clone, arguments: arguments)
                    #expect(found == expected, "\(defaultAction) \(rules): \(flags) \(second)")
                }
            }
        }
    }
}
