import BrigPlan
import BrigPolicy

/// The policy read as its documentation says it, slowly: the standard that filter and verdicts are held to. It shares no code with them.
struct PlainReading {
    static let allow: UInt32 = 0x7fff_0000
    static let log: UInt32 = 0x7ffc_0000
    static let notify: UInt32 = 0x7fc0_0000
    static let errno: UInt32 = 0x0005_0000
    static let killProcess: UInt32 = 0x8000_0000

    let policy: SystemCallPolicy
    let options: SeccompOptions
    private let rules: [UInt32: [SystemCallPolicy.Rule]]
    private let launchCalls: Set<UInt32>
    private let unrecordedCalls: Set<UInt32>

    init(_ policy: SystemCallPolicy, _ options: SeccompOptions) {
        self.policy = policy
        self.options = options
        self.rules = Dictionary(grouping: policy.rules, by: \.number)
        self.launchCalls = Set(options.launchCalls)
        self.unrecordedCalls = Set(options.unrecordedCalls)
    }

    func verdict(_ call: Call) -> SeccompVerdict {
        let isIntel = options.abi == .x86_64
        switch call.architecture {
        case isIntel ? 0xc000_003e : 0xc000_00b7: break
        case 0x4000_0003: return .foreign(.i386)
        case 0x4000_0028: return .foreign(.arm)
        default: return .foreign(.other(call.architecture))
        }
        if call.number == 0xffff_ffff { return .unknown }
        if isIntel, (call.number >> 30) % 2 == 1 { return .foreign(.x32) }
        if call.number > policy.baseline { return .unknown }

        let actions = (rules[call.number] ?? []).filter { $0.conditions.allSatisfy { condition in holds(condition, call) } }.map(\.action)
        if actions.contains(.kill) { return .kill }
        if options.forbidSetIDBits, let number = setIDErrno(call) { return .errno(number) }
        for action in actions {
            if case .errno(let number) = action { return .errno(number) }
            if action == .absent { return .unknown }
        }
        if actions.contains(.log) { return .log }
        if actions.contains(.allow) { return .allow }
        return switch policy.defaultAction {
        case .allow: .allow
        case .errno(let number): .errno(number)
        case .absent: .unknown
        case .kill: .kill
        case .log: .log
        }
    }

    /// The answer that the filter must give where this is the verdict.
    func answer(_ call: Call, _ verdict: SeccompVerdict) -> UInt32 {
        let isNative: Bool
        if case .foreign = verdict { isNative = false } else { isNative = true }
        if isNative, launchCalls.contains(call.number), call.arguments[5] == options.launchKey.value { return Self.allow }
        if policy.record == .all, options.tracesAllowed, call.number != .max || !isNative {
            return verdict == .allow ? Self.allow : verdict == .log ? Self.log : Self.notify
        }
        if policy.record == .all, call.number != .max || !isNative {
            if !(isNative && unrecordedCalls.contains(call.number) && call.number <= policy.baseline) { return Self.notify }
        }
        let isSilent = policy.record == .none
        return switch verdict {
        case .allow: Self.allow
        case .log: Self.log
        case .unknown: Self.errno + 38
        case .errno(let number): isSilent ? Self.errno + UInt32(number) : Self.notify
        case .kill: isSilent ? Self.killProcess : Self.notify
        case .foreign: isSilent ? Self.errno + 38 : Self.notify
        }
    }

    private func holds(_ condition: SystemCallPolicy.Condition, _ call: Call) -> Bool {
        var argument = call.arguments[Int(condition.index)]
        var value = condition.value
        if condition.isWord {
            argument %= 1 << 32
            value %= 1 << 32
        }
        switch condition.comparison {
        case .equal: return argument == value
        case .notEqual: return argument != value
        case .less: return argument < value
        case .lessOrEqual: return argument <= value
        case .greater: return argument > value
        case .greaterOrEqual: return argument >= value
        case .maskedEqual: return (argument & condition.mask) == value
        }
    }

    /// The error number where the call could put a set-user-id or set-group-id bit on a file.
    private func setIDErrno(_ call: Call) -> Int32? {
        if call.number == 437 || call.number == 425 { return 38 }
        let intel: [UInt32: (mode: Int, flags: Int?)] = [
            90: (1, nil), 91: (1, nil), 268: (2, nil), 452: (2, nil), 133: (1, nil), 259: (2, nil), 2: (2, 1), 257: (3, 2), 85: (1, nil),
        ]
        let arm: [UInt32: (mode: Int, flags: Int?)] = [52: (1, nil), 53: (2, nil), 452: (2, nil), 33: (2, nil), 56: (3, 2)]
        guard let place = (options.abi == .x86_64 ? intel : arm)[call.number] else { return nil }
        if let flags = place.flags, call.arguments[flags] & (0o100 | 0o20_000_000) == 0 { return nil }
        return call.arguments[place.mode] & 0o6000 == 0 ? nil : 1
    }
}
