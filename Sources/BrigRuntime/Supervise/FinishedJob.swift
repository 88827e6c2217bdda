internal import BrigPolicy
internal import BrigReport
internal import BrigSystem
internal import CBrigLinux
internal import Glibc

/// What getrusage(2) has of init and all that it has reaped, which is the whole tree.
struct ProcessResources {
    let userNanos: UInt64
    let systemNanos: UInt64
    /// Largest resident set of one process, in bytes.
    let maxResidentBytes: UInt64
    let minorFaults: UInt64
    let majorFaults: UInt64
    let voluntarySwitches: UInt64
    let involuntarySwitches: UInt64
    /// In bytes; the kernel counts blocks of 512.
    let readBytes: UInt64
    let writtenBytes: UInt64

    init(_ usage: rusage) {
        userNanos = UInt64(usage.ru_utime.tv_sec) * 1_000_000_000 + UInt64(usage.ru_utime.tv_usec) * 1000
        systemNanos = UInt64(usage.ru_stime.tv_sec) * 1_000_000_000 + UInt64(usage.ru_stime.tv_usec) * 1000
        maxResidentBytes = UInt64(usage.ru_maxrss) * 1024
        minorFaults = UInt64(usage.ru_minflt)
        majorFaults = UInt64(usage.ru_majflt)
        voluntarySwitches = UInt64(usage.ru_nvcsw)
        involuntarySwitches = UInt64(usage.ru_nivcsw)
        readBytes = UInt64(usage.ru_inblock) * 512
        writtenBytes = UInt64(usage.ru_oublock) * 512
    }
}

/// Bytes through the devices of the job's own network namespace (/proc/PID/net/dev).
struct NetworkTraffic {
    private(set) var receivedBytes: UInt64 = 0
    private(set) var sentBytes: UInt64 = 0

    init(_ text: [UInt8]) {
        for line in String(decoding: text, as: UTF8.self).split(separator: "\n") {
            // lo: bytes packets errs drop fifo frame compressed multicast | bytes ...
            guard let colon = line.firstIndex(of: ":") else { continue }
            let fields = line[line.index(after: colon)...].split(separator: " ")
            guard fields.count >= 9, let received = UInt64(fields[0]), let sent = UInt64(fields[8]) else { continue }
            receivedBytes += received
            sentBytes += sent
        }
    }
}

/// All that is known of a job once nothing of it is left.
struct FinishedJob: ~Copyable {
    let supervision: Supervision
    let initStatus: Int32
    let enforcement: JobReport.Enforcement
    let resources: ProcessResources
    let jobStartNanos: UInt64
    let jobEndNanos: UInt64
    let timeline: [JobReport.Sample]
    var usage = CgroupUsage()
    var scratchBytes: UInt64?
    var scratchInodes: UInt64?
    var network: NetworkTraffic?
    var violations: [JobReport.Violation] = []
    /// Why the violations may not be all; nil where they are.
    var violationsGap: String?
    var systemCalls = JobReport.SystemCalls()
    var stdoutBytes: UInt64?
    var stderrBytes: UInt64?
    var stdout: JobReport.Captured?
    var stderr: JobReport.Captured?

    init(
        supervision: Supervision, initStatus: Int32, enforcement: JobReport.Enforcement, resources: ProcessResources, jobStartNanos: UInt64, jobEndNanos: UInt64,
        timeline: [JobReport.Sample]
    ) {
        self.supervision = supervision
        self.initStatus = initStatus
        self.enforcement = enforcement
        self.resources = resources
        self.jobStartNanos = jobStartNanos
        self.jobEndNanos = jobEndNanos
        self.timeline = timeline
    }

    /// Puts the figures into a report; what is missing gets its reason.
    func fill(_ report: inout JobReport, request: JobRequest) {
        report.unavailable = usage.unavailable
        fillTimes(&report)
        fillMemory(&report)
        fillProcesses(&report)
        fillIO(&report, isFreshNetwork: network != nil)
        fillOutput(&report, isCaptured: request.streams == .capture)
        fillViolations(&report, request)
    }

    /// Notes why a figure is null, unless a better reason is known.
    private func note(_ report: inout JobReport, _ pointer: String, _ isMissing: Bool, _ reason: String) {
        if isMissing, report.unavailable[pointer] == nil { report.unavailable[pointer] = reason }
    }

    private func fillTimes(_ report: inout JobReport) {
        report.time.wallNanos = jobEndNanos - jobStartNanos
        if let user = usage.userNanos, let system = usage.systemNanos {
            (report.time.userNanos, report.time.systemNanos, report.time.source) = (user, system, usage.cpuSource)
        } else {
            (report.time.userNanos, report.time.systemNanos, report.time.source) = (resources.userNanos, resources.systemNanos, "getrusage")
        }
        report.resources.cpu.throttledNanos = usage.throttledNanos
        report.resources.cpu.throttledPeriods = usage.throttledPeriods
        for name in ["throttledNanos", "throttledPeriods"] { note(&report, "/resources/cpu/\(name)", usage.throttledNanos == nil, "no CPU bandwidth limit was set") }
        report.resources.cpu.voluntarySwitches = resources.voluntarySwitches
        report.resources.cpu.involuntarySwitches = resources.involuntarySwitches
        report.resources.faults.minor = resources.minorFaults
        report.resources.faults.major = resources.majorFaults
    }

    private func fillMemory(_ report: inout JobReport) {
        report.resources.memory.peakBytes = usage.memoryPeak
        report.resources.memory.source = usage.memoryPeakSource
        report.resources.memory.limitBytes = enforcement.cgroup?.memoryMax
        report.resources.memory.oomKills = usage.oomKills
        report.resources.memory.limitHits = usage.memoryLimitHits
        report.resources.memory.swapPeakBytes = usage.swapPeak
        report.resources.memory.maxResidentBytes = resources.maxResidentBytes
        let none = "this job had no memory cgroup"
        note(&report, "/resources/memory/peakBytes", usage.memoryPeak == nil, none)
        note(&report, "/resources/memory/limitBytes", enforcement.cgroup?.memoryMax == nil, "no memory ceiling was set")
        note(&report, "/resources/memory/oomKills", usage.oomKills == nil, none)
        note(&report, "/resources/memory/limitHits", usage.memoryLimitHits == nil, none)
        note(&report, "/resources/memory/swapPeakBytes", usage.swapPeak == nil, none)
        note(&report, "/resources/memory/anonPeakBytes", true, "the kernel keeps no peak of anonymous memory alone")
    }

    private func fillProcesses(_ report: inout JobReport) {
        report.resources.pids.peak = usage.pidsPeak
        report.resources.pids.source = usage.pidsPeak == nil ? nil : "pids.peak"
        report.resources.pids.limit = enforcement.cgroup?.pidsMax
        report.resources.pids.limitHits = usage.pidsLimitHits
        let none = "this job had no pids cgroup"
        note(&report, "/resources/pids/peak", usage.pidsPeak == nil, none)
        note(&report, "/resources/pids/limit", enforcement.cgroup?.pidsMax == nil, "no ceiling of processes was set")
        note(&report, "/resources/pids/limitHits", usage.pidsLimitHits == nil, none)
        report.resources.timeline = timeline
        if timeline.contains(where: { $0.memoryBytes == nil || $0.cpuMillis == nil || $0.pids == nil }) {
            note(&report, "/resources/timeline", true, "only figures that the job's cgroup keeps while it runs are sampled")
        }
        note(&report, "/enforcement/cgroup/memoryMax", enforcement.cgroup != nil && enforcement.cgroup?.memoryMax == nil, "no memory ceiling was set")
        note(&report, "/enforcement/cgroup/swapMax", enforcement.cgroup != nil && enforcement.cgroup?.swapMax == nil, "no swap ceiling was set, or the kernel does not account swap")
        note(&report, "/enforcement/cgroup/pidsMax", enforcement.cgroup != nil && enforcement.cgroup?.pidsMax == nil, "no ceiling of processes was set")
        note(&report, "/enforcement/seccomp/filters", enforcement.seccomp.filters == nil, "this kernel does not count filters (since 5.9)")
        note(&report, "/host/cgroupVersion", enforcement.cgroup == nil, "no cgroup was used")
        note(&report, "/image/layers", report.image?.layers == nil, "the image has no layers")
    }

    private func fillIO(_ report: inout JobReport, isFreshNetwork: Bool) {
        if let read = usage.readBytes, let written = usage.writtenBytes {
            (report.resources.io.readBytes, report.resources.io.writtenBytes, report.resources.io.source) = (read, written, usage.ioSource)
        } else {
            (report.resources.io.readBytes, report.resources.io.writtenBytes, report.resources.io.source) = (resources.readBytes, resources.writtenBytes, "getrusage")
        }
        report.resources.io.readOperations = usage.readOperations
        report.resources.io.writeOperations = usage.writeOperations
        for name in ["readOperations", "writeOperations"] { note(&report, "/resources/io/\(name)", usage.readOperations == nil, "counted only with an io limit, by the io controller") }
        for name in ["memory", "cpu", "io"] { note(&report, "/resources/pressure/\(name)SomeMicros", pressure(name) == nil, "pressure is kept by cgroup version 2, for its controllers") }
        report.resources.pressure.memorySomeMicros = usage.memoryPressureMicros
        report.resources.pressure.cpuSomeMicros = usage.cpuPressureMicros
        report.resources.pressure.ioSomeMicros = usage.ioPressureMicros
        report.resources.network.receivedBytes = network?.receivedBytes
        report.resources.network.sentBytes = network?.sentBytes
        for name in ["receivedBytes", "sentBytes"] { note(&report, "/resources/network/\(name)", !isFreshNetwork, "the job's network is not its own") }
        report.resources.scratch.bytes = scratchBytes
        report.resources.scratch.inodes = scratchInodes
    }

    private func pressure(_ name: String) -> UInt64? {
        switch name {
        case "memory": usage.memoryPressureMicros
        case "cpu": usage.cpuPressureMicros
        default: usage.ioPressureMicros
        }
    }

    private func fillOutput(_ report: inout JobReport, isCaptured: Bool) {
        report.output.stdoutBytes = stdoutBytes
        report.output.stderrBytes = stderrBytes
        report.output.stdout = stdout
        report.output.stderr = stderr
        if let stdout, let stderr { report.output.droppedBytes = stdout.droppedBytes + stderr.droppedBytes }
        for name in ["stdoutBytes", "stderrBytes", "droppedBytes"] { note(&report, "/output/\(name)", !isCaptured, "the job's streams were passed through") }
    }

    private func fillViolations(_ report: inout JobReport, _ request: JobRequest) {
        report.violations = violations
        report.unavailable["/violations"] = violationsGap
        for (index, violation) in violations.enumerated() where violation.kind == .apparmor && violation.process != nil && violation.process?.pid == nil {
            report.unavailable["/violations/\(index)/process/pid"] = "the process had ended when the kernel's record of it came"
        }
        // Version 1 tells of the ceiling before the kernel kills, and brig may be first.
        let kills = max(usage.memoryKills(limit: enforcement.cgroup?.memoryMax), supervision.cause == .memory ? 1 : 0)
        if kills > 0 { report.violations.append(JobReport.Violation(kind: .memory, name: "memory", action: "kill", count: kills)) }
        let forks = usage.refusedForks(limit: enforcement.cgroup?.pidsMax)
        if forks > 0 {
            report.violations.append(JobReport.Violation(kind: .pids, name: "fork", action: "EAGAIN", count: forks))
        }
        switch supervision.cause {
        case .wallTime: report.violations.append(JobReport.Violation(kind: .time, name: "wallTime", action: "kill", count: 1))
        case .cpuTime: report.violations.append(JobReport.Violation(kind: .time, name: "cpuTime", action: "kill", count: 1))
        case .output(let stream): report.violations.append(JobReport.Violation(kind: .output, name: stream, action: "kill", count: 1))
        default: break
        }
        // Whatever ended the job: what was dropped before is told.
        for (name, captured) in [("stdout", stdout), ("stderr", stderr)] where supervision.cause != .output(stream: name) {
            if let captured, captured.droppedBytes > 0 {
                report.violations.append(JobReport.Violation(kind: .output, name: name, action: "truncate", count: captured.droppedBytes))
            }
        }
        if let status = supervision.status, status & 0x7f == SIGXFSZ, request.policy.limits.fileSize != nil {
            report.violations.append(JobReport.Violation(kind: .fileSize, name: "fileSize", action: "SIGXFSZ", count: 1))
        }
        report.systemCalls = systemCalls
    }
}
