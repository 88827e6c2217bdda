internal import ArgumentParser
internal import BrigJSON
internal import BrigPolicy
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

    @Option(
        name: .customLong("with"), parsing: .remaining,
        help: .init("Last: options of brig run for the runs of --verify: --bind, --env, --workdir and others that the audits had and that are in no policy.", valueName: "options"))
    var options: [String] = []

    func validate() throws {
        if reports.isEmpty { throw ValidationError("no report") }
    }

    func run() throws {
        let jobs = try reports.map { try ReportedJob(file: $0) }
        let observed = jobs.map(\.calls)
        if base == nil { try checkBase(of: observed) }
        let policy = try ReportPolicy(observed, base: try base.map(absolute), acceptsGaps: incomplete)
        let text = policy.document.encoded(pretty: true)
        // It loads as it is printed, without the options.
        _ = try PolicyLoader.resolve(text: text, path: "the policy")
        let changes = try changes()
        let verification = verify ? try PolicyVerification(jobs, PolicyLoader.resolve(text: text, path: "the policy", overrides: changes).policy, changedBy: Set(changes.map(\.flag))) : nil
        for note in policy.notes { Run.complain(note) }
        for job in jobs {
            guard let end = job.end, !end.isItsOwn else { continue }
            Run.complain("\(job.calls.path): the program \(end.predicate)\(end.duration): what it would have done later is not in this policy")
        }
        try verification?.run()
        try printJSON(policy.document)
    }

    /// The options behind `--with`: those that change a policy, and no others.
    private func changes() throws(UsageError) -> [PolicyOverride] {
        let given = try RunArguments(options)
        var plain = try RunArguments([])
        plain.overrides = given.overrides
        guard given == plain else { throw UsageError("behind --with are options of brig run that change a policy, such as --bind; the program is the report's") }
        if !given.overrides.isEmpty, !verify { throw UsageError("options behind --with are for the runs of --verify, which is not asked for") }
        return given.overrides
    }

    /// Without `--base` there is one built-in policy under which all of the reports were made.
    private func checkBase(of reports: [ObservedCalls]) throws(UsageError) {
        var policies: [(path: String, isBuiltIn: Bool, report: String)] = []
        for report in reports {
            guard let (path, isBuiltIn) = report.policy, !policies.contains(where: { $0.path == path }) else { continue }
            policies.append((path, isBuiltIn, report.path))
        }
        if policies.count == 1, let (path, isBuiltIn, report) = policies.first, !isBuiltIn { throw UsageError("\(report) was made under \(path), which is not built in: give it as --base") }
        if policies.count > 1 {
            let all = policies.map { "\($0.report) under \($0.path)" }.joined(separator: ", ")
            throw UsageError("the reports were made under several policies (\(all)): say with --base which one files, limits and the rest are from")
        }
    }

    /// A base that is a file is found wherever the policy is put.
    private func absolute(_ name: String) throws -> String {
        if name.hasPrefix("/") || PolicyLoader.builtInNames.contains(name) { return name }
        return "\(try readLink("/proc/self/cwd"))/\(name)"
    }
}
