/// What a job's cgroup says that the job used. A missing figure has its reason in `unavailable`, under the report's JSON pointer.
struct CgroupUsage: Equatable {
    var memoryPeak: UInt64?
    var memoryPeakSource: String?
    var swapPeak: UInt64?
    var oomKills: UInt64?
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
