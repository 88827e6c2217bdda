/// What a job's cgroup says that the job used. A missing figure has its reason in `unavailable`, under the report's JSON pointer.
struct CgroupUsage: Equatable {
    var memoryPeak: UInt64?
    var memoryPeakSource: String?
    var swapPeak: UInt64?
    /// By any out-of-memory killer, also one that acts for a ceiling above the job's or for the machine.
    var oomKills: UInt64?
    /// Memory was refused at the job's own ceiling.
    var isCeilingReached = false
    var memoryLimitHits: UInt64?
    var pidsPeak: UInt64?
    var pidsLimitHits: UInt64?
    var userNanos: UInt64?
    var systemNanos: UInt64?
    var cpuSource: String?
    var throttledNanos: UInt64?
    var throttledPeriods: UInt64?
    var readBytes: UInt64?
    var writtenBytes: UInt64?
    var readOperations: UInt64?
    var writeOperations: UInt64?
    var ioSource: String?
    var memoryPressureMicros: UInt64?
    var cpuPressureMicros: UInt64?
    var ioPressureMicros: UInt64?
    var unavailable: [String: String] = [:]

    /// Kills for the job's own ceiling of memory.
    ///
    /// - Parameter limit: that ceiling; nil where there is none
    func memoryKills(limit: UInt64?) -> UInt64 { limit != nil && isCeilingReached ? oomKills ?? 0 : 0 }

    /// Forks that the job's own ceiling has refused. Before Linux 6.11, and on version 1, the kernel counts here what any ceiling above has refused too: the job's own has refused none
    /// where it was never reached.
    func refusedForks(limit: UInt64?) -> UInt64 {
        guard let limit, let hits = pidsLimitHits else { return 0 }
        return pidsPeak.map { $0 < limit } == true ? 0 : hits
    }
}

/// The values of `key value` lines, as memory.stat, cpu.stat and the event files have them.
func keyedValues(_ text: String) -> [Substring: UInt64] {
    var values: [Substring: UInt64] = [:]
    for line in text.split(separator: "\n") {
        let fields = line.split(separator: " ")
        if fields.count == 2, let value = UInt64(fields[1]) { values[fields[0]] = value }
    }
    return values
}
