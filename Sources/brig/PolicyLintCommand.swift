internal import ArgumentParser
internal import BrigPolicy

/// `brig policy lint`
struct PolicyLintCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lint", abstract: "Say what is unreachable, contradictory, undone, dangerous or without effect in policies.",
        discussion: "One line a finding, with its place. Calls that a policy needs all the same are accepted with a reason in syscalls.accept. Exit status 1 where anything was found, or a policy is not valid.")

    @Argument(help: "Files or built-in names.")
    var policies: [String]

    func run() throws {
        var failed = false
        for policy in policies {
            let findings: [Finding]
            do {
                findings = try PolicyLint.findings(try PolicyLoader.resolve(policy))
            } catch {
                failed = true
                if let error = error as? PolicyError { try printFaults(error, of: policy) } else { try print("\(policy): \(error)") }
                continue
            }
            for finding in findings { try print(finding) }
            if findings.isEmpty { try print("\(policy): nothing found") } else { failed = true }
        }
        if failed { throw ExitCode(1) }
    }
}
