/// A policy beside a report: `brig policy diff POLICY --report REPORT`.
public struct ReportDifference: Sendable {
    /// Calls that ran, or were tried, and that the policy does not allow, with the arguments that it does not, a line each; and those of which the report does
    /// not tell.
    public private(set) var usedButNotAllowed: [String] = []
    /// Names of calls that the policy allows and the report does not have.
    public private(set) var allowedButNotUsed: [String] = []

    /// - Throws: where the rules of a call are too many to compare.
    public init(_ policy: SystemCallPolicy, _ report: ObservedCalls) throws(MeaningError) {
        let meaning = try SystemCallMeaning(policy)
        var used: Set<UInt32> = []
        for call in report.calls {
            guard call.isNative else {
                usedButNotAllowed.append("\(call.name) through \(call.abi): \(Self.times(call.count))")
                continue
            }
            used.insert(call.number)
            // A call that the policy answers as absent is not used: the program tried it and has a substitute.
            if call.verdict == "absent", !call.ran, meaning.parts[call.number]?.allSatisfy({ $0.action == .absent }) == true { continue }
            let allowed = meaning.allowed(call.number)
            if allowed.isEmpty {
                usedButNotAllowed.append("\(call.name): \(Self.times(call.count))")
            } else if allowed != .all {
                // As many values as a program likes: the other calls are told all the same.
                do throws(Region.TooLarge) { try arguments(call, allowed) } catch { perhaps(call) }
            }
        }
        allowedButNotUsed = SystemCallCatalog.entries.filter { $0.number.map { !used.contains($0) && !meaning.allowed($0).isEmpty } ?? false }.map(\.name)
    }

    /// Values with which the call is never allowed, whatever its other arguments are; then what came together and is not; and whether there may be more.
    private mutating func arguments(_ call: ObservedCalls.Call, _ allowed: Region) throws(Region.TooLarge) {
        var refused: [UInt8: Set<UInt64>] = [:]
        for argument in call.arguments {
            guard try allowed.intersection(region(call.name, argument.index, argument.value)).isEmpty else { continue }
            refused[argument.index, default: []].insert(argument.value)
            usedButNotAllowed.append("\(call.name) with \(argument.what) \(Self.text(argument)): \(Self.times(argument.count))")
        }
        if call.combinations.isEmpty {
            if refused.isEmpty, try !possible(call).subtracting(allowed).isEmpty { perhaps(call) }
            return
        }
        var isOpen = false
        for combination in call.combinations where !combination.values.contains(where: { refused[$0.key]?.contains($0.value) ?? false }) {
            var together = Region.all
            for (place, value) in combination.values { together = try together.intersection(region(call.name, place, value)) }
            if try allowed.intersection(together).isEmpty {
                usedButNotAllowed.append("\(call.name) with \(Self.text(combination, of: call)): \(Self.times(combination.count))")
            } else if try !together.subtracting(allowed).isEmpty {
                isOpen = true
            }
        }
        if isOpen { perhaps(call) }
    }

    /// All arguments that the calls may have had: what a report does not tell can be anything.
    private func possible(_ call: ObservedCalls.Call) throws(Region.TooLarge) -> Region {
        var possible = Region.all
        for (place, facts) in Dictionary(grouping: call.arguments, by: \.index).sorted(by: { $0.key < $1.key }) where facts.reduce(0, { $0 + $1.count }) == call.count {
            var values = Region.empty
            for value in Set(facts.map(\.value)) { values = try values.union(region(call.name, place, value)) }
            possible = try possible.intersection(values)
        }
        return possible
    }

    private static func text(_ argument: ObservedCalls.Argument) -> String { argument.name ?? "0x" + String(argument.value, radix: 16) }

    /// `AF_INET, SOCK_RAW, 0x0`
    private static func text(_ combination: ObservedCalls.Combination, of call: ObservedCalls.Call) -> String {
        let values = combination.values.sorted { $0.key < $1.key }.map { place, value in call.arguments.first { $0.index == place && $0.value == value }.map(text) ?? "" }
        return values.joined(separator: ", ")
    }

    private mutating func perhaps(_ call: ObservedCalls.Call) {
        usedButNotAllowed.append("\(call.name), perhaps: it is not allowed with all arguments, and the report does not tell those of each call: \(Self.times(call.count))")
    }

    private func region(_ call: String, _ place: UInt8, _ value: UInt64) throws(Region.TooLarge) -> Region {
        let isWord = SystemCallCatalog.entry(call)?.argument(Int(place)) != .long
        return try Region([.init(index: place, comparison: .equal, value: value, isWord: isWord)])
    }

    private static func times(_ count: Int64) -> String { count == 1 ? "once" : "\(count) times" }
}
