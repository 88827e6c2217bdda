internal import BrigSystem
internal import Glibc

extension HostFacts.Cgroups {
    /// A version 2 controller and the version 1 hierarchy that stands for it.
    private static let names = [("memory", "memory"), ("pids", "pids"), ("cpu", "cpu"), ("io", "blkio")]

    /// What this account may do in the hierarchies that are mounted: a group is made for each and removed at once.
    ///
    /// - Throws: where /proc/self/cgroup or /proc/self/mountinfo cannot be read.
    static func current() throws(SystemError) -> HostFacts.Cgroups {
        let mounts = try CgroupMounts.current()
        var found = HostFacts.Cgroups()
        if !mounts.version1.isEmpty { found.versions.append(1) }
        if mounts.version2 != nil { found.versions.append(2) }
        let isVersion1 = names.contains { mounts.version1[$0.1] != nil }
        if isVersion1 {
            for (name, hierarchyName) in names {
                guard let hierarchy = mounts.version1[hierarchyName] else { continue }
                found.controllers[name] = Place(version: 1, path: hierarchy.own, obstacle: obstacle(in: hierarchy.own))
            }
            if let memory = mounts.version1["memory"] { found.limitsSwap = unsafe access("\(memory.own)/memory.memsw.limit_in_bytes", F_OK) == 0 }
        } else if let hierarchy = mounts.version2 {
            for (name, _) in names { found.controllers[name] = version2(name, hierarchy) }
            // The root has no such file, its children have.
            found.limitsSwap = found.controllers["memory"].map { place in
                hasSwapCeiling(place.path) || hasSwapCeiling(hierarchy.own) || childHasSwapCeiling(place.path)
            }
        }
        return found
    }

    /// Where a job's group could have a controller; nil where the hierarchy does not have it at all.
    ///
    /// The search is that of ``CgroupSearch``, which enables controllers on its way; here nothing is changed.
    private static func version2(_ controller: String, _ hierarchy: CgroupMounts.Hierarchy) -> Place? {
        guard words("\(hierarchy.mountPoint)/cgroup.controllers").contains(controller) else { return nil }
        var path = hierarchy.own
        var obstacles: [String] = []
        while true {
            if unsafe access(path, W_OK) == 0, unsafe access(path + "/cgroup.procs", W_OK) == 0 {
                if !CgroupSearch.isDomain(path) {
                    obstacles.append("\(path) is threaded, and so cannot hold a job's cgroup")
                } else if words(path + "/cgroup.subtree_control").contains(controller) || canEnable(controller, in: path, isOwn: path == hierarchy.own) {
                    guard let obstacle = obstacle(in: path) else { return Place(version: 2, path: path, obstacle: nil) }
                    obstacles.append(obstacle)
                } else {
                    obstacles.append("\(path) does not have it for its children")
                }
            }
            if path == hierarchy.mountPoint { break }
            guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else { break }
            path = String(path[..<slash])
        }
        return Place(version: 2, path: hierarchy.own, obstacle: obstacles.first ?? "this account may not make groups at or above \(hierarchy.own)")
    }

    /// A group other than the root can pass controllers on only with no process in it; brig itself moves out of the way.
    private static func canEnable(_ controller: String, in path: String, isOwn: Bool) -> Bool {
        guard words(path + "/cgroup.controllers").contains(controller), unsafe access(path + "/cgroup.subtree_control", W_OK) == 0 else { return false }
        let members = words(path + "/cgroup.procs")
        return CgroupSearch.isRoot(path) || members.isEmpty || (isOwn && members == ["\(getpid())"])
    }

    private static func obstacle(in path: String) -> String? {
        let name = "\(path)/brig-doctor-\(getpid())"
        do throws(SystemError) {
            guard try makeDirectory(name, mode: 0o755) else { return "\(name) exists already" }
            try removeDirectory(name)
            return nil
        } catch {
            return error.description
        }
    }

    private static func hasSwapCeiling(_ group: String) -> Bool { unsafe access("\(group)/memory.swap.max", F_OK) == 0 }

    private static func childHasSwapCeiling(_ path: String) -> Bool {
        do throws(SystemError) {
            let directory = try FileDescriptor.open(path, [.read, .directory])
            for name in try directoryEntries(directory, subject: path) where hasSwapCeiling("\(path)/\(name)") { return true }
            return false
        } catch {
            return false  // not to be seen: no ceiling that could be set either
        }
    }

    private static func words(_ path: String) -> [String] {
        (HostFacts.text(path) ?? "").split(whereSeparator: { $0 == " " || $0 == "\n" }).map(String.init)
    }
}
