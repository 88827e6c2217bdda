internal import BrigReport
internal import BrigSystem
internal import CBrigLinux
internal import Glibc

/// A job's cgroups in version 1 hierarchies, one directory in each that it needs.
final class CgroupV1 {
    struct Member: Equatable {
        let controller: String
        let path: String
    }

    private(set) var members: [Member] = []
    /// In the order in which they were made.
    private(set) var directories: [String] = []
    /// Their `tasks` files, which the child joins by writing to.
    private(set) var tasks: [Int32] = []
    /// Signals that the memory ceiling was reached (memory.oom_control).
    private(set) var oomEvents: Int32 = -1

    deinit {
        for descriptor in tasks { _ = Glibc.close(descriptor) }
        if oomEvents >= 0 { _ = Glibc.close(oomEvents) }
    }

    init() {}

    /// Makes one directory below this process's own cgroup of a hierarchy.
    func add(_ controller: String, _ hierarchy: CgroupMounts.Hierarchy, name: String) throws(SystemError) {
        let path = "\(hierarchy.own)/\(name)"
        members.append(Member(controller: controller, path: path))
        // cpu and cpuacct are often one hierarchy: its directory is both's.
        if directories.contains(path) { return }
        try check("mkdir", path) { unsafe mkdir(path, 0o755) }
        directories.append(path)
        tasks.append(try FileDescriptor.open("\(path)/tasks", .write).release())
    }

    func path(_ controller: String) -> String? { members.first { $0.controller == controller }?.path }

    /// Sets the ceilings. Throws the first that must be set and cannot be; gives those that need not be.
    func apply(_ demand: CgroupDemand) throws(SystemError) -> [JobReport.Degradation] {
        var degraded: [JobReport.Degradation] = []
        if let memory = path("memory") {
            if let limit = demand.memory {
                try writeText("\(limit)", to: "\(memory)/memory.limit_in_bytes")
                if let swap = demand.swap { degraded += try limitSwap(memory, limit + swap, isRequired: demand.isSwapRequired) }
            }
            if demand.oomGroup && demand.memory != nil { oomEvents = try Self.watchMemory(memory) }
        }
        if let pids = path("pids"), let limit = demand.pids { try writeText("\(limit)", to: "\(pids)/pids.max") }
        if let cpu = path("cpu"), let milli = demand.milliCPUs {
            // A kernel without bandwidth control has the controller, and not the files.
            degraded += try CgroupDemand.limit("cpu", isRequired: demand.isCPURequired) { () throws(SystemError) in
                try writeText("100000", to: "\(cpu)/cpu.cfs_period_us")
                try writeText("\(max(milli * 100, 1000))", to: "\(cpu)/cpu.cfs_quota_us")
            }
        }
        guard let blkio = path("blkio") else { return degraded }
        return try degraded + demand.limitIO { (rates) throws(SystemError) in try apply(rates, blkio) }
    }

    /// The ceiling of memory and swap together.
    private func limitSwap(_ memory: String, _ total: UInt64, isRequired: Bool) throws(SystemError) -> [JobReport.Degradation] {
        try CgroupDemand.limitSwap(isRequired: isRequired) { () throws(SystemError) in try writeText("\(total)", to: "\(memory)/memory.memsw.limit_in_bytes") }
    }

    private func apply(_ rates: IORates, _ blkio: String) throws(SystemError) {
        let files = [
            ("read_bps_device", rates.readBytes), ("write_bps_device", rates.writeBytes), ("read_iops_device", rates.readOperations), ("write_iops_device", rates.writeOperations),
        ]
        for (file, rate) in files {
            if let rate { try writeText("\(rates.device) \(rate)", to: "\(blkio)/blkio.throttle.\(file)") }
        }
    }

    private static func watchMemory(_ path: String) throws(SystemError) -> Int32 {
        let control = try FileDescriptor.open("\(path)/memory.oom_control", .read)
        let events = try check("eventfd") { brig_eventfd() }
        do throws(SystemError) {
            try writeText("\(events) \(control.number)", to: "\(path)/cgroup.event_control")
        } catch {
            _ = Glibc.close(events)
            throw error
        }
        return events
    }

    /// The kernel charges memory in steps of up to 64 pages (mm/memcontrol.c), so that the last step below the ceiling may be as far from it.
    private static let chargeBatch = UInt64(64 * getpagesize())

    /// CPU time of the tree so far.
    func cpuNanos() -> UInt64? { number("cpuacct", "cpuacct.usage") }

    func memoryBytes() -> UInt64? { number("memory", "memory.usage_in_bytes") }
    func pidsCurrent() -> UInt64? { number("pids", "pids.current") }

    func usage() -> CgroupUsage {
        var usage = CgroupUsage()
        if path("memory") != nil {
            usage.memoryPeak = number("memory", "memory.max_usage_in_bytes")
            usage.memoryPeakSource = "memory.max_usage_in_bytes"
            // With no swap allowed both ceilings are the same, and only that of memory and swap together, which is asked first, counts.
            usage.memoryLimitHits = number("memory", "memory.failcnt").map { $0 + (number("memory", "memory.memsw.failcnt") ?? 0) }
            usage.oomKills = values("memory", "memory.oom_control")["oom_kill"]
            usage.isCeilingReached = usage.memoryLimitHits ?? 0 > 0
            if usage.memoryLimitHits == 0, let peak = usage.memoryPeak, let limit = number("memory", "memory.limit_in_bytes"), peak > limit - min(limit, Self.chargeBatch) {
                // Newer kernels count no refusals here; what was refused began at the ceiling.
                usage.isCeilingReached = true
                usage.memoryLimitHits = nil
                usage.unavailable["/resources/memory/limitHits"] = "the ceiling was reached, and this kernel keeps memory.failcnt at 0"
            }
            usage.unavailable["/resources/memory/swapPeakBytes"] = "cgroup version 1 records no peak of swap alone"
        }
        if path("pids") != nil {
            usage.pidsPeak = number("pids", "pids.peak")
            if usage.pidsPeak == nil { usage.unavailable["/resources/pids/peak"] = "this kernel has no pids.peak (Linux 6.1 has it)" }
            usage.pidsLimitHits = values("pids", "pids.events")["max"]
        }
        if path("cpuacct") != nil {
            usage.userNanos = number("cpuacct", "cpuacct.usage_user")
            usage.systemNanos = number("cpuacct", "cpuacct.usage_sys")
            usage.cpuSource = "cpuacct.usage_user, cpuacct.usage_sys"
        }
        if path("cpu") != nil {
            let stat = values("cpu", "cpu.stat")
            usage.throttledNanos = stat["throttled_time"]
            usage.throttledPeriods = stat["nr_throttled"]
        }
        if let blkio = path("blkio") { usage.addBlockIO(blkio) }
        return usage
    }

    /// What the kernel has as limits now.
    func readBack() -> CgroupCeilings {
        let memory = number("memory", "memory.limit_in_bytes")
        let total = number("memory", "memory.memsw.limit_in_bytes")
        let swap = memory.flatMap { memory in total.map { $0 >= memory ? $0 - memory : 0 } }
        var cpu: String?
        if let quota = number("cpu", "cpu.cfs_quota_us"), let period = number("cpu", "cpu.cfs_period_us") { cpu = "\(quota) \(period)" }
        return CgroupCeilings(memory: memory, swap: swap, pids: number("pids", "pids.max"), cpu: cpu, io: rates())
    }

    /// Version 1 has a file for each rate.
    private func rates() -> [String] {
        [("rbps", "read_bps_device"), ("wbps", "write_bps_device"), ("riops", "read_iops_device"), ("wiops", "write_iops_device")].flatMap { name, file in
            (text("blkio", "blkio.throttle.\(file)") ?? "").split(separator: "\n").map { $0.split(separator: " ") }.filter { $0.count == 2 }.map { "\($0[0]) \(name)=\($0[1])" }
        }
    }

    private func text(_ controller: String, _ file: String) -> String? {
        guard let path = path(controller) else { return nil }
        do { return try readText("\(path)/\(file)") } catch { return nil }  // a kernel without the file
    }

    private func number(_ controller: String, _ file: String) -> UInt64? {
        text(controller, file).flatMap { UInt64($0.prefix { $0 != "\n" }) }
    }

    private func values(_ controller: String, _ file: String) -> [Substring: UInt64] { text(controller, file).map(keyedValues) ?? [:] }
}

extension CgroupUsage {
    /// blkio.throttle.io_service_bytes and io_serviced: `8:0 Read 4096` lines, by device.
    fileprivate mutating func addBlockIO(_ path: String) {
        func sums(_ file: String) -> (read: UInt64, write: UInt64)? {
            guard let text = { () -> String? in do { return try readText("\(path)/\(file)") } catch { return nil } }() else { return nil }
            var sums: (read: UInt64, write: UInt64) = (0, 0)
            for line in text.split(separator: "\n") {
                let fields = line.split(separator: " ")
                guard fields.count == 3, let value = UInt64(fields[2]) else { continue }
                if fields[1] == "Read" { sums.read += value }
                if fields[1] == "Write" { sums.write += value }
            }
            return sums
        }
        guard let bytes = sums("blkio.throttle.io_service_bytes"), let operations = sums("blkio.throttle.io_serviced") else { return }
        (readBytes, writtenBytes) = (bytes.read, bytes.write)
        (readOperations, writeOperations) = (operations.read, operations.write)
        ioSource = "blkio.throttle.io_service_bytes"
    }
}
