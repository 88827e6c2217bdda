internal import ArgumentParser
internal import BrigJSON
internal import BrigPlan
internal import BrigPolicy
internal import BrigReport
internal import BrigRuntime
internal import BrigSystem

/// `brig policy from-report`
struct PolicyFromReport: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "from-report", abstract: "Print the tightest policy that allows what reports show, with the reason of every rule.",
        discussion: "The reports are of brig audit, or of jobs under a policy with \"record\": \"all\"; several runs are merged. Exit status 1 where --verify finds a violation; then nothing is printed.")

    @Argument(help: "Reports.")
    var reports: [String]

    @Option(help: "A policy for everything but system calls; the built-in one that the reports were made under by default.")
    var base: String?

    @Flag(help: "Run the programs again under the policy first; they must end as reported, without a violation.")
    var verify = false

    @Flag(help: "Take reports that may lack calls, or values of their arguments, and say so.")
    var incomplete = false

    func validate() throws {
        if reports.isEmpty { throw ValidationError("no report") }
    }

    func run() throws {
        let observed = try reports.map { try ObservedCalls(file: $0) }
        let policy = try ReportPolicy(observed, base: try base.map(absolute), acceptsGaps: incomplete)
        for note in policy.notes { Run.complain(note) }
        let resolved = try PolicyLoader.resolve(text: policy.document.encoded(pretty: true), path: "the policy")
        if verify { try verify(observed, resolved.policy) }
        try printJSON(policy.document)
    }

    /// A base that is a file is found wherever the policy is put.
    private func absolute(_ name: String) throws -> String {
        if name.hasPrefix("/") || PolicyLoader.builtInNames.contains(name) { return name }
        return "\(try readLink("/proc/self/cwd"))/\(name)"
    }

    private func verify(_ reports: [ObservedCalls], _ policy: Policy) throws {
        var verified: [[String]] = []
        for report in reports where !verified.contains(report.command) {
            if let override = report.overrides.first(where: { !$0.pointer.hasPrefix("/limits/") }) {
                throw UsageError("\(report.path) was made with \(override.flag), whose value it does not have: write \(override.pointer) into a policy, give that to brig audit, and to this as --base")
            }
            guard let program = report.command.first else { throw UsageError("\(report.path): no command") }
            verified.append(report.command)
            let request = JobRequest(
                policy: policy, command: Command(program: program, arguments: Array(report.command.dropFirst())), streams: .capture, startedNanos: Clock.monotonicNanos())
            let again = JobRunner(request, build: JobReport.Build(version: Build.version, commit: Build.commit)).run()
            try check(again, report)
        }
    }

    private func check(_ job: JobReport, _ report: ObservedCalls) throws {
        let command = report.command.joined(separator: " ").prefix(100)
        let violations = job.violations.map { "\($0.name) (\($0.count) times)" }
        if !violations.isEmpty { Run.complain("\(command): violates the policy by \(violations.joined(separator: ", "))") }
        let isSame =
            switch job.result.reason {
            case .exited: job.result.exitCode.map { Int64($0) } == report.exitCode
            case .signaled: report.signal != nil && job.result.signal == report.signal
            default: false
            }
        if !isSame { Run.complain("\(command): ended with \(job.result.message), not as in \(report.path)") }
        guard violations.isEmpty, isSame else { throw ExitCode(1) }
        Run.complain("\(command): verified, no violation")
    }
}
