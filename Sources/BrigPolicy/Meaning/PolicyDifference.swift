internal import BrigSystem

/// What one policy allows that another does not, a line each: `brig policy diff A B`.
public struct PolicyDifference: Sendable, Equatable {
    public enum Kind: String, Sendable {
        /// The second allows more.
        case more = "+"
        /// The second allows less.
        case less = "-"
        /// Another answer, or another value of which neither is more.
        case other = "~"
    }

    public struct Line: Sendable, Equatable, CustomStringConvertible {
        public let kind: Kind
        /// `system call`, `capability`, `path`, `limit`, `network`, `process`, `protection`
        public let topic: String
        public let text: String

        /// `+ system call ptrace: is allowed`
        public var description: String { "\(kind.rawValue) \(topic) \(text)" }
    }

    public private(set) var lines: [Line] = []

    /// Whether the second policy allows something that the first does not.
    public var allowsMore: Bool { lines.contains { $0.kind == .more } }

    /// - Throws: where the rules of a call are too many to compare.
    public init(from first: PolicyLoader.Resolved, to second: PolicyLoader.Resolved) throws(MeaningError) {
        try systemCalls(first.policy.systemCalls, second.policy.systemCalls)
        capabilities(first.policy.capabilities, second.policy.capabilities)
        paths(first.policy, second.policy)
        limits(first.policy.limits, second.policy.limits)
        surroundings(first.policy, second.policy)
    }

    mutating func add(_ kind: Kind, _ topic: String, _ text: String) { lines.append(Line(kind: kind, topic: topic, text: text)) }

    // MARK: System calls

    private mutating func systemCalls(_ first: SystemCallPolicy, _ second: SystemCallPolicy) throws(MeaningError) {
        let one = try SystemCallMeaning(first), other = try SystemCallMeaning(second)
        for call in SystemCallCatalog.entries {
            guard let number = call.number else { continue }
            do throws(Region.TooLarge) {
                let before = one.allowed(number), after = other.allowed(number)
                let more = try after.subtracting(before), less = try before.subtracting(after)
                if !more.isEmpty { add(.more, "system call", before.isEmpty && after == .all ? call.name : "\(call.name): \(Self.some(more, call, all: before.isEmpty))") }
                if !less.isEmpty { add(.less, "system call", after.isEmpty && before == .all ? call.name : "\(call.name): \(Self.some(less, call, all: after.isEmpty))") }
                if more.isEmpty, less.isEmpty, let change = try answers(one.parts[number] ?? [], other.parts[number] ?? []) { add(.other, "system call", "\(call.name): \(change)") }
            } catch {
                throw MeaningError(call: call.name)
            }
        }
        if first.record != second.record { add(.other, "protection", "record of system calls: \(second.record.rawValue) instead of \(first.record.rawValue)") }
    }

    /// The first arguments that are answered otherwise.
    private func answers(_ one: [SystemCallMeaning.Part], _ other: [SystemCallMeaning.Part]) throws(Region.TooLarge) -> String? {
        for part in one {
            for counterpart in other where counterpart.action != part.action {
                if try part.region.intersection(counterpart.region).isEmpty { continue }
                return "\(PolicyExplainer.action(counterpart.action)), before it \(PolicyExplainer.action(part.action))"
            }
        }
        return nil
    }

    /// Arguments by an example, since a region has no short form.
    private static func some(_ region: Region, _ call: SystemCallCatalog.Entry, all: Bool) -> String {
        let example = region.parts[0]
        let values = (0..<6).filter { example.mask[$0] != 0 }.map { "argument \($0) = 0x\(String(example.value[$0], radix: 16))" }
        let what = all ? "with some arguments" : "with more arguments"
        return values.isEmpty ? what : "\(what), for example \(values.joined(separator: ", "))"
    }

    // MARK: Capabilities

    private mutating func capabilities(_ first: Policy.CapabilityPolicy, _ second: Policy.CapabilityPolicy) {
        for number in 0..<64 as Range<UInt32> {
            let before = first.retained >> UInt64(number) & 1, after = second.retained >> UInt64(number) & 1
            if before != after { add(after > before ? .more : .less, "capability", PolicyNames.capabilityName(number) ?? "capability \(number)") }
        }
        if first.isAmbient != second.isAmbient { add(second.isAmbient ? .more : .less, "capability", "in the ambient set") }
    }
}
