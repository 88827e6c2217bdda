internal import ArgumentParser
internal import BrigPlan
internal import BrigPolicy
internal import BrigReport
internal import BrigRuntime
internal import BrigSystem

/// `brig policy from-report --verify`: the programs of reports run again under the policy that was made of them.
struct PolicyVerification {
    let reports: [ObservedCalls]
    let policy: Policy

    /// - Parameter flags: options that have changed the policy for these runs
    /// - Throws: where a report is of a run that cannot be repeated, before any program is started.
    init(_ reports: [ObservedCalls], _ policy: Policy, changedBy flags: Set<String>) throws(UsageError) {
        for report in reports {
            let path = report.path
            let end = JobEnd(report)
            if !end.isItsOwn { throw UsageError("\(path) cannot be verified: the program \(end.predicate)\(end.duration), which cannot be repeated") }
            if let override = report.overrides.first(where: { !$0.pointer.hasPrefix("/limits/") && !flags.contains($0.flag) }) {
                throw UsageError(
                    "\(path) was made with \(override.flag), whose value it does not have: give it again, as in brig policy from-report --verify \(path) --with \(override.flag) VALUE; or write it into a policy, for brig audit and, as --base, for this"
                )
            }
            if report.command.isEmpty { throw UsageError("\(path): no command") }
        }
        self.reports = reports
        self.policy = policy
    }

    /// - Throws: exit status 1 where a program violates the policy or ends in another way; which, is said.
    func run() throws(ExitCode) {
        var verified: [[String]] = []
        for report in reports where !verified.contains(report.command) {
            let command = report.command
            verified.append(command)
            let request = JobRequest(
                policy: policy, command: Command(program: command[0], arguments: Array(command.dropFirst())), streams: .capture, startedNanos: Clock.monotonicNanos())
            let again = JobRunner(request, build: JobReport.Build(version: Build.version, commit: Build.commit)).run()
            try check(again, report)
        }
    }

    private func check(_ job: JobReport, _ report: ObservedCalls) throws(ExitCode) {
        let command = report.command.joined(separator: " ").prefix(100)
        let violations = job.violations.map { Self.text($0) }
        if !violations.isEmpty { Run.complain("\(command): violates the policy by \(violations.joined(separator: ", "))") }
        let isSame =
            switch job.result.reason {
            case .exited: job.result.exitCode.map { Int64($0) } == report.exitCode
            case .signaled: report.signal != nil && job.result.signal == report.signal
            default: false
            }
        let end = JobEnd(job)
        if !isSame { Run.complain("\(command): it \(end.predicate); in \(report.path) it \(JobEnd(report).predicate)") }
        if violations.isEmpty, isSame { return Run.complain("\(command): verified, no violation") }
        if end.isItsOwn {
            Run.complain("its standard output and error were pipes here, and its standard input that of this command: on descriptors of another kind a program may make other calls")
        }
        throw ExitCode(1)
    }

    /// `ioctl (2 times, the first with ioctl request FIONBIO)`
    static func text(_ violation: JobReport.Violation) -> String {
        let times = violation.count == 1 ? "once" : "\(violation.count) times"
        let arguments = arguments(of: violation)
        if arguments.isEmpty { return "\(violation.name) (\(times))" }
        return "\(violation.name) (\(times), \(violation.count == 1 ? "" : "the first ")with \(arguments.joined(separator: ", ")))"
    }

    /// Those that a policy can hold the call to, of its first occurrence.
    private static func arguments(of violation: JobReport.Violation) -> [String] {
        guard violation.kind == .systemCall, violation.abi == SystemCallABI.native.rawValue else { return [] }
        return KeptArguments.all.filter { $0.call == violation.name && $0.index < violation.arguments.count }.map { argument in
            let register = violation.arguments[argument.index]
            let value = SystemCallCatalog.entry(violation.name)?.argument(argument.index) == .long ? register : register & 0xffff_ffff
            return "\(argument.what) \(KeptArguments.name(of: value, violation.name, argument.index) ?? "0x" + String(value, radix: 16))"
        }
    }
}
