internal import BrigPolicy
internal import BrigReport
internal import BrigSystem

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

    /// Sets each limit of a disk by `set`: throws where one is required and cannot be set (no disk, or one that cannot be throttled), gives the others.
    func limitIO(_ set: (IORates) throws(SystemError) -> Void) throws(SystemError) -> [JobReport.Degradation] {
        var degraded: [JobReport.Degradation] = []
        for limit in io {
            do throws(SystemError) {
                try set(try limit.rates)
            } catch {
                if limit.isRequired { throw error }
                degraded.append(JobReport.Degradation(protection: "io", reason: error.description))
            }
        }
        return degraded
    }
}
