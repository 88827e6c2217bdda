internal import BrigSystem
internal import Glibc

/// The search for a place in the unified hierarchy in which this account may make a job's cgroup, and what stood in its way.
///
/// The rules are those of Documentation/admin-guide/cgroup-v2.rst of the kernel: a cgroup other than the root has either processes or controllers for
/// its children, and below a threaded one, or one whose children are, no job can live.
struct CgroupSearch {
    private let hierarchy: CgroupMounts.Hierarchy
    private let needed: Set<String>
    /// By controller, what stood in its way at the nearest place that this account may write to.
    private var obstacles: [String: String] = [:]

    init(_ hierarchy: CgroupMounts.Hierarchy, needed: Set<String>) {
        self.hierarchy = hierarchy
        self.needed = needed
    }

    /// This process's own cgroup, where nobody else is in it; else the nearest above it whose children can have the controllers. Where none has
    /// all of them, one with the most.
    mutating func find() throws(SystemError) -> CgroupParent? {
        let own = hierarchy.own
        let ownControllers = isOwnAlone() ? cgroupWords("\(own)/cgroup.controllers").intersection(needed) : []
        if ownControllers == needed && !needed.isEmpty { return try CgroupParent(steppingAsideIn: own, needed: needed) }
        var best: CgroupParent?
        var path = own
        while true {
            if unsafe access(path, W_OK) == 0, unsafe access(path + "/cgroup.procs", W_OK) == 0, let enabled = enable(in: path) {
                let found = CgroupParent(path: path, controllers: enabled)
                if needed.isSubset(of: enabled) { return found }
                if enabled.count > (best?.controllers.count ?? -1), !enabled.isEmpty || Self.isRoot(path) { best = found }
            }
            if path == hierarchy.mountPoint { break }
            guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else { break }
            path = String(path[..<slash])
        }
        if ownControllers.count > best?.controllers.intersection(needed).count ?? 0 { return try CgroupParent(steppingAsideIn: own, needed: ownControllers) }
        return best
    }

    /// Why the place that was found, if any, does not have a controller.
    func obstacle(_ controller: String) -> String {
        if !cgroupWords("\(hierarchy.mountPoint)/cgroup.controllers").contains(controller), Self.isRoot(hierarchy.mountPoint) {
            return "the unified hierarchy of this host has no controller \(controller)"
        }
        return obstacles[controller] ?? "this account may not make cgroups at or above \(hierarchy.own)"
    }

    /// Enables what is missing, where the rules let this account do it: what is enabled then. Nil where no job can live.
    private mutating func enable(in path: String) -> Set<String>? {
        guard Self.isDomain(path) else {
            for controller in needed { note(controller, "\(path) is threaded, and so cannot hold a job's cgroup") }
            return nil
        }
        let enabled = cgroupWords("\(path)/cgroup.subtree_control")
        let available = cgroupWords("\(path)/cgroup.controllers")
        for controller in needed.subtracting(enabled).subtracting(available) { note(controller, "the controller \(controller) is not delegated to \(path)") }
        let missing = needed.subtracting(enabled).intersection(available)
        if missing.isEmpty { return enabled }
        do throws(SystemError) {
            try writeText(missing.sorted().map { "+\($0)" }.joined(separator: " "), to: "\(path)/cgroup.subtree_control")
            return cgroupWords("\(path)/cgroup.subtree_control")
        } catch {
            let reason = error.errno == EBUSY ? "other processes in \(path) keep it from passing controllers on to a job's cgroup" : error.description
            for controller in missing { note(controller, reason) }
            return enabled
        }
    }

    private mutating func note(_ controller: String, _ reason: String) {
        if obstacles[controller] == nil { obstacles[controller] = reason }
    }

    /// This process's cgroup is not the root, this account may write to it, and nobody else is in it.
    private func isOwnAlone() -> Bool {
        let own = hierarchy.own
        guard !Self.isRoot(own), Self.isDomain(own) else { return false }
        for file in ["", "/cgroup.procs", "/cgroup.subtree_control"] where unsafe access(own + file, W_OK) != 0 { return false }
        return cgroupWords("\(own)/cgroup.procs") == ["\(getpid())"]
    }

    /// The root of the hierarchy has no such file.
    static func isRoot(_ path: String) -> Bool { unsafe access(path + "/cgroup.type", F_OK) != 0 }

    /// Its children can be domains, which a job's cgroup must be: it is neither threaded nor the root of a threaded subtree.
    static func isDomain(_ path: String) -> Bool { isRoot(path) || cgroupWords("\(path)/cgroup.type") == ["domain"] }
}
