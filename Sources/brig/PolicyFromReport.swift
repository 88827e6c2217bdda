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
        let observed = try reports.map { try ObservedCalls(file: $0) }
        let policy = try ReportPolicy(observed, base: try base.map(absolute), acceptsGaps: incomplete)
        let text = policy.document.encoded(pretty: true)
        // It loads as it is printed, without the options.
        _ = try PolicyLoader.resolve(text: text, path: "the policy")
        let changes = try changes()
        let verification = verify ? try PolicyVerification(observed, PolicyLoader.resolve(text: text, path: "the policy", overrides: changes).policy, changedBy: Set(changes.map(\.flag))) : nil
        for note in policy.notes { Run.complain(note) }
        for report in observed {
            let end = JobEnd(report)
            if end.isItsOwn { continue }
            Run.complain("\(report.path): the program \(end.predicate)\(end.duration): what it would have done later is not in this policy")
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

    /// A base that is a file is found wherever the policy is put.
    private func absolute(_ name: String) throws -> String {
        if name.hasPrefix("/") || PolicyLoader.builtInNames.contains(name) { return name }
        return "\(try readLink("/proc/self/cwd"))/\(name)"
    }
}
