/// The jobs of this account that are running now.
public enum RunningJobs {
    public struct Entry: Sendable, Equatable {
        public let id: String
        /// The job's init (or the job itself, without one), as the host numbers it.
        public let process: Int32
    }

    /// - Throws: where the table of jobs cannot be read.
    public static func list() throws(LaunchError) -> [Entry] {
        let table = try JobTable()
        return try table.allRunning().filter { $0.process > 0 }.map { Entry(id: $0.id, process: $0.process) }
    }
}
