internal import BrigPlan
internal import BrigPolicy
internal import BrigReport
internal import BrigSystem
internal import CLibcap

/// What the kernel really holds a job to, read from its files while the job stands still.
struct ReadBack {
    private static let namespaces = ["user", "pid", "mnt", "net", "ipc", "uts", "cgroup"]

    /// - Throws: where a file cannot be read. What is read is compared by ``differences(_:plan:cgroup:)``.
    static func read(job: Int32, at moment: String, plan: LaunchPlan, appArmorRequested: String?, cgroup: Cgroup) throws(LaunchError) -> JobReport.Enforcement {
        let status = try inStage("read-back") { () throws(SystemError) in try ProcessStatus(process: "\(job)") }
        let masks = ["CapBnd", "CapPrm", "CapEff", "CapInh", "CapAmb"].map { status.mask(Substring($0)) ?? .max }
        var spaces: [String: JobReport.Enforcement.Namespace] = [:]
        for name in namespaces {
            let own = try namespace(name, of: "self")
            let inode = try namespace(name, of: "\(job)")
            spaces[name == "mnt" ? "mount" : name == "net" ? "network" : name] = JobReport.Enforcement.Namespace(inode: inode, isFresh: inode != own && (name != "net" || plan.hasFreshNetwork))
        }
        let limits = cgroup.readBack()
        var group: JobReport.Enforcement.Cgroup?
        if let version = cgroup.version {
            var read = JobReport.Enforcement.Cgroup(version: version)
            (read.memoryMax, read.swapMax, read.pidsMax, read.cpuMax, read.ioMax) = (limits.memory, limits.swap, limits.pids, limits.cpu, limits.io)
            group = read
        }
        return JobReport.Enforcement(
            readAt: moment,
            seccomp: JobReport.Enforcement.Seccomp(
                mode: status.number("Seccomp") ?? -1, filters: status.number("Seccomp_filters"), instructions: plan.filter.instructions.count, sha256: plan.filter.sha256),
            capabilities: JobReport.Enforcement.Capabilities(
                bounding: masks[0], permitted: masks[1], effective: masks[2], inheritable: masks[3], ambient: masks[4], names: capabilityNames(masks[2])),
            noNewPrivileges: status.number("NoNewPrivs") == 1,
            appArmor: JobReport.Enforcement.AppArmor(requested: appArmorRequested, current: AppArmor.label(process: "\(job)")),
            namespaces: spaces, cgroup: group, idMap: try map("uid_map", job), groupMap: try map("gid_map", job),
            mounts: try inStage("read-back") { () throws(SystemError) in try readText("/proc/\(job)/mountinfo").utf8.count { $0 == UInt8(ascii: "\n") } })
    }

    /// Where it is not what the plan says; empty where all is.
    static func differences(_ read: JobReport.Enforcement, plan: LaunchPlan, demand: CgroupDemand, cgroup: Cgroup) -> [String] {
        var found: [String] = []
        func expect(_ name: String, _ isHeld: Bool, _ value: @autoclosure () -> String) {
            if !isHeld { found.append("\(name) is \(value())") }
        }
        expect("the seccomp mode", read.seccomp.mode == 2, "\(read.seccomp.mode) instead of 2")
        expect("no_new_privs", read.noNewPrivileges, "not set")
        let expected = CapabilitySets(plan)
        let sets = read.capabilities
        for (name, value, wanted) in [
            ("bounding", sets.bounding, expected.bounding), ("permitted", sets.permitted, expected.permitted), ("effective", sets.effective, expected.permitted),
            ("inheritable", sets.inheritable, expected.inheritable), ("ambient", sets.ambient, expected.ambient),
        ] {
            expect("the \(name) capability set", value == wanted || read.readAt != "exec", "\(String(value, radix: 16)) instead of \(String(wanted, radix: 16))")
        }
        for (name, space) in read.namespaces.sorted(by: { $0.key < $1.key }) where name != "network" || plan.hasFreshNetwork {
            expect("the \(name) namespace", space.isFresh, "brig's own")
        }
        expect("the uid map", read.idMap.map(\.range) == plan.identity.userMap.ranges, "\(read.idMap)")
        expect("the gid map", read.groupMap.map(\.range) == plan.identity.groupMap.ranges, "\(read.groupMap)")
        if plan.appArmorCommand != nil, read.readAt == "exec" {
            let profile = read.appArmor.requested ?? ""
            let current = read.appArmor.current
            expect("the AppArmor label", AppArmor.isEnforced(profile, label: current), current ?? "none")
        }
        addLimits(read, demand, cgroup.paths, expect)
        return found
    }

    private static func addLimits(_ read: JobReport.Enforcement, _ demand: CgroupDemand, _ paths: [String], _ expect: (String, Bool, @autoclosure () -> String) -> Void) {
        guard let group = read.cgroup else { return }
        // The kernel rounds memory down to pages of up to 64 KiB.
        if let wanted = demand.memory, let limit = group.memoryMax {
            expect("the memory ceiling", limit <= wanted && wanted - limit < 65536, "\(limit) instead of \(wanted)")
        }
        if demand.isMemoryRequired { expect("the memory ceiling", group.memoryMax != nil, "not to be read") }
        if let wanted = demand.pids, let limit = group.pidsMax { expect("the pids ceiling", limit == wanted, "\(limit) instead of \(wanted)") }
        if demand.isPIDsRequired { expect("the pids ceiling", group.pidsMax != nil, "not to be read") }
    }

    private static func namespace(_ name: String, of process: String) throws(LaunchError) -> UInt64 {
        let text = try inStage("read-back") { () throws(SystemError) in try readLink("/proc/\(process)/ns/\(name)") }
        // pid:[4026531836]
        guard let open = text.firstIndex(of: "["), let inode = UInt64(text[text.index(after: open)...].dropLast()) else {
            throw LaunchError("read-back", "/proc/\(process)/ns/\(name) is \(text)")
        }
        return inode
    }

    private static func map(_ file: String, _ job: Int32) throws(LaunchError) -> [JobReport.Enforcement.IDRange] {
        let text = try inStage("read-back") { () throws(SystemError) in try readText("/proc/\(job)/\(file)") }
        return text.split(separator: "\n").compactMap { line in
            let fields = line.split(separator: " ").compactMap { UInt32($0) }
            return fields.count == 3 ? JobReport.Enforcement.IDRange(inside: fields[0], outside: fields[1], count: fields[2]) : nil
        }
    }

    /// Names of a set's capabilities.
    private static func capabilityNames(_ mask: UInt64) -> [String] {
        (0..<64).filter { mask >> UInt64($0) & 1 == 1 }.compactMap { number in
            guard let name = unsafe cap_to_name(cap_value_t(number)) else { return nil }
            defer { unsafe _ = cap_free(name) }
            return unsafe String(cString: name).uppercased()
        }
    }
}

extension JobReport.Enforcement.IDRange {
    fileprivate var range: IDMap.Range { IDMap.Range(inside: inside, outside: outside, count: count) }
}

/// What execve(2) makes of the retained capabilities (capabilities(7), "Transformation of capabilities during execve"): user 0 of the namespace
/// keeps them, any other user only what is ambient.
struct CapabilitySets: Equatable {
    let bounding: UInt64
    /// Also the effective set.
    let permitted: UInt64
    let inheritable: UInt64
    let ambient: UInt64

    init(_ plan: LaunchPlan) {
        let known = plan.lastCapability >= 63 ? UInt64.max : (1 << (UInt64(plan.lastCapability) + 1)) - 1
        let retained = plan.capabilities & known
        bounding = retained
        inheritable = retained
        ambient = plan.isAmbient ? retained : 0
        permitted = plan.identity.user == 0 ? retained : ambient
    }
}
