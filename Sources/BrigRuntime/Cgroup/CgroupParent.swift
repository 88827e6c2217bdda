internal import BrigSystem
internal import Glibc

/// Where in the unified hierarchy a job's cgroup is made: a directory whose children have the controllers. ``CgroupSearch`` finds it.
struct CgroupParent: Equatable {
    let path: String
    /// Enabled for its children.
    let controllers: Set<String>
    /// What this process did to its own cgroup to make room.
    private var change: Change?

    private struct Change: Equatable {
        /// The child that this process is in now.
        let aside: String
        let enabled: Set<String>
    }

    init(path: String, controllers: Set<String>) {
        self.path = path
        self.controllers = controllers
    }

    /// This process's own cgroup, out of whose way it goes into a child, so that the no-internal-process rule lets the job have the controllers.
    /// No process id is ever written: `0` is the writer.
    ///
    /// - Parameter own: a domain that this account may write to, with nobody but this process in it.
    init(steppingAsideIn own: String, needed: Set<String>) throws(SystemError) {
        let aside = own + "/brig-supervisor"
        _ = try makeDirectory(aside, mode: 0o755)
        let before = cgroupWords("\(own)/cgroup.subtree_control")
        do throws(SystemError) {
            try writeText("0", to: aside + "/cgroup.procs")
            let missing = needed.subtracting(before)
            if !missing.isEmpty { try writeText(missing.sorted().map { "+\($0)" }.joined(separator: " "), to: "\(own)/cgroup.subtree_control") }
            change = Change(aside: aside, enabled: missing)
        } catch {
            try Self.stepBack(Change(aside: aside, enabled: []), in: own)
            throw error
        }
        path = own
        controllers = cgroupWords("\(own)/cgroup.subtree_control")
    }

    /// Undoes what made room, once the job's cgroup is gone. Where others have come to use it meanwhile, it stays theirs.
    func leave() throws(SystemError) {
        if let change { try Self.stepBack(change, in: path) }
    }

    private static func stepBack(_ change: Change, in own: String) throws(SystemError) {
        do throws(SystemError) {
            if !change.enabled.isEmpty { try writeText(change.enabled.sorted().map { "-\($0)" }.joined(separator: " "), to: "\(own)/cgroup.subtree_control") }
            try writeText("0", to: own + "/cgroup.procs")
            try removeDirectory(change.aside)
        } catch  where error.errno == EBUSY {}
    }
}

/// The words of a cgroup's file; none where there is no such file.
func cgroupWords(_ path: String) -> Set<String> {
    do {
        return Set(try readText(path).split(whereSeparator: { $0 == " " || $0 == "\n" }).map(String.init))
    } catch {
        return []
    }
}
