internal import BrigReport
internal import BrigSystem
internal import Glibc

/// Decides the reason of a job's end from evidence.
struct Outcome {
    let supervision: Supervision
    /// The wait status of init.
    let initStatus: Int32
    let usage: CgroupUsage
    let memoryLimit: UInt64?
    let cgroupVersion: Int?
    let limits: Limits
    /// The filter kills by itself (record none).
    let filterKills: Bool

    struct Limits: Equatable {
        var wallNanos: UInt64?
        var cpuNanos: UInt64?
        var outputBytes: UInt64
    }

    func result() -> JobReport.JobResult {
        if let cause = supervision.cause { return result(of: cause) }
        if let status = supervision.status { return ended(status) }
        // Nobody told brig, and brig did not end it: the kernel did (version 2 ends a cgroup as a whole), or somebody outside.
        let kills = usage.memoryKills(limit: memoryLimit)
        if kills > 0 { return memory(kills: kills, mainStatus: nil) }
        return JobReport.JobResult(
            reason: .internalError, message: "the job's init ended without a word (\(Self.statusText(initStatus))): it was killed from outside\(foreignKiller ?? "")",
            evidence: ["initStatus": .integer(Int64(initStatus))].merging(foreignEvidence) { $1 })
    }

    private func result(of cause: Supervision.Cause) -> JobReport.JobResult {
        switch cause {
        case .wallTime:
            let limit = Self.seconds(limits.wallNanos ?? 0)
            return JobReport.JobResult(reason: .wallTime, signal: "SIGKILL", message: "ended after the wall time limit of \(limit)", evidence: ["timer": .text("CLOCK_MONOTONIC, \(limit)")])
        case .cpuTime(let nanos):
            let limit = Self.seconds(limits.cpuNanos ?? 0)
            return JobReport.JobResult(
                reason: .cpuTime, signal: "SIGKILL", message: "ended after \(Self.seconds(nanos)) of CPU time, above the limit of \(limit)",
                evidence: ["cpuNanos": .integer(Int64(clamping: nanos)), "limitNanos": .integer(Int64(clamping: limits.cpuNanos ?? 0))])
        case .memory: return memory(kills: usage.memoryKills(limit: memoryLimit), mainStatus: supervision.status)
        case .violation(let call):
            return JobReport.JobResult(
                reason: .policyViolation, signal: "SIGKILL", message: "ended for calling \(call), which the policy forbids", evidence: ["systemCall": .text(call)])
        case .deniedAccess(let access):
            return JobReport.JobResult(
                reason: .policyViolation, signal: "SIGKILL", message: "ended for an access that its AppArmor profile forbids: \(access)", evidence: ["access": .text(access)])
        case .pids:
            return JobReport.JobResult(
                reason: .pidsLimit, signal: "SIGKILL", message: "ended for reaching its ceiling of processes", evidence: ["pids.events max": .integer(Int64(clamping: usage.pidsLimitHits ?? 0))])
        case .output(let stream):
            return JobReport.JobResult(
                reason: .outputLimit, signal: "SIGKILL", message: "ended for writing more than \(ByteCount(limits.outputBytes)) to \(stream)", evidence: ["stream": .text(stream)])
        case .signal(let number):
            return JobReport.JobResult(
                reason: .cancelled, signal: "SIGKILL", message: "ended because brig received \(signalName(number))",
                evidence: [JobReport.JobResult.EvidenceName.cancelSignal: .text(signalName(number))])
        case .failure(let error): return JobReport.JobResult(reason: .internalError, message: "\(error)", evidence: ["stage": .text(error.stage)])
        }
    }

    /// The main process ended by itself, or by a signal that brig did not send.
    private func ended(_ status: Int32) -> JobReport.JobResult {
        if status & 0x7f == 0 {
            let code = Int(status >> 8 & 0xff)
            return JobReport.JobResult(reason: .exited, exitCode: code, message: "exited with status \(code)", evidence: ["waitStatus": .integer(Int64(status))])
        }
        let signal = status & 0x7f
        let kills = usage.memoryKills(limit: memoryLimit)
        if signal == SIGKILL, kills > 0 { return memory(kills: kills, mainStatus: status) }
        let name = signalName(signal)
        let dumped = status & 0x80 != 0
        if signal == SIGSYS, filterKills {
            return JobReport.JobResult(
                reason: .policyViolation, signal: name, isCoreDumped: dumped, message: "killed by SIGSYS: by the kernel for a system call that the policy forbids, unless the program sent it itself",
                evidence: ["waitStatus": .integer(Int64(status))])
        }
        let killer = signal == SIGKILL ? foreignKiller ?? "" : ""
        return JobReport.JobResult(
            reason: .signaled, signal: name, isCoreDumped: dumped, message: "killed by \(name)\(dumped ? ", with a core dump" : "")\(killer)",
            evidence: ["waitStatus": .integer(Int64(status))].merging(signal == SIGKILL ? foreignEvidence : [:]) { $1 })
    }

    /// The kernel has killed for memory, and not at the job's own ceiling.
    private var foreignKiller: String? {
        guard let kills = usage.oomKills, kills > 0, usage.memoryKills(limit: memoryLimit) == 0 else { return nil }
        return ", where the kernel's out-of-memory killer has acted for a ceiling above the job's, or for the machine"
    }

    private var foreignEvidence: [String: JobReport.EvidenceValue] {
        foreignKiller == nil ? [:] : [cgroupVersion == 2 ? "memory.events oom_kill" : "memory.oom_control oom_kill": .text("0 -> \(usage.oomKills ?? 0)")]
    }

    private func memory(kills: UInt64, mainStatus: Int32?) -> JobReport.JobResult {
        let file = cgroupVersion == 2 ? "memory.events oom_kill" : "memory.oom_control oom_kill"
        var evidence: [String: JobReport.EvidenceValue] = kills > 0 ? [file: .text("0 -> \(kills)")] : [:]
        if let hits = usage.memoryLimitHits { evidence[cgroupVersion == 2 ? "memory.events max" : "memory.failcnt"] = .integer(Int64(clamping: hits)) }
        if supervision.memoryCeilingReached { evidence["memory.oom_control"] = .text("event") }
        if let mainStatus { evidence["waitStatus"] = .integer(Int64(mainStatus)) }
        let ceiling = memoryLimit.map { " of \(ByteCount($0))" } ?? ""
        return JobReport.JobResult(reason: .memoryLimit, signal: "SIGKILL", message: "killed at its memory ceiling\(ceiling)", evidence: evidence)
    }

    static func statusText(_ status: Int32) -> String { status & 0x7f == 0 ? "exit status \(status >> 8 & 0xff)" : signalName(status & 0x7f) }

    static func seconds(_ nanos: UInt64) -> String {
        let millis = nanos / 1_000_000
        if millis < 1000 { return "\(millis) ms" }
        return millis % 1000 == 0 ? "\(millis / 1000) s" : "\(millis / 1000).\(String(millis % 1000 + 1000).dropFirst()) s"
    }
}
