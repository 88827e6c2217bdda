internal import BrigReport

/// Distinct attempts, each with its first occurrence and a count.
///
/// Memory does not grow with what the job does: beyond the capacity all others share one entry, whose count is still exact.
struct DistinctViolations<Key: Hashable> {
    static var capacity: Int { 256 }

    private let kind: JobReport.Violation.Kind
    private var indices: [Key: Int] = [:]
    /// Each by itself, those that fit.
    private(set) var first: [JobReport.Violation] = []
    /// How many others there were.
    private(set) var overflow: UInt64 = 0

    init(_ kind: JobReport.Violation.Kind) { self.kind = kind }

    /// Counts one. `violation` is asked only for the first of its kind.
    mutating func add(_ key: Key, violation: () -> JobReport.Violation) {
        if let index = indices[key] {
            first[index].count += 1
        } else if first.count < Self.capacity {
            indices[key] = first.count
            first.append(violation())
        } else {
            overflow += 1
        }
    }

    /// The list for the report, with the entry that stands for all that did not fit.
    var list: [JobReport.Violation] {
        guard overflow > 0 else { return first }
        return first + [JobReport.Violation(kind: kind, name: "others", action: "denied", count: overflow, isSaturated: true)]
    }
}
