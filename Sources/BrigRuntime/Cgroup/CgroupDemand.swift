internal import BrigPolicy
internal import BrigReport
internal import BrigSystem
internal import Glibc

/// What a job's cgroup must bound, and what is only wanted.
struct CgroupDemand: Equatable {
    /// Bytes.
    var memory: UInt64?
    var isMemoryRequired = false
    /// Bytes of swap on top; nil: not bounded (without a memory ceiling).
    var swap: UInt64?
    var isSwapRequired = false
    var oomGroup = true
    var pids: UInt64?
    var isPIDsRequired = false
    var milliCPUs: UInt64?
    var isCPURequired = false
    /// CPU time over the whole tree has to be measured while it runs.
    var needsCPUTime = false
    var isCPUTimeRequired = false
    var io: [Policy.IOLimit] = []

    init(_ limits: Policy.Limits) {
        memory = limits.memory?.value.bytes
        isMemoryRequired = limits.memory?.isRequired ?? false
        if memory != nil {
            swap = limits.swap.value.bytes
            // A swap bound without the memory ceiling that it belongs to means nothing.
            isSwapRequired = limits.swap.isRequired && isMemoryRequired
        }
        oomGroup = limits.oomGroup
        pids = limits.pids?.value
        isPIDsRequired = limits.pids?.isRequired ?? false
        milliCPUs = limits.milliCPUs?.value
        isCPURequired = limits.milliCPUs?.isRequired ?? false
        needsCPUTime = limits.cpuTime != nil
        isCPUTimeRequired = limits.cpuTime?.isRequired ?? false
        io = limits.io
    }

    /// Controllers, by their version 2 names, with whether the job may not run without.
    var controllers: [(name: String, isRequired: Bool)] {
        var needed = [("memory", isMemoryRequired || isSwapRequired), ("pids", isPIDsRequired)]
        if milliCPUs != nil { needed.append(("cpu", isCPURequired)) }
        if !io.isEmpty { needed.append(("io", io.contains { $0.isRequired })) }
        return needed
    }

    /// Sets the ceiling of swap by `set`. A kernel that does not account swap has no file for it: nothing is missing then where no swap is in use.
    static func limitSwap(isRequired: Bool, _ set: () throws(SystemError) -> Void) throws(SystemError) -> [JobReport.Degradation] {
        do throws(SystemError) {
            try set()
        } catch  where error.errno == ENOENT {
            let hasSwap = try readText("/proc/swaps").split(separator: "\n").count > 1
            if hasSwap && isRequired { throw error }
            if hasSwap { return [JobReport.Degradation(protection: "swap", reason: "this kernel does not account swap")] }
        }
        return []
    }

    /// Sets each limit of a disk by `set`: a path may be on no disk, or on one that cannot be throttled.
    func limitIO(_ set: (IORates) throws(SystemError) -> Void) throws(SystemError) -> [JobReport.Degradation] {
        var degraded: [JobReport.Degradation] = []
        for limit in io { degraded += try Self.limit("io", isRequired: limit.isRequired) { () throws(SystemError) in try set(try limit.rates) } }
        return degraded
    }

    /// Sets a ceiling by `set`. Throws where it is required and the kernel refuses it; gives it where it is not.
    static func limit(_ protection: String, isRequired: Bool, _ set: () throws(SystemError) -> Void) throws(SystemError) -> [JobReport.Degradation] {
        do throws(SystemError) {
            try set()
            return []
        } catch {
            if isRequired { throw error }
            return [JobReport.Degradation(protection: protection, reason: error.description)]
        }
    }
}
