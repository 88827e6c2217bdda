internal import BrigJSON

extension JobReport.Enforcement {
    var json: JSONValue {
        .fields(
            ("readAt", .string(readAt)), ("seccomp", seccomp.json), ("capabilities", capabilities.json), ("noNewPrivileges", .bool(noNewPrivileges)),
            ("apparmor", .fields(("requested", .text(appArmor.requested)), ("current", .text(appArmor.current)))),
            ("namespaces", .sorted(namespaces) { .fields(("inode", .figure($0.inode)), ("fresh", .bool($0.isFresh))) }), ("cgroup", cgroup?.json ?? .null),
            ("idMap", .array(idMap.map(\.json))), ("groupMap", .array(groupMap.map(\.json))), ("mounts", .count(mounts)))
    }
}

extension JobReport.Enforcement.Seccomp {
    var json: JSONValue { .fields(("mode", .count(mode)), ("filters", .count(filters)), ("instructions", .count(instructions)), ("sha256", .string(sha256))) }
}

extension JobReport.Enforcement.Capabilities {
    /// Masks are written as /proc/PID/status writes them.
    var json: JSONValue {
        .fields(
            ("bounding", .mask(bounding)), ("permitted", .mask(permitted)), ("effective", .mask(effective)), ("inheritable", .mask(inheritable)), ("ambient", .mask(ambient)),
            ("names", .texts(names)))
    }
}

extension JobReport.Enforcement.Cgroup {
    var json: JSONValue {
        .fields(
            ("version", .count(version)), ("memoryMax", .figure(memoryMax)), ("swapMax", .figure(swapMax)), ("pidsMax", .figure(pidsMax)), ("cpuMax", .text(cpuMax)),
            ("ioMax", .texts(ioMax)))
    }
}

extension JobReport.Enforcement.IDRange {
    var json: JSONValue { .array([.integer(Int64(inside)), .integer(Int64(outside)), .integer(Int64(count))]) }
}
