public import BrigJSON

/// A policy text with exactly one fault, made from a valid policy that uses every field.
public struct PolicyFault: Sendable, CustomStringConvertible {
    /// What was done to it.
    public let description: String
    public let text: [UInt8]
    /// Where the message must point: at this JSON pointer, at something in it, at what holds it or at what contradicts it there. Nil for a fault of the text as a whole.
    public let pointer: String?
}

/// Faulty policies, several hundred, each from the same valid one: wrong types for every field, values out of range, unknown and duplicate names in
/// every object, missing fields, texts that are no JSON.
public enum PolicyFaults {
    public static var all: [PolicyFault] { wrongTypes + wrongValues + names + missing + texts }

    /// A valid policy that uses every field of the format (a bind of /usr, no file beside it).
    public static let complete: JSONValue = [
        "$schema": "policy.schema.json", "version": 1, "name": "complete", "description": "Every field.", "base": "strict",
        "rootfs": [
            "image": "oci:images/app:1.0", "digest": .string("sha256:" + String(repeating: "a1", count: 32)), "writable": "scratch", "scratchSize": "1GiB", "scratchInodes": 1000,
        ],
        "mounts": [
            ["type": "bind", "source": "/usr", "target": "/mnt/usr", "readOnly": true, "exec": true],
            ["type": "tmpfs", "target": "/tmp", "size": "1MiB", "readOnly": false, "exec": false],
        ],
        "process": [
            "user": "nobody", "group": 100, "cwd": "/tmp", "hostname": "job", "umask": "0077", "arguments0": "program", "environment": ["PATH": "/bin", "X": ""],
            "inheritEnvironment": ["TERM"], "init": true,
        ],
        "namespaces": [
            "user": "fresh", "pid": "fresh", "mount": "fresh", "network": "host", "ipc": "fresh", "uts": "fresh", "cgroup": "fresh", "acceptRisk": true,
        ],
        "syscalls": [
            "default": "errno:ENOSYS", "allow": ["@file-io", "mmap", "exit_group"], "deny": ["ptrace", ["names": ["mount", "@module"], "action": "kill", "reason": "never"]],
            "rules": [
                [
                    "names": ["clone", "unshare"], "action": "errno:EPERM", "reason": "no namespaces",
                    "args": [["index": 0, "op": "maskedEqual", "value": "CLONE_NEWUSER|CLONE_NEWNS", "mask": "0x10020000"]],
                ]
            ],
            "record": "denied", "baseline": "mseal", "accept": [["names": ["ptrace", "@debug"], "reason": "for a test"]],
            "profile": [
                "defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 38, "defaultErrno": "ENOSYS", "flags": ["SECCOMP_FILTER_FLAG_TSYNC"],
                "archMap": [
                    ["architecture": "SCMP_ARCH_X86_64", "subArchitectures": ["SCMP_ARCH_X86"]], ["architecture": "SCMP_ARCH_AARCH64", "subArchitectures": ["SCMP_ARCH_ARM"]],
                ],
                "syscalls": [
                    ["names": ["getpid"], "action": "SCMP_ACT_ALLOW", "comment": "", "includes": ["minKernel": "4.8", "arches": ["amd64", "arm64"], "caps": ["CAP_CHOWN"]]],
                    [
                        "names": ["personality"], "action": "SCMP_ACT_ERRNO", "errnoRet": 22, "errno": "EINVAL",
                        "args": [["index": 0, "value": 8, "valueTwo": 8, "op": "SCMP_CMP_MASKED_EQ"]], "excludes": ["caps": ["CAP_SYS_ADMIN"], "arches": ["s390x"], "minKernel": "99.0"],
                    ],
                    ["name": "getppid", "action": "SCMP_ACT_ALLOW"],
                ],
            ],
        ],
        "capabilities": ["retain": ["CAP_NET_BIND_SERVICE", "CHOWN"], "ambient": true], "apparmor": ["profile": "brig-job", "required": false],
        "limits": [
            "memory": ["value": "256MiB", "required": false], "swap": "0", "oomGroup": true, "pids": ["value": 10, "required": true],
            "cpus": ["value": .double(1.5), "required": false],
            "cpuTime": ["value": "10s", "required": true], "wallTime": "500ms", "output": "1MiB", "onOutput": "kill", "fileSize": "1GiB", "openFiles": 100, "coreSize": 0,
            "stack": "8MiB",
            "lockedMemory": 0, "realtimePriority": 0,
            "io": [
                [
                    "device": "8:0", "readBytesPerSecond": "1MiB", "writeBytesPerSecond": 1000, "readOperationsPerSecond": 10, "writeOperationsPerSecond": 10, "required": false,
                ], ["path": "/var", "readBytesPerSecond": 4096],
            ],
        ],
        "onViolation": "kill",
    ]

    // MARK: - values

    /// Every value of the policy replaced by one of each other kind.
    static var wrongTypes: [PolicyFault] {
        let wrong: [JSONValue] = [.null, true, -1, .double(0.001), "\u{1}", [.null], ["surplus": .null]]
        return pointers(complete).flatMap { pointer, value in
            wrong.compactMap { candidate in
                isAcceptable(candidate, at: pointer, insteadOf: value) ? nil : fault("\(pointer) is \(render(candidate))", replacing: pointer, with: candidate)
            }
        }
    }

    /// Whether what is wrong elsewhere is right here.
    private static func isAcceptable(_ candidate: JSONValue, at pointer: String, insteadOf value: JSONValue) -> Bool {
        switch candidate {
        // Docker's own profile has null for no arguments.
        case .null:
            pointer.hasPrefix("/syscalls/profile/") && ["args", "includes", "excludes", "flags", "subArchitectures"].contains { pointer.hasSuffix("/" + $0) }
                || pointer.hasSuffix("/arches") && pointer.hasPrefix("/syscalls/profile/")
        case .bool: value.bool != nil
        case .integer: pointer.hasSuffix("/args/0/value") || pointer.hasSuffix("/args/0/mask")
        // Any text is a variable's value.
        case .string: pointer.hasPrefix("/process/environment/")
        default: false
        }
    }

    static var wrongValues: [PolicyFault] {
        values.map { pointer, value in fault("\(pointer) is \(render(value))", replacing: pointer, with: value) }
    }

    private static let values: [(String, JSONValue)] = [
        ("/version", 2), ("/version", "1"), ("/name", ""), ("/name", .string(String(repeating: "n", count: 129))), ("/base", "strikt"), ("/base", "./nowhere.json"), ("/base", ""),
        ("/rootfs/image", "dir:"), ("/rootfs/image", "oci:"), ("/rootfs/image", "squashfs:"), ("/rootfs/image", "docker-archive:a:"), ("/rootfs/image", "no such image"), ("/rootfs/image", "sha256:12"),
        ("/rootfs/digest", "sha256:xyz"), ("/rootfs/digest", "md5:00"), ("/rootfs/writable", "yes"), ("/rootfs/scratchSize", "12MB"), ("/rootfs/scratchSize", "1.5GiB"),
        ("/rootfs/scratchSize", 0),
        ("/rootfs/scratchInodes", 0), ("/rootfs/scratchInodes", .integer(.max)), ("/mounts/0/type", "nfs"), ("/mounts/0/source", "usr"), ("/mounts/0/source", "/usr/../etc"),
        ("/mounts/0/source", "//usr"), ("/mounts/0/target", "/"), ("/mounts/0/target", "/proc/sys"), ("/mounts/0/target", "/dev"), ("/mounts/1/target", "/mnt/usr"),
        ("/mounts/1/size", "99999999TiB"),
        ("/process/user", 65_536), ("/process/user", "-1"), ("/process/user", "no body"), ("/process/group", "4294967296"), ("/process/cwd", "tmp"), ("/process/cwd", "/a/./b"),
        ("/process/hostname", "a b"), ("/process/hostname", .string(String(repeating: "h", count: 65))), ("/process/umask", "0999"), ("/process/umask", "1777"),
        ("/process/umask", 22),
        ("/process/environment", ["A=B": "c"]), ("/process/environment", ["": "c"]), ("/process/environment/X", "a\u{0}b"), ("/process/inheritEnvironment", ["A", "A"]),
        ("/process/inheritEnvironment/0", "A=B"), ("/namespaces/user", "host"), ("/namespaces/pid", "none"), ("/namespaces/network", "hots"), ("/namespaces/network", "job:"),
        ("/namespaces/network", "job:../x"), ("/namespaces/acceptRisk", false), ("/syscalls/default", "allow"), ("/syscalls/default", "errno:EPREM"),
        ("/syscalls/default", "errno"),
        ("/syscalls/allow/1", "opnat"), ("/syscalls/allow/0", "@file-oi"), ("/syscalls/allow/1", "read\u{0}"), ("/syscalls/allow/2", "mmap"), ("/syscalls/allow/1", "@file-io"),
        ("/syscalls/allow/1", "listxattrat"), ("/syscalls/deny/0", "mmap"), ("/syscalls/deny/0", "mount"), ("/syscalls/deny/0", "@everything"), ("/syscalls/deny/1/names", []),
        ("/syscalls/deny/1/action", "allow"), ("/syscalls/deny/1/action", "log"), ("/syscalls/deny/1/names/0", "MOUNT"), ("/syscalls/rules/0/names", []),
        ("/syscalls/rules/0/names/0", "@process"),
        ("/syscalls/rules/0/action", "deny"), ("/syscalls/rules/0/args/0/index", 6), ("/syscalls/rules/0/args/0/index", 2),
        ("/syscalls/rules/0/args/0/op", "=="), ("/syscalls/rules/0/args/0/op", "equal"), ("/syscalls/rules/0/args/0/value", "CLONE_NEWUSR"),
        ("/syscalls/rules/0/args/0/value", "0xZZ"),
        ("/syscalls/rules/0/args/0/value", "CLONE_NEWUSER|"), ("/syscalls/rules/0/args/0/value", 4_294_967_296), ("/syscalls/rules/0/args/0/value", "0x1"),
        ("/syscalls/rules/0/args/0/mask", ""),
        ("/syscalls/record", "some"), ("/syscalls/baseline", "nosuchcall"), ("/capabilities/retain", ["CHOWN", "CAP_CHOWN"]), ("/capabilities/retain/0", "cap_chown"),
        ("/capabilities/retain/0", "NET_RAWW"), ("/capabilities/retain/0", "64"), ("/apparmor/profile", ""), ("/limits/memory", "1KiB"), ("/limits/memory/value", "256 MiB"),
        ("/limits/memory/value", "256mib"), ("/limits/swap", "-1"), ("/limits/pids", 0), ("/limits/pids/value", 4_194_305), ("/limits/cpus", 0),
        ("/limits/cpus/value", .double(1.00005)),
        ("/limits/cpus", 1025), ("/limits/cpuTime", "0s"), ("/limits/cpuTime/value", "10"), ("/limits/wallTime", "1 s"), ("/limits/wallTime", 30),
        ("/limits/wallTime", "999999999999h"),
        ("/limits/wallTime", "0ms"), ("/limits/output", "2GiB"), ("/limits/onOutput", "drop"), ("/limits/openFiles", 2), ("/limits/stack", 1), ("/limits/realtimePriority", 100),
        ("/limits/io/0/device", "8"), ("/limits/io/0/device", "4096:0"), ("/limits/io/1/path", "var"), ("/limits/io/0/readOperationsPerSecond", 0),
        ("/limits/io/0/readBytesPerSecond", 0),
        ("/syscalls/accept/0/names", []), ("/syscalls/accept/0/names/0", "ptracee"), ("/syscalls/accept/0/reason", ""), ("/syscalls/profile", "/nowhere/seccomp.json"),
        ("/syscalls/profile", ""), ("/syscalls/profile/defaultAction", "SCMP_ACT_ALLOW"), ("/syscalls/profile/defaultAction", "SCMP_ACT_KILL"),
        ("/syscalls/profile/defaultErrnoRet", 0), ("/syscalls/profile/defaultErrnoRet", 1), ("/syscalls/profile/defaultErrno", "ENOSIS"),
        ("/syscalls/profile/flags/0", "SECCOMP_FILTER_FLAG_SPEC_ALLOW"), ("/syscalls/profile/archMap/0/architecture", "SCMP_ARCH_AMD64"),
        ("/syscalls/profile/archMap/0/subArchitectures/0", "x86"), ("/syscalls/profile/syscalls/0/names/0", "getpidd"), ("/syscalls/profile/syscalls/0/names/0", "@process"),
        ("/syscalls/profile/syscalls/0/action", "SCMP_ACT_TRACE"), ("/syscalls/profile/syscalls/0/action", "SCMP_ACT_NOTIFY"), ("/syscalls/profile/syscalls/0/action", "allow"),
        ("/syscalls/profile/syscalls/0/includes/minKernel", "4"), ("/syscalls/profile/syscalls/0/includes/minKernel", "4.8-rc1"),
        ("/syscalls/profile/syscalls/0/includes/arches/0", "x86_64"), ("/syscalls/profile/syscalls/0/includes/caps/0", "CHOWN"), ("/syscalls/profile/syscalls/1/errnoRet", 134),
        ("/syscalls/profile/syscalls/1/errno", "EPERM"), ("/syscalls/profile/syscalls/1/args/0/index", 6), ("/syscalls/profile/syscalls/1/args/0/index", 1),
        ("/syscalls/profile/syscalls/1/args/0/op", "SCMP_CMP_EQ"), ("/syscalls/profile/syscalls/1/args/0/op", "=="), ("/syscalls/profile/syscalls/1/args/0/valueTwo", 9),
        ("/syscalls/profile/syscalls/1/args/0/value", 4_294_967_296), ("/syscalls/profile/syscalls/2/name", "getppidd"),
        ("/onViolation", "ignore"), ("/onViolation", "Kill"),
    ]

    // MARK: - names

    /// In every object: an unknown name, a known one in other letters, one that is there already.
    static var names: [PolicyFault] {
        pointers(complete).flatMap { pointer, value -> [PolicyFault] in
            guard case .object(let members) = value, let first = members.first, pointer != "/process/environment" else {
                if pointer == "/process/environment" { return [PolicyFault(description: "duplicate variable", text: render(duplicating: pointer), pointer: pointer)] }
                return []
            }
            let unknown = JSONValue.object(members + [.init("surplus", 1)])
            let capital = JSONValue.object(members + [.init(first.name.uppercased() + "_", first.value)])
            return [
                fault("\(pointer) has an unknown field", replacing: pointer, with: unknown), fault("\(pointer) has a misspelt field", replacing: pointer, with: capital),
                PolicyFault(description: "\(pointer) has a field twice", text: render(duplicating: pointer), pointer: pointer.appending(member: first.name)),
            ]
        }
    }

    static var missing: [PolicyFault] {
        [
            "/version", "/mounts/0/type", "/mounts/0/source", "/mounts/1/target", "/syscalls/deny/1/names", "/syscalls/rules/0/names", "/syscalls/rules/0/action",
            "/syscalls/rules/0/args/0/index",
            "/syscalls/rules/0/args/0/op", "/syscalls/rules/0/args/0/value", "/syscalls/rules/0/args/0/mask", "/limits/memory/value", "/limits/pids/value", "/limits/io/0/device",
            "/limits/io/1/path",
            "/limits/io/1/readBytesPerSecond", "/namespaces/acceptRisk", "/syscalls/accept/0/names", "/syscalls/accept/0/reason", "/syscalls/profile/defaultAction",
            "/syscalls/profile/archMap/0/architecture", "/syscalls/profile/syscalls/0/names", "/syscalls/profile/syscalls/0/action", "/syscalls/profile/syscalls/1/args/0/index",
            "/syscalls/profile/syscalls/1/args/0/value", "/syscalls/profile/syscalls/1/args/0/op",
        ].map { (pointer: String) in PolicyFault(description: "\(pointer) is missing", text: Array(render(complete, leavingOut: pointer).utf8), pointer: pointer) }
    }

    // MARK: - texts

    static var texts: [PolicyFault] {
        let text = Array(render(complete).utf8)
        let whole: [(String, [UInt8])] = [
            ("empty", []), ("white space", Array(" \n".utf8)), ("byte-order mark", [0xEF, 0xBB, 0xBF] + text), ("trailing object", text + Array("{}".utf8)),
            ("trailing letter", text + Array("x".utf8)),
            ("trailing NUL", text + [0]), ("comment", Array("// policy\n".utf8) + text), ("list", Array("[]".utf8)), ("number", Array("1".utf8)),
            ("string", Array("\"default\"".utf8)), ("null", Array("null".utf8)),
            ("100,000 lists", [UInt8](repeating: UInt8(ascii: "["), count: 100_000)), ("UTF-16", text.flatMap { [$0, 0] }),
            ("too large", text + [UInt8](repeating: UInt8(ascii: " "), count: 256 << 10)),
            ("NaN", Array(#"{"version": NaN}"#.utf8)), ("1e400", Array(#"{"version": 1e400}"#.utf8)), ("above Int64", Array(#"{"version": 9223372036854775808}"#.utf8)),
            ("leading zero", Array(#"{"version": 01}"#.utf8)), ("single quotes", Array("{'version': 1}".utf8)), ("comma at the end", Array(#"{"version": 1,}"#.utf8)),
            ("invalid UTF-8", Array(#"{"version": 1, "name": ""#.utf8) + [0xC3, 0x28] + Array("\"}".utf8)),
            ("raw control character", Array("{\"version\": 1, \"name\": \"a\tb\"}".utf8)),
            ("17 levels", Array((#"{"version": 1, "name": "# + String(repeating: "[", count: 16) + String(repeating: "]", count: 16) + "}").utf8)),
        ]
        let truncated = stride(from: 1, to: text.count - 1, by: max(1, text.count / 60)).map { ("the first \($0) bytes", Array(text[..<$0])) }
        return (whole + truncated).map { PolicyFault(description: $0, text: $1, pointer: nil) }
    }
}
