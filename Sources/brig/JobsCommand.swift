internal import ArgumentParser
internal import BrigJSON
internal import BrigRuntime

/// `brig jobs`
struct JobsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "jobs", abstract: "List the running jobs of this account.",
        discussion: "Of each its id, its first process as the machine numbers it, how long it has run, and the command line that started it. To end one, end its brig or its first process.")

    @Flag(help: "One JSON object instead.")
    var json = false

    func run() throws {
        let jobs = try RunningJobs.list()
        if json {
            let list: JSONValue = ["jobs": .array(jobs.map { Self.json($0) })]
            return try printJSON(list)
        }
        for job in jobs {
            let seconds = job.seconds.map { "\($0) s" } ?? "-"
            try print("\(job.id) \("\(job.process)".padding(to: 8))\(seconds.padding(to: 8))\(ImageText.escaped(job.command?.joined(separator: " ") ?? "-"))")
        }
    }

    private static func json(_ job: RunningJobs.Entry) -> JSONValue {
        [
            "id": .string(job.id), "process": .integer(Int64(job.process)), "seconds": job.seconds.map { .integer(Int64($0)) } ?? .null,
            "command": job.command.map { .array($0.map { .string($0) }) } ?? .null,
        ]
    }
}
