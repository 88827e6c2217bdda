internal import BrigSystem

/// Processors count side by side, each in a lane of its own; on a machine with very many of them some share one.
struct Lanes: Equatable {
    private static let maximum = 512

    /// A power of two.
    let count: Int
    let areShared: Bool

    /// - Parameter processors: how many there may be; nil where that is not known
    init(processors: Int?) {
        guard let processors, processors > 0 else {
            (count, areShared) = (16, true)
            return
        }
        var count = 1
        while count < min(processors, Self.maximum) { count *= 2 }
        self.count = count
        areShared = processors > count
    }

    /// Those of this machine: the numbers of its processors end with the last of a list such as `0-3` or `0,2-7`.
    static func current() -> Lanes {
        let text: String
        do { text = try readText("/sys/devices/system/cpu/possible") } catch { return Lanes(processors: nil) }
        let last = text.split { $0 == "," || $0 == "-" || $0 == "\n" }.last.flatMap { Int($0) }
        return Lanes(processors: last.map { $0 + 1 })
    }
}
