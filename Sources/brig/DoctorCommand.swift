internal import ArgumentParser
internal import BrigJSON
internal import BrigReport
internal import BrigRuntime

/// `brig doctor`
struct DoctorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Say what this host and account can do for jobs, and what mends what they cannot.",
        discussion: "Things are tried, not looked up; nothing of that is left. Exit status 1 where jobs do not run.")

    @Flag(help: "One JSON object instead.")
    var json = false

    func run() throws {
        let checks = try Doctor.checks(JobReport.Build(version: Build.version, commit: Build.commit))
        if json {
            try printJSON(Self.json(checks))
        } else {
            for check in checks {
                try print("\(check.status.rawValue.padding(to: 9))\(check.check.padding(to: 22))\(ImageText.escaped(check.found))")
                if let fix = check.fix { try print("\("".padding(to: 31))fix: \(ImageText.escaped(fix))") }
            }
        }
        if checks.contains(where: { $0.status == .fail }) { throw ExitCode(1) }
    }

    private static func json(_ checks: [HostCheck]) -> JSONValue {
        ["checks": .array(checks.map { ["check": .string($0.check), "status": .string($0.status.rawValue), "found": .string($0.found), "fix": $0.fix.map { .string($0) } ?? .null] })]
    }
}
