internal import BrigJSON

extension JobReport {
    /// JSON pointers of figures that are null without a reason in `unavailable`; a finished report has none.
    ///
    /// What is null by its nature is no figure and needs no reason: the exit code beside a signal, the register values of a violation that
    /// was no system call. Figures of the timeline's samples are spoken for together, under `/resources/timeline`.
    public func unexplainedNulls() -> [String] {
        let report = json()
        var pointers = Self.figures.filter { pointer in
            var value: JSONValue? = report
            for name in pointer.split(separator: "/") { value = value?[String(name)] }
            return value == .null
        }
        if resources.timeline.contains(where: { $0.memoryBytes == nil || $0.cpuMillis == nil || $0.pids == nil }) { pointers.append("/resources/timeline") }
        return pointers.filter { unavailable[$0] == nil }
    }

    /// Gives the same reason to every figure at or below a JSON pointer that is null and has none yet; `""` stands for the whole report.
    public mutating func explainNulls(under pointer: String, because reason: String) {
        for null in unexplainedNulls() where pointer.isEmpty || null == pointer || null.hasPrefix(pointer + "/") { unavailable[null] = reason }
    }

    /// Every single-valued figure, as a JSON pointer, in the report's order.
    static let figures: [String] = [
        "/image/layers", "/host/cgroupVersion", "/time/setupNanos", "/time/wallNanos", "/time/userNanos", "/time/systemNanos", "/time/teardownNanos",
        "/resources/memory/peakBytes", "/resources/memory/limitBytes", "/resources/memory/anonPeakBytes", "/resources/memory/oomKills", "/resources/memory/limitHits",
        "/resources/memory/swapPeakBytes", "/resources/memory/maxResidentBytes", "/resources/cpu/throttledNanos", "/resources/cpu/throttledPeriods",
        "/resources/cpu/voluntarySwitches", "/resources/cpu/involuntarySwitches", "/resources/pids/peak", "/resources/pids/limit", "/resources/pids/limitHits",
        "/resources/io/readBytes", "/resources/io/writtenBytes", "/resources/io/readOperations", "/resources/io/writeOperations", "/resources/pressure/memorySomeMicros",
        "/resources/pressure/cpuSomeMicros", "/resources/pressure/ioSomeMicros", "/resources/faults/minor", "/resources/faults/major", "/resources/network/receivedBytes",
        "/resources/network/sentBytes", "/resources/scratch/bytes", "/resources/scratch/inodes", "/output/stdoutBytes", "/output/stderrBytes", "/output/droppedBytes",
        "/enforcement/seccomp/filters", "/enforcement/cgroup/memoryMax", "/enforcement/cgroup/swapMax", "/enforcement/cgroup/pidsMax",
    ]
}
