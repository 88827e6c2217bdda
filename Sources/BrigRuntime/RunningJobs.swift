internal import BrigSystem
internal import Glibc

/// The jobs of this account that are running now.
public enum RunningJobs {
    public struct Entry: Sendable, Equatable {
        public let id: String
        /// The job's init (or the job itself, without one), as the host numbers it.
        public let process: Int32
        /// The command line of the brig that runs it, which init shares; of a job without init its own. Nil where the process is gone.
        public let command: [String]?
        /// Seconds since it was started; nil where the process is gone.
        public let seconds: Int?
    }

    /// - Throws: where the table of jobs cannot be read.
    public static func list() throws(LaunchError) -> [Entry] {
        let table = try JobTable()
        return try table.allRunning().filter { $0.process > 0 }.map { Entry(id: $0.id, process: $0.process, command: command($0.process), seconds: seconds($0.process)) }
    }

    private static func text(_ process: Int32, _ name: String) -> String? {
        do { return try readText("/proc/\(process)/\(name)") } catch { return nil }
    }

    private static func command(_ process: Int32) -> [String]? { text(process, "cmdline").map { $0.split(separator: "\0").map(String.init) } }

    /// From the start in ticks since the machine's (proc_pid_stat(5), field 22). The name before has parentheses of the job's choice: the last one ends it.
    private static func seconds(_ process: Int32) -> Int? {
        guard let stat = text(process, "stat"), let end = stat.lastIndex(of: ")") else { return nil }
        let fields = stat[end...].split(separator: " ")
        let ticks = sysconf(Int32(_SC_CLK_TCK))
        guard fields.count > 20, let start = Int(fields[20]), ticks > 0 else { return nil }
        var now = timespec()
        guard unsafe clock_gettime(CLOCK_BOOTTIME, &now) == 0 else { return nil }
        return max(0, Int(now.tv_sec) - start / ticks)
    }
}
