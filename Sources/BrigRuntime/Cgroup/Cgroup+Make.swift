internal import BrigReport
internal import BrigSystem
internal import Glibc

extension Cgroup {
    /// Version 1 hierarchies that stand for a version 2 controller.
    private static let version1Names = ["io": "blkio"]

    /// Makes a job's cgroup and sets its ceilings.
    ///
    /// - Parameter prepare: told the directories before they are made, so that they can be found again whatever happens.
    /// - Throws: where something that the policy requires cannot be had; nothing is left then.
    static func make(
        _ demand: CgroupDemand, name: String, mounts: CgroupMounts, degraded: inout [JobReport.Degradation], prepare: ([String]) throws(LaunchError) -> Void
    ) throws(LaunchError) -> Cgroup {
        // The caller's mask could take the account's own access to its groups away.
        let mask = umask(0o022)
        defer { _ = umask(mask) }
        let hasVersion1 = demand.controllers.contains { mounts.version1[version1Names[$0.name] ?? $0.name] != nil }
        if !hasVersion1, let hierarchy = mounts.version2 { return try makeVersion2(demand, name, hierarchy, &degraded, prepare) }
        return try makeVersion1(demand, name, mounts, &degraded, prepare)
    }

    private static func makeVersion1(
        _ demand: CgroupDemand, _ name: String, _ mounts: CgroupMounts, _ degraded: inout [JobReport.Degradation], _ prepare: ([String]) throws(LaunchError) -> Void
    ) throws(LaunchError) -> Cgroup {
        var wanted = demand.controllers.map { (name: version1Names[$0.name] ?? $0.name, protection: $0.name, isRequired: $0.isRequired, isAsked: demand.asks($0.name)) }
        if demand.needsCPUTime { wanted.append(("cpuacct", "cpuTime", demand.isCPUTimeRequired, true)) }
        var usable: [(name: String, hierarchy: CgroupMounts.Hierarchy)] = []
        for controller in wanted {
            if let hierarchy = mounts.version1[controller.name], unsafe access(hierarchy.own, W_OK) == 0 {
                usable.append((controller.name, hierarchy))
                continue
            }
            let reason =
                mounts.version1[controller.name] == nil
                ? "no hierarchy of cgroup version 1 on this host has the controller \(controller.name)" : "this account may not make cgroups below \(mounts.version1[controller.name]?.own ?? "")"
            try refuse(controller.protection, reason, isRequired: controller.isRequired, isAsked: controller.isAsked, &degraded)
        }
        if usable.isEmpty { return .none }
        var paths: [String] = []
        for path in usable.map({ "\($0.hierarchy.own)/\(name)" }) where !paths.contains(path) { paths.append(path) }
        try prepare(paths)
        let cgroup = CgroupV1()
        do throws(SystemError) {
            for (controller, hierarchy) in usable { try cgroup.add(controller, hierarchy, name: name) }
            degraded += try cgroup.apply(demand)
            // What would end the job for its processor time has to be readable before it runs.
            if usable.contains(where: { $0.name == "cpuacct" }), cgroup.cpuNanos() == nil { throw SystemError("read", "cpuacct.usage", errno: ENODATA) }
        } catch {
            throw abandon(paths, after: error)
        }
        return .version1(cgroup)
    }

    private static func makeVersion2(
        _ demand: CgroupDemand, _ name: String, _ hierarchy: CgroupMounts.Hierarchy, _ degraded: inout [JobReport.Degradation], _ prepare: ([String]) throws(LaunchError) -> Void
    ) throws(LaunchError) -> Cgroup {
        var search = CgroupSearch(hierarchy, needed: Set(demand.controllers.map(\.name)))
        let parent: CgroupParent?
        do throws(SystemError) {
            parent = try search.find()
        } catch {
            throw LaunchError("cgroup", error)
        }
        do throws(LaunchError) {
            for controller in demand.controllers where !(parent?.controllers.contains(controller.name) ?? false) {
                try refuse(controller.name, search.obstacle(controller.name), isRequired: controller.isRequired, isAsked: demand.asks(controller.name), &degraded)
            }
            guard let parent else {
                if demand.needsCPUTime { try refuse("cpuTime", "this account may not make cgroups at or above \(hierarchy.own)", isRequired: demand.isCPUTimeRequired, isAsked: true, &degraded) }
                return .none
            }
            return .version2(try make(demand, name, parent, &degraded, prepare))
        } catch {
            try inStage("cgroup") { () throws(SystemError) in try parent?.leave() }
            throw error
        }
    }

    private static func make(
        _ demand: CgroupDemand, _ name: String, _ parent: CgroupParent, _ degraded: inout [JobReport.Degradation], _ prepare: ([String]) throws(LaunchError) -> Void
    ) throws(LaunchError) -> CgroupV2 {
        let path = "\(parent.path)/\(name)"
        try prepare([path])
        do throws(SystemError) {
            let cgroup = try CgroupV2(parent: parent, name: name)
            degraded += try cgroup.apply(demand)
            if demand.needsCPUTime, cgroup.cpuNanos() == nil { throw SystemError("read", "\(path)/cpu.stat", errno: ENODATA) }
            return cgroup
        } catch {
            throw abandon([path], after: error)
        }
    }

    /// Removes what was made before the failure. What cannot be removed stays in the table of jobs, and the next brig removes it.
    private static func abandon(_ paths: [String], after error: SystemError) -> LaunchError {
        do throws(SystemError) {
            try remove(paths)
        } catch let leftover {
            return LaunchError("cgroup", "\(error); and what was made so far is still there: \(leftover)", errno: error.errno)
        }
        return LaunchError("cgroup", error)
    }

    /// A controller that cannot be had: an error where the policy requires it, a note where the policy asks for it, nothing where it would only
    /// have been measured.
    private static func refuse(_ protection: String, _ reason: String, isRequired: Bool, isAsked: Bool, _ degraded: inout [JobReport.Degradation]) throws(LaunchError) {
        if isRequired {
            throw LaunchError(
                "cgroup", "the policy requires a limit of \(protection), and \(reason)",
                hint: "run as root, or where the account has a delegated cgroup (systemd-run --user --scope -p Delegate=yes), or mark the limit \"required\": false")
        }
        if isAsked { degraded.append(JobReport.Degradation(protection: protection, reason: reason)) }
    }
}

extension CgroupDemand {
    /// Whether the policy bounds what a version 2 controller is for.
    func asks(_ controller: String) -> Bool {
        switch controller {
        case "memory": memory != nil
        case "pids": pids != nil
        case "cpu": milliCPUs != nil
        case "io": !io.isEmpty
        default: false
        }
    }
}
