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
                do throws(Region.TooLarge) { try arguments(call, allowed) } catch { throw MeaningError(call: call.name) }
            }
        }
        allowedButNotUsed = SystemCallCatalog.entries.filter { $0.number.map { !used.contains($0) && !meaning.allowed($0).isEmpty } ?? false }.map(\.name)
    }

    /// Values with which the call is never allowed, whatever its other arguments are; where there are none, whether it is allowed with all that may have come together.
    private mutating func arguments(_ call: ObservedCalls.Call, _ allowed: Region) throws(Region.TooLarge) {
        // What the report does not tell can be anything.
        var used = Region.all
        var isRefused = false
        for (index, facts) in Dictionary(grouping: call.arguments, by: \.index).sorted(by: { $0.key < $1.key }) {
            var values = Region.empty
            for argument in facts {
                let value = try region(call.name, index, argument.value)
                values = try values.union(value)
                guard try allowed.intersection(value).isEmpty else { continue }
                isRefused = true
                usedButNotAllowed.append("\(call.name) with \(argument.what) \(argument.name ?? "0x" + String(argument.value, radix: 16)): \(Self.times(argument.count))")
            }
            if facts.reduce(0, { $0 + $1.count }) == call.count { used = try used.intersection(values) }
        }
        if isRefused { return }
        if !call.combinations.isEmpty { return try combinations(call, allowed) }
        if try !used.subtracting(allowed).isEmpty { perhaps(call) }
    }

    /// Each value may be allowed, and what came together not.
    private mutating func combinations(_ call: ObservedCalls.Call, _ allowed: Region) throws(Region.TooLarge) {
        var left = Region.empty
        for combination in call.combinations {
            var together = Region.all
            for (place, value) in combination.values { together = try together.intersection(region(call.name, place, value)) }
            if try allowed.intersection(together).isEmpty {
                let values = combination.values.sorted { $0.key < $1.key }.map { place, value in
                    call.arguments.first { $0.index == place && $0.value == value }?.name ?? "0x" + String(value, radix: 16)
                }
                usedButNotAllowed.append("\(call.name) with \(values.joined(separator: ", ")): \(Self.times(combination.count))")
            } else {
                left = try left.union(together)
            }
        }
        if try !left.subtracting(allowed).isEmpty { perhaps(call) }
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
