internal import BrigPlan
internal import BrigPolicy
public import BrigReport
internal import BrigSystem
internal import Glibc

/// Runs one job and reports on it. Whatever happens there is a report, and nothing of the job is left.
public struct JobRunner: ~Copyable {
    private let request: JobRequest
    private let build: JobReport.Build
    private var degraded: [JobReport.Degradation] = []
    private let id: String
    private let startedAt: String

    public init(_ request: JobRequest, build: JobReport.Build) {
        self.request = request
        self.build = build
        id = Self.newID()
        startedAt = Clock.timestamp()
    }

    public consuming func run() -> JobReport {
        do throws(LaunchError) {
            return try runJob()
        } catch {
            return failure(error)
        }
    }

    /// Signals end this process again: since ``run()`` they ended the job.
    public static func releaseSignals() {
        var signals = sigset_t()
        unsafe sigemptyset(&signals)
        for number in RunningJob.endingSignals { unsafe sigaddset(&signals, number) }
        unsafe _ = sigprocmask(SIG_UNBLOCK, &signals, nil)
    }

    /// The report of a job that could not be started.
    public static func failure(_ message: String, stage: String, command: [String], labels: [String: String], build: JobReport.Build) -> JobReport {
        let (release, architecture) = Host.kernel()
        var report = JobReport(
            brig: build, job: JobReport.Job(id: newID(), command: command, startedAt: Clock.timestamp(), labels: labels), policy: nil, image: nil,
            host: JobReport.Host(kernel: release, architecture: architecture, cgroupVersion: nil),
            result: JobReport.JobResult(reason: .setupFailed, message: message, evidence: [JobReport.JobResult.EvidenceName.stage: .text(stage)]))
        report.explainNulls(under: "", because: "the job was not started")
        return report
    }

    // MARK: The way through

    private mutating func runJob() throws(LaunchError) -> JobReport {
        let terminal = request.streams == .terminal ? nil : SharedTerminal()
        defer { terminal?.restore() }
        var policy = request.policy
        let table = try JobTable()
        let slot = try takeSlot(table)
        var network: SharedNetwork?
        if case .job(let id) = policy.network { network = try SharedNetwork(job: id, table) }
        let image = try RootImage(policy.rootfs, sources: policy.origin.process)
        let inherited = inherited()
        policy.yield(to: inherited.map(\.name))
        if let defaults = image.defaults { policy.take(defaults.process, inherited: inherited.map(\.name)) }
        let program = try program(image)
        let identity = try JobIdentity.resolve(policy.process, accounts: image.accounts, slot: slot)
        var root = RootPlan(policy, source: image.source) { image.missing($0) }
        var trees = try SourceTrees(&root, file: image.file, identity: identity)
        let command = try AppArmor.command(policy.appArmor, degraded: &degraded)
        let recording = try CallRecording.make(request)
        let context = LaunchContext(
            identity: identity, root: root, inherited: inherited, appArmorCommand: command, lastCapability: try lastCapability(),
            terminal: request.streams == .terminal ? CallerTerminal.size() : nil, isAudit: request.audit != nil, tracesAllowed: recording?.tracesAllowed ?? false)
        let plan = try plan(policy, program, context)

        let accesses = watchAccesses(command == nil ? nil : policy.appArmor.profile)
        let demand = CgroupDemand(policy.limits)
        let mounts = try inStage("cgroup") { () throws(SystemError) in try CgroupMounts.current() }
        var record = JobTable.Record(id: id)
        let cgroup = try Cgroup.make(demand, name: "brig-\(slot)-\(id)", mounts: mounts, degraded: &degraded) { paths throws(LaunchError) in
            record.cgroups = paths
            try table.write(record, slot: slot)
        }
        var finished: FinishedJob
        do throws(LaunchError) {
            let job = try RunningJob(request, plan: plan, demand: demand, cgroup: cgroup, trees: trees, network: network, recording: recording, accesses: accesses)
            try job.start(cgroup, trees: &trees) { process throws(LaunchError) in
                record.process = process
                try table.write(record, slot: slot)
            }
            degraded += trees.notes
            finished = try job.supervise(cgroup)
        } catch {
            // The tree is gone already; the cgroup must not stay either.
            try inStage("cgroup") { () throws(SystemError) in try cgroup.remove() }
            try table.write(nil, slot: slot)
            throw error
        }
        finished.usage = cgroup.usage()
        try inStage("cgroup") { () throws(SystemError) in try cgroup.remove() }
        try table.write(nil, slot: slot)
        var report = report(finished, plan: plan, image: image, cgroupVersion: cgroup.version)
        report.process = processSettings(plan, policy, inherited: inherited)
        return report
    }

    /// Begins to hear what AppArmor denies the job, where it enters a profile.
    private mutating func watchAccesses(_ profile: String?) -> AccessWatch? {
        guard let profile else { return nil }
        let accesses = AccessWatch(profile: profile)
        if let obstacle = accesses.obstacle, request.policy.onViolation == .kill, request.audit == nil {
            degraded.append(JobReport.Degradation(protection: "onViolation", reason: "an access that AppArmor denies does not end the job: \(obstacle)"))
        }
        return accesses
    }

    private func plan(_ policy: Policy, _ program: Command, _ context: LaunchContext) throws(LaunchError) -> LaunchPlan {
        do {
            return try LaunchPlan(policy, command: program, context: context)
        } catch {
            throw LaunchError("seccomp", "\(error)")
        }
    }

    /// What the command line asks for, else what the image is made for.
    private func program(_ image: RootImage) throws(LaunchError) -> Command {
        guard let program = request.command ?? image.defaults?.command else {
            let hint = "brig \(request.audit == nil ? "run" : "audit") [options] -- PROGRAM [ARGUMENT...]"
            throw LaunchError("command", "no program to run" + (image.defaults == nil ? "" : ": the image \(image.identity.reference) names none"), hint: hint)
        }
        return program
    }

    /// Takes a slot of the table, and removes what killed brigs of this account have left. What cannot be removed yet, as a process in it does not end, keeps
    /// its slot, for a later brig, and this job from nothing.
    private func takeSlot(_ table: borrowing JobTable) throws(LaunchError) -> UInt32 {
        var first: UInt32 = 0
        while true {
            let slot = try table.claim(from: first)
            if try sweep(table, own: slot) {
                try table.write(JobTable.Record(id: id), slot: slot)
                return slot
            }
            try table.release(slot)
            first = slot + 1
        }
    }

    /// Whether the own slot is free now.
    private func sweep(_ table: borrowing JobTable, own slot: UInt32) throws(LaunchError) -> Bool {
        var isFree = true
        for (other, record) in try table.abandoned(own: slot) {
            var isSwept = true
            do throws(SystemError) { try Cgroup.sweep(record.cgroups) } catch { isSwept = false }
            if other == slot {
                isFree = isSwept
                continue
            }
            if isSwept { try table.write(nil, slot: other) }
            try table.release(other)
        }
        return isFree
    }

    private func inherited() -> [Policy.EnvironmentVariable] {
        request.policy.process.inheritEnvironment.compactMap { name in Host.environment(name).map { Policy.EnvironmentVariable(name: name, value: $0) } }
    }

    private func lastCapability() throws(LaunchError) -> UInt32 {
        let text = try inStage("capabilities") { () throws(SystemError) in try readText("/proc/sys/kernel/cap_last_cap") }
        return UInt32(text.prefix { $0 != "\n" }) ?? 40
    }

    /// Twelve letters and digits from the kernel's random numbers.
    private static func newID() -> String {
        let alphabet = Array("abcdefghijklmnopqrstuvwxyz234567".utf8)
        var bits = UInt64.random(in: 0...UInt64.max)
        let text = (0..<12).map { _ in
            defer { bits >>= 5 }
            return alphabet[Int(bits & 31)]
        }
        return String(decoding: text, as: UTF8.self)
    }

    // MARK: The report

    private func base(_ result: JobReport.JobResult, image: JobReport.Image?, cgroupVersion: Int?) -> JobReport {
        let (release, architecture) = Host.kernel()
        let origin = request.policy.origin
        return JobReport(
            brig: build, job: JobReport.Job(id: id, command: request.command.map { [$0.program] + $0.arguments } ?? [], startedAt: startedAt, labels: request.labels),
            policy: JobReport.PolicyIdentity(
                name: request.policy.name, path: origin.path, isBuiltIn: origin.isBuiltIn, sha256: origin.sha256, resolvedSHA256: origin.resolvedSHA256,
                overrides: origin.overrides.map { JobReport.PolicyIdentity.Override(pointer: $0.pointer, flag: $0.flag) }),
            image: image, host: JobReport.Host(kernel: release, architecture: architecture, cgroupVersion: cgroupVersion), result: result)
    }

    private func processSettings(_ plan: LaunchPlan, _ policy: Policy, inherited: [Policy.EnvironmentVariable]) -> JobReport.ProcessSettings {
        var environment: [String: JobReport.ProcessSettings.Source] = [:]
        for variable in inherited { environment[variable.name] = ValueSource.caller.rawValue }
        for variable in policy.process.environment { environment[variable.name] = policy.origin.process.environment[variable.name, default: .standard].rawValue }
        let argumentsSource = request.command == nil ? ValueSource.image : .commandLine
        return JobReport.ProcessSettings(
            arguments: (plan.arguments, argumentsSource.rawValue), workingDirectory: (plan.workingDirectory, policy.origin.process.workingDirectory.rawValue),
            user: (plan.identity.user, policy.origin.process.user.rawValue), group: (plan.identity.group, policy.origin.process.group.rawValue), environment: environment)
    }

    private func failure(_ error: LaunchError) -> JobReport {
        var evidence: [String: JobReport.EvidenceValue] = [JobReport.JobResult.EvidenceName.stage: .text(error.stage)]
        if let number = error.errno { evidence[JobReport.JobResult.EvidenceName.errno] = .text(errnoName(number)) }
        var report = base(JobReport.JobResult(reason: .setupFailed, message: error.description, evidence: evidence), image: nil, cgroupVersion: nil)
        report.degraded = degraded
        report.explainNulls(under: "", because: "the job was not started")
        return report
    }

    private func report(_ finished: borrowing FinishedJob, plan: LaunchPlan, image: RootImage, cgroupVersion: Int?) -> JobReport {
        let limits = request.policy.limits
        let outcome = Outcome(
            supervision: finished.supervision, initStatus: finished.initStatus, usage: finished.usage, memoryLimit: finished.enforcement.cgroup?.memoryMax,
            cgroupVersion: cgroupVersion,
            limits: Outcome.Limits(wallNanos: limits.wallTime?.nanos, cpuNanos: limits.cpuTime?.value.nanos, outputBytes: limits.output.bytes),
            filterKills: request.policy.systemCalls.record == .none && request.audit == nil)
        var report = base(outcome.result(), image: image.identity, cgroupVersion: cgroupVersion)
        report.enforcement = finished.enforcement
        report.degraded = degraded
        finished.fill(&report, request: request)
        report.time.setupNanos = finished.jobStartNanos - request.startedNanos
        report.time.teardownNanos = Clock.monotonicNanos() - finished.jobEndNanos
        return report
    }
}
