/// One call, with all that several reports say of it.
struct SeenCall {
    let name: String
    let number: UInt32
    /// How often, by report, in their order.
    private(set) var counts: [(path: String, count: Int64)] = []
    private(set) var total: Int64 = 0
    /// By argument: its values, and how many calls each was seen in.
    private(set) var values: [UInt8: [ObservedCalls.Argument]] = [:]

    /// Values that came together; nil where a report does not tell them for all of its calls.
    private var combinations: Set<[UInt8: UInt64]>? = []

    init(name: String, number: UInt32) {
        self.name = name
        self.number = number
    }

    mutating func add(_ call: ObservedCalls.Call, from path: String) {
        total += call.count
        if call.combinations.isEmpty { combinations = nil } else { combinations?.formUnion(call.combinations.map(\.values)) }
        if let index = counts.firstIndex(where: { $0.path == path }) { counts[index].count += call.count } else { counts.append((path, call.count)) }
        for argument in call.arguments {
            let seen = values[argument.index] ?? []
            if let index = seen.firstIndex(where: { $0.value == argument.value }) {
                let sum = ObservedCalls.Argument(index: argument.index, what: argument.what, value: argument.value, name: argument.name, count: seen[index].count + argument.count)
                values[argument.index]?[index] = sum
            } else {
                values[argument.index, default: []].append(argument)
            }
        }
    }

    /// The values that arguments had together; nil where a report does not tell that.
    func combinations(of places: [UInt8]) -> Set<[UInt64]>? {
        guard places.count > 1, let combinations else { return nil }
        let projected = combinations.map { values in places.compactMap { values[$0] } }
        return projected.allSatisfy({ $0.count == places.count }) ? Set(projected) : nil
    }

    /// `seen 12 times in a.json and once in b.json`
    var sentence: String {
        let parts = counts.map { "\($0.count == 1 ? "once" : "\($0.count) times") in \($0.path)" }
        if parts.count == 1 { return "seen \(parts[0])" }
        return "seen \(parts.dropLast().joined(separator: ", ")) and \(parts[parts.count - 1])"
    }
}
