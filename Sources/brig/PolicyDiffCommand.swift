internal import ArgumentParser
internal import BrigPolicy

/// `brig policy diff`
struct PolicyDiff: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff", abstract: "Say what one policy allows that another does not, or what a job used of it.",
        discussion: """
            + the second allows it and the first does not, - the other way round, ~ something else in which they differ. Exit status 1 where the second allows more.
            With --report: + the job used it and the policy does not allow it, - the policy allows it and the job did not use it. Exit status 1 where it used more.
            """)

    @Argument(help: "A file or a built-in name.")
    var first: String

    @Argument(help: "A file or a built-in name.")
    var second: String?

    @Option(help: "The report of a job whose calls were all recorded, as by brig audit.")
    var report: String?

    func validate() throws {
        if (second == nil) == (report == nil) { throw ValidationError("give a second policy, or --report REPORT") }
    }

    func run() throws {
        let policy = try resolve(first)
        if let second {
            let difference = try PolicyDifference(from: policy, to: try resolve(second))
            for line in difference.lines { try print(line) }
            if difference.allowsMore { throw ExitCode(1) }
        } else if let report {
            try compare(policy, try ObservedCalls(file: report))
        }
    }

    /// A report in the place of a policy has a fault in every field: what is meant is said instead.
    private func resolve(_ policy: String) throws -> PolicyLoader.Resolved {
        do {
            return try PolicyLoader.resolve(policy)
        } catch {
            guard ObservedCalls.isReport(policy) else { throw error }
            throw UsageError("\(policy) is a report; give it with --report")
        }
    }

    private func compare(_ policy: PolicyLoader.Resolved, _ report: ObservedCalls) throws {
        let difference = try ReportDifference(policy.policy.systemCalls, report)
        for gap in report.gaps { try print("\(report.path) may lack calls: \(gap)") }
        for line in difference.usedButNotAllowed { try print("+ \(line)") }
        for name in difference.allowedButNotUsed { try print("- \(name)") }
        if !difference.usedButNotAllowed.isEmpty { throw ExitCode(1) }
    }
}
