internal import ArgumentParser
internal import BrigPolicy

/// `brig policy diff`
struct PolicyDiff: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff", abstract: "Say what one policy allows that another does not.",
        discussion: "+ the second allows it and the first does not, - the other way round, ~ something else in which they differ. Exit status 1 where the second allows more.")

    @Argument(help: "A file or a built-in name.")
    var first: String

    @Argument(help: "A file or a built-in name.")
    var second: String

    func run() throws {
        let difference = try PolicyDifference(from: try PolicyLoader.resolve(first), to: try PolicyLoader.resolve(second))
        for line in difference.lines { print(line) }
        if difference.allowsMore { throw ExitCode(1) }
    }
}
