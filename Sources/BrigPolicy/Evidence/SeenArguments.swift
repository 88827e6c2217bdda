internal import BrigJSON

/// What the values of a call's arguments become in a rule: conditions that all must hold, each with alternatives, and what was widened.
struct SeenArguments {
    /// A rule's `args`, one list an alternative.
    private(set) var alternatives: [[JSONValue]] = [[]]
    /// Sentences about what a report's facts cannot decide.
    private(set) var widened: [String] = []
    /// Arguments by which a policy would be tighter, and that it leaves open: values are missing in a report, or are too many for rules.
    private(set) var unknown: [String] = []

    /// A rule for each combination of values, up to so many. A job that crowds its report with values gets no wider policy by that.
    static let maximumRules = 64

    init(_ call: SeenCall) {
        for argument in KeptArguments.all where argument.call == call.name && call.values[UInt8(argument.index)] == nil { leaveOpen(argument.what, Self.isMissing) }
        for (index, arguments) in call.values.sorted(by: { $0.key < $1.key }) { add(call, index, arguments) }
    }

    private mutating func add(_ call: SeenCall, _ index: UInt8, _ arguments: [ObservedCalls.Argument]) {
        let what = arguments[0].what
        // A report keeps a bounded number of values; what it left out is not known.
        guard arguments.reduce(0, { $0 + $1.count }) == call.total else {
            leaveOpen(what, Self.isMissing)
            return
        }
        if let kind = SystemCallCatalog.entry(call.name)?.argument(Int(index)), kind == .pointer { return }
        if Self.isFlags(call.name, index) {
            let bits = arguments.reduce(UInt64(0)) { $0 | $1.value }
            let condition: JSONValue = ["index": .integer(Int64(index)), "op": "maskedEqual", "value": 0, "mask": .string("0x" + String(~bits & 0xFFFF_FFFF, radix: 16))]
            alternatives = alternatives.map { $0 + [condition] }
            widened.append("\(what) in any combination of those seen: \(arguments.compactMap { $0.name ?? "0x" + String($0.value, radix: 16) }.sorted().joined(separator: ", "))")
            return
        }
        guard alternatives.count * arguments.count <= Self.maximumRules else {
            leaveOpen(what, "\(arguments.count) values\(alternatives.count > 1 ? " with \(alternatives.count) combinations of the others" : "") are too many for rules")
            return
        }
        let conditions: [JSONValue] = arguments.sorted { $0.value < $1.value }.map { ["index": .integer(Int64(index)), "op": "equal", "value": Self.operand($0)] }
        if alternatives.count > 1, conditions.count > 1 { widened.append("with any \(what) that was seen, as a report does not tell which values came together") }
        alternatives = alternatives.flatMap { alternative in conditions.map { alternative + [$0] } }
    }

    private static let isMissing = "a report does not have the values of all calls"

    private mutating func leaveOpen(_ what: String, _ reason: String) {
        widened.append("any \(what), as \(reason)")
        unknown.append("\(what) (\(reason))")
    }

    /// Flags of which each program uses many combinations, depending on what it finds: those of open(2).
    private static func isFlags(_ call: String, _ index: UInt8) -> Bool { call == "open" && index == 1 || call == "openat" && index == 2 }

    /// The value by its name, where that stands for all of it (the signal in clone's flags has none).
    private static func operand(_ argument: ObservedCalls.Argument) -> JSONValue {
        let parts = argument.name?.split(separator: "|").map { PolicyNames.constant(String($0)) } ?? []
        if let name = argument.name, !parts.isEmpty, parts.allSatisfy({ $0 != nil }), parts.reduce(0, { $0 | ($1 ?? 0) }) == argument.value { return .string(name) }
        return .string("0x" + String(argument.value, radix: 16))
    }
}
