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
            do {
                let resolved = try PolicyLoader.resolve(policy)
                print("\(policy): valid")
                tellReplaced(resolved)
            } catch {
                failed = true
                for diagnostic in error.diagnostics { print(diagnostic) }
                if error.omittedCount > 0 { print("\(policy): \(error.omittedCount) more") }
            }
        }
        if failed { throw ExitCode(1) }
    }

    /// Lists that replace a base's are no fault, and hardly ever meant.
    private func tellReplaced(_ policy: PolicyLoader.Resolved) {
        do {
            for finding in try PolicyLint.findings(policy) where finding.kind == .replaced { print(finding) }
        } catch {
            print("not looked into: \(error)")
        }
    }
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
            for line in try PolicyExplainer.call(call, resolved) { print(line) }
        } else if json {
            printJSON(PolicyExplainer.json(resolved))
        } else {
            for line in PolicyExplainer.lines(resolved) { print(line) }
        }
    }
}

/// `brig policy groups`
struct PolicyGroups: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "groups", abstract: "List the groups of system calls, or the calls of one.")

    @Argument(help: "A group, as @file-io.")
    var name: String?

    func run() throws {
        for line in try name.map({ try PolicyExplainer.group($0) }) ?? PolicyExplainer.groups() { print(line) }
    }
}

/// `brig policy list`
struct PolicyList: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "List the built-in policies.")

    func run() throws {
        for name in PolicyLoader.builtInNames {
            let policy = try PolicyLoader.load(name)
            print(name.padding(to: 16) + (policy.description ?? ""))
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
        printBytes(text)
    }
}

/// `brig policy schema`
struct PolicySchema: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "schema", abstract: "Print the JSON Schema of policies (draft 2020-12).")

    func run() throws { printBytes(PolicyLoader.schemaText) }
}

/// Writes bytes to standard output as they are.
func printBytes(_ bytes: [UInt8]) {
    // What was printed before lies in the C library's buffer.
    fflush(nil)
    do { try writeAll(bytes, to: 1, subject: "standard output") } catch { return }  // nobody reads any more
}

extension String {
    /// Blanks on the right up to a width.
    func padding(to width: Int) -> String { self + String(repeating: " ", count: max(1, width - utf8.count)) }
}
