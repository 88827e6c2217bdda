internal import BrigSystem
internal import CBrigLinux
internal import Glibc

/// A job's cgroup, whatever the host's version of it. Made empty with its ceilings set; the child starts in it or joins it by itself, nobody
/// ever moves a process by its id.
enum Cgroup {
    case version1(CgroupV1)
    case version2(CgroupV2)
    /// No controller: the account may not make cgroups, or the policy demands nothing of them.
    case none

    var version: Int? {
        switch self {
        case .version1: 1
        case .version2: 2
        case .none: nil
        }
    }

    /// Directories, the first made first; they are removed in the opposite order.
    var paths: [String] {
        switch self {
        case .version1(let cgroup): cgroup.directories
        case .version2(let cgroup): [cgroup.path]
        case .none: []
        }
    }

    func cpuNanos() -> UInt64? {
        switch self {
        case .version1(let cgroup): cgroup.cpuNanos()
        case .version2(let cgroup): cgroup.cpuNanos()
        case .none: nil
        }
    }

    func memoryBytes() -> UInt64? {
        switch self {
        case .version1(let cgroup): cgroup.memoryBytes()
        case .version2(let cgroup): cgroup.memoryBytes()
        case .none: nil
        }
    }

    func pidsCurrent() -> UInt64? {
        switch self {
        case .version1(let cgroup): cgroup.pidsCurrent()
        case .version2(let cgroup): cgroup.pidsCurrent()
        case .none: nil
        }
    }

    func usage() -> CgroupUsage {
        switch self {
        case .version1(let cgroup): cgroup.usage()
        case .version2(let cgroup): cgroup.usage()
        case .none: CgroupUsage()
        }
    }

    /// The ceilings that the kernel has now.
    func readBack() -> CgroupCeilings {
        switch self {
        case .version1(let cgroup): cgroup.readBack()
        case .version2(let cgroup): cgroup.readBack()
        case .none: CgroupCeilings()
        }
    }

    /// Ends every process in it, where the kernel has a file for that.
    func kill() throws(SystemError) {
        if case .version2(let cgroup) = self { try cgroup.kill() }
    }

    /// Removes it, once the job's processes are gone.
    func remove() throws(SystemError) {
        switch self {
        case .version1, .none: try Self.remove(paths)
        case .version2(let cgroup): try cgroup.remove()
        }
    }

    /// Removes the directories of a job whose processes are gone.
    static func remove(_ paths: [String]) throws(SystemError) {
        for path in paths.reversed() { try removeGroup(path) }
    }

    /// A process that has just been reaped can keep its cgroup busy for a moment.
    private static func removeGroup(_ path: String) throws(SystemError) {
        for attempt in 0... {
            do throws(SystemError) {
                return try removeDirectory(path)
            } catch  where error.errno == EBUSY && attempt < 200 {
                usleep(UInt32(min(50 << min(attempt, 7), 5000)))
            }
        }
    }

    /// Whether a path from the table of jobs is what it should be: a directory of brig's in a cgroup file system, without a link on the way to it. What else stands there somebody has forged,
    /// and is nothing to be removed.
    private static func isJob(_ path: String) -> Bool {
        guard path.split(separator: "/").last?.hasPrefix("brig-") == true else { return false }
        do throws(SystemError) {
            let directory = try FileDescriptor.open(path, [.path, .directory], resolve: [.noSymbolicLinks, .noMagicLinks])
            let number = directory.number
            return try check("fstatfs", path) { brig_is_cgroup(number) } == 1
        } catch {
            return false
        }
    }

    /// Ends what a killed brig has left in its cgroups, and removes them. Below the job's own directory only.
    static func sweep(_ paths: [String]) throws(SystemError) {
        for path in paths.reversed() where isJob(path) {
            for attempt in 0..<100 {
                var isGone = true
                do throws(SystemError) {
                    // In one go where the kernel can (version 2, 5.14): an id read from the list could be another process's by now.
                    do throws(SystemError) { try writeText("1", to: path + "/cgroup.kill") } catch  where error.errno == ENOENT || error.errno == EACCES {}
                    let members = try readText(path + "/cgroup.procs").split(separator: "\n").compactMap { pid_t($0) }
                    isGone = members.isEmpty
                    for process in members where process > 1 { _ = Glibc.kill(process, SIGKILL) }
                } catch  where error.errno == ENOENT {
                    isGone = true
                }
                if isGone { break }
                usleep(UInt32(min(500 << min(attempt, 4), 5000)))
            }
            try removeGroup(path)
        }
    }
}
