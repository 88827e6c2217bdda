internal import ArgumentParser
internal import BrigJSON
internal import BrigPolicy
internal import BrigSystem
internal import Glibc

/// `brig policy`: everything about policies that starts no job.
struct PolicyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "policy", abstract: "Check, explain, compare and make policies.",
        subcommands: [
            PolicyCheck.self, PolicyDiff.self, PolicyExplain.self, PolicyExport.self, PolicyFromReport.self, PolicyGroups.self, PolicyImport.self, PolicyLintCommand.self, PolicyList.self, PolicySchema.self,
            PolicyShow.self,
        ])
}

/// `brig policy check`
struct PolicyCheck: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "check", abstract: "Say whether policies are valid, with every fault and its place.")

    @Argument(help: "Files or built-in names.")
    var policies: [String]

    func run() throws {
        var failed = false
        for policy in policies {
            let resolved: PolicyLoader.Resolved
            do throws(PolicyError) {
                resolved = try PolicyLoader.resolve(policy)
            } catch {
                failed = true
                try printFaults(error, of: policy)
                continue
            }
            try print("\(policy): valid")
            try tellReplaced(resolved)
        }
        if failed { throw ExitCode(1) }
    }

    /// Lists that replace a base's are no fault, and hardly ever meant.
    private func tellReplaced(_ policy: PolicyLoader.Resolved) throws(OutputError) {
        let findings: [Finding]
        do throws(MeaningError) { findings = try PolicyLint.findings(policy) } catch { return try print("not looked into: \(error)") }
        for finding in findings where finding.kind == .replaced { try print(finding) }
    }
}

/// The faults of a policy on standard output, for commands that go on with the next one.
func printFaults(_ error: PolicyError, of policy: String) throws(OutputError) {
    // Each of its fields would be a fault.
    if ObservedCalls.isReport(policy) { return try print("\(policy): a report, and no policy") }
    for diagnostic in error.diagnostics { try print(diagnostic) }
    if error.omittedCount > 0 { try print("\(policy): \(error.omittedCount) more") }
}

/// `brig policy explain`
struct PolicyExplain: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "explain", abstract: "Say in sentences what a policy allows, with its bases merged.")

    @Argument(help: "A file or a built-in name.")
    var policy: String

    @Argument(help: "A system call: say which entry decides about it, and why.")
    var call: String?

    @Flag(help: "The resolved policy as JSON instead.")
    var json = false

    func validate() throws {
        if json, call != nil { throw ValidationError("--json prints the whole policy: leave it out, or the system call") }
    }

    func run() throws {
        let resolved = try PolicyLoader.resolve(policy)
        if let call {
            for line in try PolicyExplainer.call(call, resolved) { try print(line) }
        } else if json {
            try printJSON(PolicyExplainer.json(resolved))
        } else {
            for line in PolicyExplainer.lines(resolved) { try print(line) }
        }
    }
}

/// `brig policy groups`
struct PolicyGroups: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "groups", abstract: "List the groups of system calls, or the calls of one.")

    @Argument(help: "A group, as @file-io.")
    var name: String?

    func run() throws {
        for line in try name.map({ try PolicyExplainer.group($0) }) ?? PolicyExplainer.groups() { try print(line) }
    }
}

/// `brig policy list`
struct PolicyList: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "List the built-in policies.")

    func run() throws {
        for name in PolicyLoader.builtInNames {
            let policy = try PolicyLoader.load(name)
            try print(name.padding(to: 16) + (policy.description ?? ""))
        }
    }
}

/// `brig policy show`
struct PolicyShow: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "show", abstract: "Print a built-in policy, to start your own from.")

    @Argument(help: "A built-in name.")
    var name: String

    func run() throws {
        guard let text = PolicyLoader.builtInText(name) else { throw ValidationError("no built-in policy \"\(name)\"\(Suggestion.text(for: name, among: PolicyLoader.builtInNames))") }
        try printBytes(text)
    }
}

/// `brig policy schema`
struct PolicySchema: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "schema", abstract: "Print the JSON Schema of policies (draft 2020-12).")

    func run() throws { try printBytes(PolicyLoader.schemaText) }
}

extension String {
    /// Blanks on the right up to a width.
    func padding(to width: Int) -> String { self + String(repeating: " ", count: max(1, width - utf8.count)) }
}
