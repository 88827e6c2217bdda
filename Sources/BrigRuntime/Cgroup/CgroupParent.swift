internal import BrigSystem
internal import Glibc

/// Where in the unified hierarchy this account may make a job's cgroup: a directory whose children have the controllers.
struct CgroupParent: Equatable {
    let path: String
    /// Enabled for its children.
    let controllers: Set<String>

    /// The nearest directory, from this process's own cgroup upwards, in which the account may make a child that has the controllers.
    ///
    /// A cgroup with processes cannot enable controllers for children (the no-internal-process rule), so that it is not the own one, unless
    /// that is the root, or has been delegated with nobody but this process in it: then this process moves down into a child first. No
    /// process id is ever written.
    static func find(_ hierarchy: CgroupMounts.Hierarchy, needed: Set<String>) throws(SystemError) -> CgroupParent? {
        var best: CgroupParent?
        var path = hierarchy.own
        while true {
            if unsafe access(path, W_OK) == 0, unsafe access(path + "/cgroup.procs", W_OK) == 0 {
                let enabled = enable(needed, in: path)
                let found = CgroupParent(path: path, controllers: enabled)
                if needed.isSubset(of: enabled) { return found }
                if enabled.count > (best?.controllers.count ?? -1), !enabled.isEmpty || isRoot(path) { best = found }
            }
            if path == hierarchy.mountPoint { break }
            guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else { break }
            path = String(path[..<slash])
        }
        if let own = try stepAside(hierarchy.own, needed: needed) { return own }
        return best
    }

    /// Enables what is missing, where the rules let this account do it; what is enabled then.
    private static func enable(_ needed: Set<String>, in path: String) -> Set<String> {
        func words(_ file: String) -> Set<String> {
            do {
                return Set(try readText("\(path)/\(file)").split(whereSeparator: { $0 == " " || $0 == "\n" }).map(String.init))
            } catch {
                return []
            }
        }
        let enabled = words("cgroup.subtree_control")
        let missing = needed.subtracting(enabled).intersection(words("cgroup.controllers"))
        if missing.isEmpty { return enabled }
        do {
            try writeText(missing.sorted().map { "+\($0)" }.joined(separator: " "), to: "\(path)/cgroup.subtree_control")
            return words("cgroup.subtree_control")
        } catch {
            return enabled  // has processes, or is somebody else's: the search goes on
        }
    }

    private static func isRoot(_ path: String) -> Bool { unsafe access(path + "/cgroup.type", F_OK) != 0 }

    /// Moves this process out of the way into a child of its own cgroup, where that is delegated and nobody else is in it.
    private static func stepAside(_ own: String, needed: Set<String>) throws(SystemError) -> CgroupParent? {
        guard unsafe access(own, W_OK) == 0, unsafe access(own + "/cgroup.subtree_control", W_OK) == 0 else { return nil }
        let members = try readText(own + "/cgroup.procs").split(separator: "\n")
        guard members == ["\(getpid())"] else { return nil }
        let aside = own + "/brig-supervisor"
        try makeDirectory(aside, mode: 0o755)
        try writeText("0", to: aside + "/cgroup.procs")
        let enabled = enable(needed, in: own)
        return enabled.isEmpty ? nil : CgroupParent(path: own, controllers: enabled)
    }
}
