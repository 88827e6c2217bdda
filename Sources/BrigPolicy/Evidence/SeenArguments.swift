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
        var compared: [Compared] = []
        for (place, arguments) in call.values.sorted(by: { $0.key < $1.key }) {
            let what = arguments[0].what
            // A report keeps a bounded number of values; what it left out is not known.
            guard arguments.reduce(0, { $0 + $1.count }) == call.total else {
                leaveOpen(what, Self.isMissing)
                continue
            }
            if let kind = SystemCallCatalog.entry(call.name)?.argument(Int(place)), kind == .pointer { continue }
            if Self.isFlags(call.name, place) { addFlags(place, arguments) } else { compared.append(Compared(place: place, what: what, arguments: arguments)) }
        }
        if let seen = call.combinations(of: compared.map(\.place)), seen.count <= Self.maximumRules {
            let common = alternatives[0]
            alternatives = seen.sorted { $0.lexicographicallyPrecedes($1) }.map { values in common + zip(compared, values).map { $0.condition($1) } }
        } else {
            for argument in compared { multiply(argument) }
        }
    }

    /// An argument that is compared with values.
    private struct Compared {
        let place: UInt8
        let what: String
        let arguments: [ObservedCalls.Argument]

        func condition(_ value: UInt64) -> JSONValue {
            let operand = arguments.first { $0.value == value }.map(SeenArguments.operand) ?? .string("0x" + String(value, radix: 16))
            return ["index": .integer(Int64(place)), "op": "equal", "value": operand]
        }
    }

    private mutating func addFlags(_ place: UInt8, _ arguments: [ObservedCalls.Argument]) {
        let bits = arguments.reduce(UInt64(0)) { $0 | $1.value }
        let condition: JSONValue = ["index": .integer(Int64(place)), "op": "maskedEqual", "value": 0, "mask": .string("0x" + String(~bits & 0xFFFF_FFFF, radix: 16))]
        alternatives = alternatives.map { $0 + [condition] }
        widened.append("\(arguments[0].what) in any combination of those seen: \(arguments.compactMap { $0.name ?? "0x" + String($0.value, radix: 16) }.sorted().joined(separator: ", "))")
    }

    /// Each value with each combination of the arguments before.
    private mutating func multiply(_ compared: Compared) {
        let arguments = compared.arguments.sorted { $0.value < $1.value }
        guard alternatives.count * arguments.count <= Self.maximumRules else {
            leaveOpen(compared.what, "\(arguments.count) values\(alternatives.count > 1 ? " with \(alternatives.count) combinations of the others" : "") are too many for rules")
            return
        }
        if alternatives.count > 1, arguments.count > 1 { widened.append("with any \(compared.what) that was seen, as a report does not tell which values came together") }
        alternatives = alternatives.flatMap { alternative in arguments.map { alternative + [compared.condition($0.value)] } }
    }

    private static let isMissing = "a report does not have the values of all calls"

    private mutating func leaveOpen(_ what: String, _ reason: String) {
        widened.append("any \(what), as \(reason)")
        unknown.append("\(what) (\(reason))")
    }

    /// Flags of which each program uses many combinations, depending on what it finds: those of open(2).
    private static func isFlags(_ call: String, _ index: UInt8) -> Bool { call == "open" && index == 1 || call == "openat" && index == 2 }

    /// The value by its name, where that stands for all of it (the signal in clone's flags has none).
    fileprivate static func operand(_ argument: ObservedCalls.Argument) -> JSONValue {
        let parts = argument.name?.split(separator: "|").map { PolicyNames.constant(String($0)) } ?? []
        if let name = argument.name, !parts.isEmpty, parts.allSatisfy({ $0 != nil }), parts.reduce(0, { $0 | ($1 ?? 0) }) == argument.value { return .string(name) }
        return .string("0x" + String(argument.value, radix: 16))
    }
}
