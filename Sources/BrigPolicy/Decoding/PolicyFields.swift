/// The fields that each object of a policy may have. The decoder refuses all others, and a test holds the JSON Schema against this list.
package enum PolicyFields {
    static let root = [
        "$schema", "version", "name", "description", "base", "rootfs", "mounts", "process", "namespaces", "syscalls", "capabilities", "apparmor", "limits", "onViolation",
    ]
    static let rootfs = ["image", "digest", "writable", "scratchSize", "scratchInodes"]
    static let mount = ["type", "source", "target", "readOnly", "exec", "size"]
    static let process = ["user", "group", "cwd", "hostname", "umask", "arguments0", "environment", "inheritEnvironment", "init"]
    static let namespaces = ["user", "pid", "mount", "network", "ipc", "uts", "cgroup", "acceptRisk"]
    static let syscalls = ["default", "allow", "deny", "rules", "profile", "record", "baseline", "accept"]
    static let denial = ["names", "action", "reason"]
    static let rule = ["names", "action", "args", "reason"]
    static let condition = ["index", "op", "value", "mask"]
    static let acceptance = ["names", "reason"]
    static let profile = ["defaultAction", "defaultErrnoRet", "defaultErrno", "architectures", "archMap", "flags", "syscalls"]
    static let profileArchitecture = ["architecture", "subArchitectures"]
    static let profileEntry = ["names", "name", "action", "errnoRet", "errno", "args", "comment", "includes", "excludes"]
    static let profileComparison = ["index", "value", "valueTwo", "op"]
    static let profileCircumstances = ["caps", "arches", "minKernel"]
    static let capabilities = ["retain", "ambient"]
    static let apparmor = ["profile", "required"]
    static let limits = [
        "memory", "swap", "oomGroup", "pids", "cpus", "cpuTime", "wallTime", "output", "onOutput", "fileSize", "openFiles", "coreSize", "stack", "lockedMemory", "realtimePriority",
        "io",
    ]
    static let demand = ["value", "required"]
    static let io = ["device", "path", "readBytesPerSecond", "writeBytesPerSecond", "readOperationsPerSecond", "writeOperationsPerSecond", "required"]

    /// Every object by its JSON pointer, `*` standing for each element of a list.
    package static let all: [(pointer: String, names: [String])] = [
        ("", root), ("/rootfs", rootfs), ("/mounts/*", mount), ("/process", process), ("/namespaces", namespaces), ("/syscalls", syscalls), ("/syscalls/deny/*", denial),
        ("/syscalls/rules/*", rule), ("/syscalls/rules/*/args/*", condition), ("/syscalls/accept/*", acceptance), ("/syscalls/profile", profile),
        ("/syscalls/profile/archMap/*", profileArchitecture), ("/syscalls/profile/syscalls/*", profileEntry), ("/syscalls/profile/syscalls/*/args/*", profileComparison),
        ("/syscalls/profile/syscalls/*/includes", profileCircumstances), ("/syscalls/profile/syscalls/*/excludes", profileCircumstances), ("/capabilities", capabilities), ("/apparmor", apparmor), ("/limits", limits),
        ("/limits/memory", demand), ("/limits/swap", demand), ("/limits/pids", demand), ("/limits/cpus", demand), ("/limits/cpuTime", demand), ("/limits/io/*", io),
    ]
}
