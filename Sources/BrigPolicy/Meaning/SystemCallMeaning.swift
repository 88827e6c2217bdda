/// What a policy says to every call of this machine's ABI, for all arguments: the answers, and for each the arguments that get it. Two policies
/// mean the same where these are the same, however they are written.
public struct SystemCallMeaning: Sendable {
    public typealias Action = SystemCallPolicy.Action

    /// An answer and the arguments that get it. The regions of one call's parts have nothing in common and leave nothing out.
    public struct Part: Sendable, Equatable {
        public let action: Action
        public let region: Region
    }

    /// By number, of the calls that brig has a name for.
    public let parts: [UInt32: [Part]]

    /// - Throws: where the rules of one call are too many to compare; the name of the call.
    public init(_ policy: SystemCallPolicy) throws(MeaningError) {
        let rules = Dictionary(grouping: policy.rules, by: \.number)
        var parts: [UInt32: [Part]] = [:]
        for call in SystemCallCatalog.entries {
            guard let number = call.number else { continue }
            do throws(Region.TooLarge) {
                parts[number] = number > policy.baseline ? [Part(action: .absent, region: .all)] : try Self.parts(rules[number] ?? [], otherwise: policy.defaultAction)
            } catch {
                throw MeaningError(call: call.name)
            }
        }
        self.parts = parts
    }

    /// The rules of one call in the order in which they win: the most severe first, of equal ones the first.
    private static func parts(_ rules: [SystemCallPolicy.Rule], otherwise: Action) throws(Region.TooLarge) -> [Part] {
        var rest = Region.all
        var parts: [Part] = []
        for rule in inOrder(rules) {
            let region = try Region(rule.conditions).intersection(rest)
            if region.isEmpty { continue }
            rest = try rest.subtracting(region)
            if let index = parts.firstIndex(where: { $0.action == rule.action }) {
                parts[index] = Part(action: rule.action, region: try parts[index].region.union(region))
            } else {
                parts.append(Part(action: rule.action, region: region))
            }
        }
        if rest.isEmpty { return parts }
        if let index = parts.firstIndex(where: { $0.action == otherwise }) {
            parts[index] = Part(action: otherwise, region: try parts[index].region.union(rest))
        } else {
            parts.append(Part(action: otherwise, region: rest))
        }
        return parts
    }

    static func inOrder(_ rules: [SystemCallPolicy.Rule]) -> [SystemCallPolicy.Rule] {
        rules.enumerated().sorted { ($1.element.action.severity, $0.offset) < ($0.element.action.severity, $1.offset) }.map(\.element)
    }

    /// The answers to one call with these six arguments: one, as the regions of its parts have nothing in common. For the test that holds this against
    /// another reading.
    package func answers(_ number: UInt32, _ arguments: [UInt64]) -> [Action] {
        (parts[number] ?? []).filter { part in part.region.parts.contains { $0.contains(arguments) } }.map(\.action)
    }

    /// The arguments with which a call is run (allowed, or run and logged).
    public func allowed(_ number: UInt32) -> Region {
        var region = Region.empty
        for part in parts[number] ?? [] where part.action == .allow || part.action == .log { region = region.joined(part.region) }
        return region
    }
}

/// Rules on one call that differ in too many ways to be compared.
public struct MeaningError: Error, Sendable, Equatable, CustomStringConvertible {
    public let call: String

    public var description: String { "the rules for \(call) compare arguments in too many ways to be told apart (more than \(Region.maximumParts) cases)" }
}

extension SystemCallPolicy.Action {
    /// Which of two rules that both hold wins: the higher one.
    package var severity: Int {
        switch self {
        case .kill: 3
        case .errno, .absent: 2
        case .log: 1
        case .allow: 0
        }
    }

    /// Whether the call is run.
    public var runs: Bool { self == .allow || self == .log }
}
