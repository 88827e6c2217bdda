internal import ArgumentParser
internal import BrigRuntime

/// `brig jobs`
struct JobsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "jobs", abstract: "List the running jobs of this account: their ids, and their first process.")

    func run() throws {
        for job in try RunningJobs.list() { print("\(job.id) \(job.process)") }
    }
}
