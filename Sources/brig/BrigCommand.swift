internal import ArgumentParser
internal import BrigPolicy
internal import BrigReport

/// The command line apart from `brig run`: help, completions, and everything that is not a launch.
struct BrigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "brig",
        abstract: "Run programs you do not trust, and be told what they did.",
        discussion: """
            brig run --policy strict -- PROGRAM    run a program under a policy
            brig run --help                        its options
            brig audit -- PROGRAM                  count its system calls instead of refusing them
            """,
        version: Build.commit.map { "brig \(Build.version) (\($0))" } ?? "brig \(Build.version)",
        subcommands: [RunCommand.self, AuditCommand.self, JobsCommand.self, PolicyCommand.self, ImageCommand.self, AppArmorCommand.self, TracerCommand.self, DoctorCommand.self])

    /// Runs a command, says what is to be said of its end, and gives the exit status.
    static func status(of words: [String]) -> Int32 {
        do {
            do {
                var command = try parseAsRoot(words)
                try command.run()
                return 0
            } catch let error where exitCode(for: error) == .success {
                // Help, the version, and scripts of completions are errors to the parser.
                let message = fullMessage(for: error)
                if !message.isEmpty { try print(message) }
                return 0
            }
        } catch let error as OutputError {
            Run.complain(error.description)
            return ExitStatus.failure.code
        } catch {
            let message = fullMessage(for: error)
            if !message.isEmpty { Run.sayOnStandardError(message + "\n") }
            return exitCode(for: error).rawValue
        }
    }

    /// What is wrong with the first word that should name a command, or one of a command's own, and does not; nil where there is none.
    static func fault(in words: [String]) -> String? {
        var command: any ParsableCommand.Type = self
        var path = "brig"
        for word in words {
            let commands = command.configuration.subcommands.filter { $0.configuration.shouldDisplay }
            // The parser has `help` itself. What begins with a dash is an option.
            if command.configuration.subcommands.isEmpty || word.hasPrefix("-") || (word == "help" && path == "brig") { return nil }
            if let next = command.configuration.subcommands.first(where: { $0.configuration.commandName == word }) {
                command = next
                path += " \(word)"
            } else {
                let near = Suggestion.nearest(to: word, among: commands.compactMap { $0.configuration.commandName } + (path == "brig" ? ["help"] : []))
                return "unknown command \((path + " " + word).dropFirst(5))" + (near.map { " (did you mean \($0)?)" } ?? "; see \(path) --help")
            }
        }
        return nil
    }
}

/// Only for the list of commands and for completions: `brig run` itself never gets here.
struct RunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "run", abstract: "Run a program under a policy and report on it.")

    @Argument(parsing: .captureForPassthrough, help: "Options, --, program and arguments.")
    var words: [String] = []

    func run() throws { throw ExitCode(Run.main(.run, words, startedNanos: startedNanos)) }
}

/// The same for `brig audit`.
struct AuditCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "audit", abstract: "Run a program, count its system calls, and say what a policy would have said.")

    @Argument(parsing: .captureForPassthrough, help: "Options, --, program and arguments.")
    var words: [String] = []

    func run() throws { throw ExitCode(Run.main(.audit, words, startedNanos: startedNanos)) }
}
