public import BrigPolicy

/// A policy laid out by system call number: what it says to any call, looked up and compared, without a filter.
///
/// The supervisor answers notifications with it, as a notification says which call but not what the filter would have answered. The compiler
/// makes the filter from the same layout.
///
/// A verdict depends on nothing but registers: the number, the architecture and the argument values that the kernel copied when the
/// call began.
public struct SeccompVerdicts: Sendable {
    /// Above every system call table; the layout is an array up to the baseline.
    public static let maximumNumber: UInt32 = 4095

    public typealias Arguments = InlineArray<6, UInt64>

    /// One number's part of `order`, and what holds when none of those rules does.
    struct Call {
        var rules: Range<Int>
        var otherwise: SystemCallPolicy.Action
    }

    let options: SeccompOptions
    let notified: SeccompNotified
    let rules: [SystemCallPolicy.Rule]
    /// Indexes into `rules`, grouped by number; in a group in the order in which they are tried.
    let order: [Int]
    /// By number, from 0 to the baseline.
    let calls: [Call]

    public init(_ policy: SystemCallPolicy, _ options: SeccompOptions = SeccompOptions()) throws(SeccompError) {
        guard policy.baseline <= Self.maximumNumber else { throw .numberTooHigh(policy.baseline) }
        var guards: [SystemCallPolicy.Rule] = []
        let notified = SeccompNotified(policy.record, tracesAllowed: options.tracesAllowed)
        if notified == .nothing { guards += ExitStops.rules(options.abi) }
        if options.forbidInitLimits { guards += InitGuard.rules(options.abi) }
        if options.forbidSetIDBits { guards += SetIDGuard.rules(options.abi) }
        if options.forbidFileAttributes { guards += SetIDGuard.attributeRules(options.abi) }
        let rules = guards + policy.rules
        try Self.checkIndexes(rules, options.abi)
        let (order, starts) = Self.grouped(rules, count: Int(policy.baseline) + 1)

        var calls: [Call] = []
        calls.reserveCapacity(Int(policy.baseline) + 1)
        for number in 0...Int(policy.baseline) {
            let first = starts[number]
            var end = first
            var otherwise = policy.defaultAction
            while end < starts[number + 1] {
                let rule = rules[order[end]]
                if rule.conditions.isEmpty {
                    otherwise = rule.action
                    break
                }
                end += 1
            }
            // A last rule that says what is said anyway changes nothing.
            while end > first, rules[order[end - 1]].action == otherwise { end -= 1 }
            calls.append(Call(rules: first..<end, otherwise: otherwise))
        }
        self.options = options
        self.notified = notified
        self.rules = rules
        self.order = order
        self.calls = calls
    }

    /// What the policy says to a call, given as in `struct seccomp_data`. The launcher's own calls are not considered: they never get here.
    public func verdict(architecture: UInt32, number: UInt32, arguments: Arguments) -> SeccompVerdict {
        guard architecture == options.abi.auditArchitecture else { return .foreign(ForeignABI(auditArchitecture: architecture)) }
        if options.abi == .x86_64, number & SeccompABI.x32Bit != 0, number != SeccompABI.skippedNumber { return .foreign(.x32) }
        guard number < calls.count else { return .unknown }
        let call = calls[Int(number)]
        for index in call.rules {
            let rule = rules[order[index]]
            if rule.conditions.allSatisfy({ $0.holds(arguments[Int($0.index)]) }) { return SeccompVerdict(rule.action) }
        }
        return SeccompVerdict(call.otherwise)
    }

    /// Calls `body` with each argument that a rule compares: the call's number, the argument's index, and whether only its low 32 bits count.
    public func forEachCondition(_ body: (_ number: UInt32, _ index: Int, _ isWord: Bool) -> Void) {
        for rule in rules {
            for condition in rule.conditions { body(rule.number, Int(condition.index), condition.isWord) }
        }
    }

    private static func checkIndexes(_ rules: [SystemCallPolicy.Rule], _ abi: SeccompABI) throws(SeccompError) {
        for rule in rules {
            for condition in rule.conditions where condition.index > 5 {
                throw .argumentIndex(condition.index, call: callName(rule.number, abi))
            }
        }
    }

    /// Sorts by number (by counting), then by severity, then as given. Rules above the baseline are left out: those calls are unknown.
    private static func grouped(_ rules: [SystemCallPolicy.Rule], count: Int) -> (order: [Int], starts: [Int]) {
        var starts = [Int](repeating: 0, count: count + 1)
        for rule in rules where rule.number < count { starts[Int(rule.number) + 1] += 1 }
        for number in 0..<count { starts[number + 1] += starts[number] }

        var order = [Int](repeating: 0, count: starts[count])
        var ends = starts
        for (index, rule) in rules.enumerated() where rule.number < count {
            let number = Int(rule.number)
            var place = ends[number]
            while place > starts[number], rules[order[place - 1]].action.severity < rule.action.severity {
                order[place] = order[place - 1]
                place -= 1
            }
            order[place] = index
            ends[number] += 1
        }
        return (order, starts)
    }
}

extension SystemCallPolicy.Action {
    /// Which of two matching rules wins: the higher one.
    fileprivate var severity: Int {
        switch self {
        case .kill: 3
        case .errno, .absent: 2
        case .log: 1
        case .allow: 0
        }
    }
}

extension SystemCallPolicy.Condition {
    /// Whether an argument's register satisfies the comparison.
    func holds(_ register: UInt64) -> Bool {
        let width: UInt64 = isWord ? 0xffff_ffff : .max
        let argument = register & width
        let value = self.value & width
        return switch comparison {
        case .equal: argument == value
        case .notEqual: argument != value
        case .less: argument < value
        case .lessOrEqual: argument <= value
        case .greater: argument > value
        case .greaterOrEqual: argument >= value
        case .maskedEqual: argument & mask == value
        }
    }
}
