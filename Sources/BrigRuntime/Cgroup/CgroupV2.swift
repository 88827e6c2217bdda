internal import BrigPolicy
internal import BrigReport
internal import BrigSystem
internal import Glibc

/// A job's cgroup in the unified hierarchy (Documentation/admin-guide/cgroup-v2.rst of the kernel).
final class CgroupV2 {
    let path: String
    /// The child starts in it (CLONE_INTO_CGROUP).
    let directory: FileDescriptor
    private let parent: CgroupParent
    /// Controllers that its parent has enabled for it.
    private var controllers: Set<String> { parent.controllers }

    init(parent: CgroupParent, name: String) throws(SystemError) {
        path = "\(parent.path)/\(name)"
        self.parent = parent
        let path = self.path
        try check("mkdir", path) { unsafe mkdir(path, 0o755) }
        directory = try FileDescriptor.open(path, [.read, .directory])
    }

    /// Sets the ceilings. Throws the first that must be set and cannot be; gives those that need not be.
    func apply(_ demand: CgroupDemand) throws(SystemError) -> [JobReport.Degradation] {
        var degraded: [JobReport.Degradation] = []
        if controllers.contains("memory") {
            if let limit = demand.memory {
                try set("memory.max", "\(limit)")
                if let swap = demand.swap { degraded += try limitSwap(swap, isRequired: demand.isSwapRequired) }
                if demand.oomGroup { try set("memory.oom.group", "1") }
            }
        }
        if controllers.contains("pids"), let limit = demand.pids { try set("pids.max", "\(limit)") }
        if controllers.contains("cpu"), let milli = demand.milliCPUs {
            // A kernel without bandwidth control has the controller, and not the file.
            degraded += try CgroupDemand.limit("cpu", isRequired: demand.isCPURequired) { () throws(SystemError) in try set("cpu.max", "\(max(milli * 100, 1000)) 100000") }
        }
        // A job that cannot write here cannot make groups of its own either; this is for the day when it can.
        try set("cgroup.max.descendants", "0")
        guard controllers.contains("io") else { return degraded }
        return try degraded + demand.limitIO { (rates) throws(SystemError) in try set("io.max", rates.version2) }
    }

    private func limitSwap(_ bytes: UInt64, isRequired: Bool) throws(SystemError) -> [JobReport.Degradation] {
        try CgroupDemand.limitSwap(isRequired: isRequired) { () throws(SystemError) in try set("memory.swap.max", "\(bytes)") }
    }

    /// Removes it, once nobody is in it, and with it what was changed to make room for it.
    func remove() throws(SystemError) {
        try Cgroup.remove([path])
        try parent.leave()
    }

    func kill() throws(SystemError) {
        do throws(SystemError) {
            try set("cgroup.kill", "1")
        } catch  where error.errno == ENOENT {
            return  // before 5.14; the end of the pid namespace ends all its processes as well
        }
    }

    func cpuNanos() -> UInt64? { values("cpu.stat")["usage_usec"].map { $0 * 1000 } }
    func memoryBytes() -> UInt64? { number("memory.current") }
    func pidsCurrent() -> UInt64? { number("pids.current") }

    func usage() -> CgroupUsage {
        var usage = CgroupUsage()
        addMemory(&usage)
        addProcesses(&usage)
        addCPU(&usage)
        addIO(&usage)
        // The files of every group, whichever controllers it has.
        usage.memoryPressureMicros = pressure("memory.pressure", "memorySomeMicros", &usage)
        usage.cpuPressureMicros = pressure("cpu.pressure", "cpuSomeMicros", &usage)
        usage.ioPressureMicros = pressure("io.pressure", "ioSomeMicros", &usage)
        return usage
    }

    private func addMemory(_ usage: inout CgroupUsage) {
        guard controllers.contains("memory") else { return }
        usage.memoryPeak = number("memory.peak")
        usage.memoryPeakSource = usage.memoryPeak == nil ? nil : "memory.peak"
        if usage.memoryPeak == nil { usage.unavailable["/resources/memory/peakBytes"] = "this kernel has no memory.peak (it came with 5.19)" }
        usage.swapPeak = number("memory.swap.peak")
        if usage.swapPeak == nil { usage.unavailable["/resources/memory/swapPeakBytes"] = "this kernel has no memory.swap.peak (it came with 6.5, and needs swap accounting)" }
        let events = values("memory.events")
        usage.oomKills = events["oom_kill"]
        usage.isCeilingReached = events["oom"] ?? 0 > 0
        usage.memoryLimitHits = events["max"]
    }

    private func addProcesses(_ usage: inout CgroupUsage) {
        guard controllers.contains("pids") else { return }
        usage.pidsPeak = number("pids.peak")
        if usage.pidsPeak == nil { usage.unavailable["/resources/pids/peak"] = "this kernel has no pids.peak (Linux 6.1 has it)" }
        usage.pidsLimitHits = values("pids.events")["max"]
    }

    private func addCPU(_ usage: inout CgroupUsage) {
        let stat = values("cpu.stat")
        usage.userNanos = stat["user_usec"].map { $0 * 1000 }
        usage.systemNanos = stat["system_usec"].map { $0 * 1000 }
        usage.cpuSource = usage.userNanos == nil ? nil : "cpu.stat"
        usage.throttledNanos = stat["throttled_usec"].map { $0 * 1000 }
        usage.throttledPeriods = stat["nr_throttled"]
    }

    private func addIO(_ usage: inout CgroupUsage) {
        guard controllers.contains("io"), let text = text("io.stat") else { return }
        var sums: [Substring: UInt64] = ["rbytes": 0, "wbytes": 0, "rios": 0, "wios": 0]
        for field in text.split(whereSeparator: { $0 == " " || $0 == "\n" }) {
            let parts = field.split(separator: "=")
            if parts.count == 2, let value = UInt64(parts[1]) { sums[parts[0], default: 0] += value }
        }
        (usage.readBytes, usage.writtenBytes) = (sums["rbytes"], sums["wbytes"])
        (usage.readOperations, usage.writeOperations) = (sums["rios"], sums["wios"])
        usage.ioSource = "io.stat"
    }

    /// The total of the `some` line: `some avg10=0.00 avg60=0.00 avg300=0.00 total=12`.
    private func pressure(_ file: String, _ figure: String, _ usage: inout CgroupUsage) -> UInt64? {
        if let line = text(file)?.split(separator: "\n").first(where: { $0.hasPrefix("some ") }),
            let total = line.split(separator: " ").first(where: { $0.hasPrefix("total=") }), let micros = UInt64(total.dropFirst(6))
        {
            return micros
        }
        usage.unavailable["/resources/pressure/\(figure)"] = "this kernel keeps no pressure figures (PSI)"
        return nil
    }

    /// What the kernel has as limits now.
    func readBack() -> CgroupCeilings {
        CgroupCeilings(
            memory: number("memory.max"), swap: number("memory.swap.max"), pids: number("pids.max"), cpu: text("cpu.max").map { String($0.prefix { $0 != "\n" }) },
            io: (text("io.max") ?? "").split(separator: "\n").map(String.init))
    }

    private func set(_ file: String, _ value: String) throws(SystemError) { try writeText(value, to: "\(path)/\(file)") }

    private func text(_ file: String) -> String? {
        do { return try readText("\(path)/\(file)") } catch { return nil }  // a kernel or a controller without the file
    }

    private func number(_ file: String) -> UInt64? { text(file).flatMap { UInt64($0.prefix { $0 != "\n" }) } }
    private func values(_ file: String) -> [Substring: UInt64] { text(file).map(keyedValues) ?? [:] }
}
