import BrigPlan
import BrigPolicy

enum SamplePolicies {
    typealias Rule = SystemCallPolicy.Rule
    typealias Condition = SystemCallPolicy.Condition

    /// One rule of each kind and width, on numbers apart from one another.
    static var everyKindOfRule: (SystemCallPolicy, SeccompOptions) {
        var rules: [Rule] = [0, 1, 2, 3, 9, 10, 11, 12, 60, 61, 231, 257].map { Rule(number: $0, action: .allow) }
        let comparisons: [Condition.Comparison] = [.equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual]
        for (place, comparison) in comparisons.enumerated() {
            for isWord in [false, true] {
                let number = UInt32(100 + 4 * place + (isWord ? 2 : 0))
                let value: UInt64 = isWord ? 0x8000_0010 : 0x12_8000_0010
                let condition = Condition(index: UInt8(place % 5), comparison: comparison, value: value, isWord: isWord)
                rules.append(Rule(number: number, action: .allow, conditions: [condition]))
            }
        }
        let masked = Condition(index: 1, comparison: .maskedEqual, value: 0x20_0000_0500, mask: 0xf0_0000_0f00, isWord: false)
        let word = Condition(index: 1, comparison: .equal, value: 0x5412, isWord: true)
        rules += [
            Rule(number: 200, action: .allow, conditions: [masked]),
            Rule(number: 210, action: .allow), Rule(number: 210, action: .kill, conditions: [word]),
            Rule(number: 220, action: .errno(13), conditions: [word]), Rule(number: 220, action: .log, conditions: [masked]),
        ]
        let policy = SystemCallPolicy(defaultAction: .errno(1), rules: rules, baseline: 460, record: .none)
        let key = LaunchKey(0x0123_4567_89ab_cdef) ?? LaunchKey()
        return (policy, SeccompOptions(abi: .x86_64, launchCalls: [59, 210, 322], launchKey: key))
    }

    /// The size of a policy for compilers and package builds: most calls allowed, a few with rules.
    static var build: SystemCallPolicy {
        let denied: Set<UInt32> = [101, 134, 139, 153, 154, 155, 156, 159, 161, 163, 165, 166, 167, 168, 169, 172, 173, 174, 175, 176, 177, 178, 179]
        var rules = (0...334 as ClosedRange<UInt32>).filter { !denied.contains($0) && ($0 < 240 || $0 % 9 != 0) }.map { Rule(number: $0, action: .allow) }
        rules += (435...450 as ClosedRange<UInt32>).map { Rule(number: $0, action: .allow) }
        let families: [UInt64] = [1, 2, 10]
        rules.removeAll { $0.number == 41 || $0.number == 56 }
        rules += families.map { Rule(number: 41, action: .allow, conditions: [.init(index: 0, comparison: .equal, value: $0, isWord: true)]) }
        for command in [0x5412, 0x541c, 0x5423] as [UInt64] {
            rules.append(Rule(number: 16, action: .errno(1), conditions: [.init(index: 1, comparison: .equal, value: command, isWord: true)]))
        }
        let namespaces: UInt64 = 0x7e02_0000
        rules.append(Rule(number: 56, action: .allow, conditions: [.init(index: 0, comparison: .maskedEqual, value: 0, mask: namespaces, isWord: false)]))
        rules.append(Rule(number: 157, action: .errno(22), conditions: [.init(index: 0, comparison: .equal, value: 22, isWord: true)]))
        rules.append(Rule(number: 135, action: .errno(1), conditions: [.init(index: 0, comparison: .greater, value: 8, isWord: true)]))
        rules.append(Rule(number: 435, action: .errno(38)))
        return SystemCallPolicy(defaultAction: .errno(1), rules: rules, baseline: 462, record: .denied)
    }

    /// A call with `values` values that are allowed.
    static func manyValues(_ values: Int, number: UInt32 = 16) -> SystemCallPolicy {
        let rules = (0..<UInt64(values)).map { Rule(number: number, action: .allow, conditions: [.init(index: 1, comparison: .equal, value: 3 * $0, isWord: true)]) }
        return SystemCallPolicy(defaultAction: .errno(1), rules: rules, baseline: 460, record: .none)
    }
}
