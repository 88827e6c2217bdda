internal import CTestSupport
internal import Glibc
public import Testing

/// Something of the machine that a test needs. A test that cannot run says why and is counted apart; where `BRIG_MUST_RUN` names the
/// requirement (comma-separated, or `all`) it fails instead, so that a lane cannot pass by skipping.
public enum Requirement: String, Sendable, CaseIterable {
    /// Effective user 0.
    case root
    /// A way to run a program as an ordinary user: being one, or root with setpriv(1).
    case ordinaryUser
    /// Unprivileged user namespaces may be made.
    case userNamespaces
    /// A memory controller, of either version, in which this account may make groups.
    case cgroupMemory
    /// A pids controller, of either version, in which this account may make groups.
    case cgroupPids
    /// A unified hierarchy that has the memory controller.
    case cgroupV2
    /// A cpu controller, of either version, in which this account may make groups.
    case cgroupCPU
    /// An io controller (blkio in version 1), in which this account may make groups, and a file system on a disk behind /tmp.
    case cgroupIO
    /// The machine has swap.
    case swap
    /// strace(1), which may trace here.
    case strace
    /// AppArmor is on in this kernel.
    case apparmor
    /// The profile `brig-job` is loaded.
    case jobProfile
    /// The profile `brig-strict` is loaded.
    case strictProfile
    /// This kernel has no AppArmor, or it is off.
    case noApparmor
    /// apparmor_parser(8) with the ABI that the jobs' profiles are written for.
    case apparmorParser
    /// apparmor_parser(8) that knows the rules of ABI 4.0.
    case apparmorParser4
    /// Filters with a listener for user notification.
    case seccompNotify
    /// The command has been built.
    case brig
    /// The probe has been built.
    case probe
    /// A Python 3 with the module jsonschema.
    case jsonschema
    /// A C compiler in /usr/bin.
    case compiler
    /// node(1) in /usr/bin.
    case node
    /// git(1) in /usr/bin.
    case git
    /// A statically linked /bin/busybox.
    case busybox
    /// Docker's default seccomp profile, as Debian's package golang-github-containers-common installs it.
    case dockerProfile
    /// keyctl(2): a kernel with keys, and no filter around the tests that refuses them.
    case keyrings
    /// bpf(2) with tracing programs, and the kernel's description of its types.
    case bpf

    /// Why the machine does not have it; nil where it does.
    public var obstacle: String? { Self.obstacles[self] ?? nil }

    /// Detected once.
    private static let obstacles: [Requirement: String?] = Dictionary(uniqueKeysWithValues: allCases.map { ($0, $0.detect()) })

    /// `BRIG_MUST_RUN` names it.
    public var isDemanded: Bool { Self.demanded.contains(rawValue) || Self.demanded.contains("all") }

    private static let demanded = Set((environmentValue("BRIG_MUST_RUN") ?? "").split { $0 == "," || $0 == " " }.map(String.init))

    private func detect() -> String? {
        switch self {
        case .root: geteuid() == 0 ? nil : "this is user \(geteuid())"
        case .ordinaryUser: geteuid() != 0 || exists("/usr/bin/setpriv") ? nil : "no /usr/bin/setpriv to become one"
        case .userNamespaces: Self.userNamespaceObstacle()
        case .cgroupMemory: Self.controllerObstacle("memory")
        case .cgroupPids: Self.controllerObstacle("pids")
        case .cgroupCPU: Self.controllerObstacle("cpu")
        case .cgroupIO: Self.controllerObstacle("io") ?? Self.diskObstacle("/tmp")
        case .swap: (text("/proc/swaps") ?? "").split(separator: "\n").count > 1 ? nil : "this machine has no swap"
        case .strace: Self.straceObstacle()
        case .cgroupV2: Self.unifiedControllers().contains("memory") ? nil : "no unified hierarchy with a memory controller"
        case .apparmor: text("/sys/module/apparmor/parameters/enabled")?.first == "Y" ? nil : "this kernel has no AppArmor, or it is off"
        case .jobProfile: exists(matching: "/sys/kernel/security/apparmor/policy/profiles/brig-job.[0-9]*") ? nil : "the profile brig-job is not loaded"
        case .strictProfile: exists(matching: "/sys/kernel/security/apparmor/policy/profiles/brig-strict.[0-9]*") ? nil : "the profile brig-strict is not loaded"
        case .noApparmor: Requirement.apparmor.detect() == nil ? "AppArmor is on" : nil
        case .apparmorParser: Self.parserObstacle("3.0")
        case .apparmorParser4: Self.parserObstacle("4.0")
        case .seccompNotify: (text("/proc/sys/kernel/seccomp/actions_avail") ?? "").contains("user_notif") ? nil : "this kernel has no seccomp user notification"
        case .brig: exists(Executables.brig) ? nil : "\(Executables.brig) is missing: swift build"
        case .probe: exists(Executables.probe) ? nil : "\(Executables.probe) is missing: Scripts/build-probe"
        case .jsonschema: Python.withSchemaModule == nil ? "no python3 imports jsonschema" : nil
        case .compiler: exists("/usr/bin/gcc") ? nil : "no /usr/bin/gcc"
        case .node: exists("/usr/bin/node") ? nil : "no /usr/bin/node"
        case .git: exists("/usr/bin/git") ? nil : "no /usr/bin/git"
        case .busybox: exists("/bin/busybox") ? nil : "no /bin/busybox"
        case .dockerProfile: exists("/usr/share/containers/seccomp.json") ? nil : "no /usr/share/containers/seccomp.json (golang-github-containers-common)"
        case .bpf:
            !exists("/sys/kernel/btf/vmlinux")
                ? "a kernel without type information" : test_attach_tracing() == 0 ? nil : "bpf(2) may not attach tracing programs: \(unsafe String(cString: strerror(errno)))"
        case .keyrings: (try? Command(Executables.probe, ["find-key", "none"]).run().text.contains("ENOKEY")) == true ? nil : "no session keyring can be searched"
        }
    }

    private static func parserObstacle(_ version: String) -> String? {
        if !exists("/usr/sbin/apparmor_parser") { return "no /usr/sbin/apparmor_parser" }
        return ["abi/\(version)", "tunables/global"].first { !exists("/etc/apparmor.d/\($0)") }.map { "no /etc/apparmor.d/\($0)" }
    }

    private static func userNamespaceObstacle() -> String? {
        if text("/proc/sys/user/max_user_namespaces")?.hasPrefix("0") ?? true { return "user.max_user_namespaces is 0 or unreadable" }
        if geteuid() != 0, text("/proc/sys/kernel/unprivileged_userns_clone")?.hasPrefix("0") == true { return "kernel.unprivileged_userns_clone is 0" }
        if geteuid() != 0, text("/proc/sys/kernel/apparmor_restrict_unprivileged_userns")?.hasPrefix("1") == true {
            return "kernel.apparmor_restrict_unprivileged_userns is 1"
        }
        return nil
    }

    private static func unifiedControllers() -> [Substring] {
        (text("/sys/fs/cgroup/cgroup.controllers") ?? text("/sys/fs/cgroup/unified/cgroup.controllers") ?? "").split { $0 == " " || $0 == "\n" }
    }

    /// A file system in memory, or over others, has no disk whose use could be bounded.
    private static func diskObstacle(_ path: String) -> String? {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { return "\(path) cannot be seen" }
        // makedev(3)
        let (major, minor) = (status.st_dev >> 8 & 0xfff, status.st_dev & 0xff | status.st_dev >> 12 & 0xfff00)
        return exists("/sys/dev/block/\(major):\(minor)") ? nil : "\(path) is not on a disk"
    }

    private static func straceObstacle() -> String? {
        do {
            return try Command("strace", ["-o", "/dev/null", "-e", "trace=none", "/bin/true"]).run().succeeded ? nil : "strace may not trace here"
        } catch {
            return "no strace"
        }
    }

    private static func controllerObstacle(_ controller: String) -> String? {
        let version1Name = controller == "io" ? "blkio" : controller
        guard let own = text("/proc/self/cgroup") else { return "/proc/self/cgroup is unreadable" }
        for line in own.split(separator: "\n") {
            let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard fields.count == 3 else { continue }
            if fields[1].split(separator: ",").contains(Substring(version1Name)) {
                return canWrite("/sys/fs/cgroup/\(version1Name)\(fields[2])") ? nil : "no write access to the \(version1Name) hierarchy"
            }
            if fields[1].isEmpty, unifiedControllers().contains(Substring(controller)) {
                return canWrite("/sys/fs/cgroup\(fields[2])") ? nil : "no delegated cgroup"
            }
        }
        return "no \(controller) controller"
    }
}

extension Trait where Self == ConditionTrait {
    /// The test runs only where the machine has all of `requirements`; see ``Requirement``.
    public static func requires(_ requirements: Requirement...) -> ConditionTrait {
        let missing = requirements.compactMap { requirement in requirement.obstacle.map { (requirement, $0) } }
        let reason = missing.map { "\($0.0.rawValue): \($0.1)" }.joined(separator: "; ")
        return .enabled("needs \(reason)") {
            if let demanded = missing.first(where: { $0.0.isDemanded }) {
                throw FixtureError("BRIG_MUST_RUN demands \(demanded.0.rawValue), but \(demanded.1)")
            }
            return missing.isEmpty
        }
    }
}

/// Interpreters of the machine.
public enum Python {
    /// The first Python 3 that imports jsonschema, or nil.
    public static let withSchemaModule: String? = ["python3", "/usr/bin/python3"].first { candidate in
        do {
            return try Command(candidate, ["-c", "import jsonschema"]).run().succeeded
        } catch {
            return false
        }
    }
}

private func exists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }

private func exists(matching pattern: String) -> Bool {
    var found = unsafe glob_t()
    defer { unsafe globfree(&found) }
    return unsafe glob(pattern, 0, nil, &found) == 0
}

private func canWrite(_ path: String) -> Bool { unsafe access(path, W_OK) == 0 }

private func text(_ path: String) -> String? {
    do {
        return try readText(path)
    } catch {
        return nil
    }
}
