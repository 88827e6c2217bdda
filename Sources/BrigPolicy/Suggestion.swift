/// The known name that a misspelt one most likely means.
public enum Suggestion {
    /// ` (did you mean "openat"?)`, or nothing where no known name is near.
    public static func text(for name: String, among known: some Sequence<String>) -> String {
        nearest(to: name, among: known).map { " (did you mean \"\($0)\"?)" } ?? ""
    }

    /// The first of the known names at the least distance, if that is at most a third of the name's length.
    public static func nearest(to name: String, among known: some Sequence<String>) -> String? {
        let wanted = Array(name.utf8)
        // Nobody misspells a name of this length, and comparing takes length times length.
        guard wanted.count <= 64 else { return nil }
        var best: (name: String, distance: Int)?
        let limit = max(1, wanted.count / 3)
        for candidate in known where abs(candidate.utf8.count - wanted.count) <= limit {
            let distance = distance(wanted, Array(candidate.utf8))
            if distance <= limit, distance < best?.distance ?? .max { best = (candidate, distance) }
        }
        return best?.name
    }

    /// Letters to insert, remove, change or swap with their neighbour, case apart (optimal string alignment).
    private static func distance(_ a: [UInt8], _ b: [UInt8]) -> Int {
        var beforeLast: [Int] = []
        var last = Array(0...b.count)
        for i in a.indices {
            var row = [i + 1]
            row.reserveCapacity(b.count + 1)
            for j in b.indices {
                let isSame = a[i] | 0x20 == b[j] | 0x20
                var cost = min(last[j + 1] + 1, row[j] + 1, last[j] + (isSame ? 0 : 1))
                if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { cost = min(cost, beforeLast[j - 1] + 1) }
                row.append(cost)
            }
            (beforeLast, last) = (last, row)
        }
        return last[b.count]
    }
}
