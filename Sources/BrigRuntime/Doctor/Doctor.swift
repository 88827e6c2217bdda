public import BrigReport
public import BrigSystem

/// Says what a host and an account can do for jobs, and what mends what they cannot.
public struct Doctor: Sendable {
    let facts: HostFacts

    /// Looks at this host and tries what can be tried: processes, groups and mounts are made and gone again when the call returns.
    ///
    /// - Parameter build: what the reports of tried jobs would say of this brig
    /// - Throws: where the process's own descriptions in /proc cannot be read.
    public static func checks(_ build: JobReport.Build) throws(SystemError) -> [HostCheck] { Doctor(facts: try HostFacts.read(build)).checks }

    /// In the order of a launch.
    var checks: [HostCheck] {
        [
            kernel, userNamespaces, namespaces, mountTree, proc, overlay, idMappedMounts, filter, notification, readBack,
            controller("memory", "a job can use all of the machine's memory"), controller("pids", "a job can start processes until the machine has no more"),
            controller("cpu", "no bandwidth limit"), controller("io", "no limit and no figures of block devices"), swap, appArmor, jobProfiles, denials, idRanges, groups,
            stateDirectory, executable, audits, corePattern, ioUring,
        ].compactMap { $0 } + hardening + policies
    }
}

extension Doctor {
    /// Calls that nothing replaces; all others are tried by the checks that follow.
    private var kernel: HostCheck {
        let name = "\(facts.release) \(facts.architecture)"
        if case .fails(let error) = facts.openat2 {
            return HostCheck("kernel", .fail, "\(name): openat2 fails with \(errnoName(error))", fix: error == 38 ? "run Linux 5.19 or later" : "allow openat2 in the seccomp filter that brig itself runs under")
        }
        guard ["x86_64", "aarch64"].contains(facts.architecture) else { return HostCheck("kernel", .fail, "\(name): no filters are made for this architecture", fix: "run brig on x86_64 or aarch64") }
        return .pass("kernel", name)
    }

    private var userNamespaces: HostCheck {
        let check = "user-namespaces"
        guard case .fails(let error) = facts.userNamespace else {
            // The namespace is made, and taken its capabilities, which shows only in what is done with them.
            if isRestrictedByAppArmor { return HostCheck(check, .fail, "AppArmor takes the capabilities of user namespaces that ordinary accounts make", fix: Self.namespaceProfileFix) }
            return .pass(check, "one was made")
        }
        let found = "clone3 with CLONE_NEWUSER fails with \(errnoName(error))"
        if facts.settings["user.max_user_namespaces"] == "0" { return HostCheck(check, .fail, "\(found): user.max_user_namespaces is 0", fix: "sysctl -w user.max_user_namespaces=15000") }
        if facts.settings["kernel.unprivileged_userns_clone"] == "0", !facts.account.isRoot {
            return HostCheck(check, .fail, "\(found): kernel.unprivileged_userns_clone is 0", fix: "sysctl -w kernel.unprivileged_userns_clone=1")
        }
        if facts.settings["kernel.apparmor_restrict_unprivileged_userns"] == "1", !facts.account.isRoot { return HostCheck(check, .fail, "\(found): AppArmor forbids it", fix: Self.namespaceProfileFix) }
        let fix =
            switch error {
            case 28: "raise user.max_user_namespaces, or leave some of the nested user namespaces"
            case 22: "run a kernel with CONFIG_USER_NS"
            case 38: "run Linux 5.19 or later, or allow clone3 in the seccomp filter that brig itself runs under"
            default: "allow user namespaces where brig runs (in a container: a seccomp profile that has clone3, unshare and mount; outside of a chroot)"
            }
        return HostCheck(check, .fail, found, fix: fix)
    }

    private static let namespaceProfileFix = "brig apparmor load brig (as root, once brig is /usr/bin/brig), or sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"

    private var isRestrictedByAppArmor: Bool {
        facts.settings["kernel.apparmor_restrict_unprivileged_userns"] == "1" && !facts.account.isRoot && facts.namespaces.values.contains { !$0.isWorking }
    }

    private var namespaces: HostCheck {
        let failing = facts.namespaces.filter { !$0.value.isWorking }.keys.sorted()
        if failing.isEmpty { return .pass("namespaces", facts.namespaces.keys.sorted().joined(separator: ", ")) }
        let reasons = failing.map { name in "\(name) (\(reason(facts.namespaces[name]) ?? ""))" }.joined(separator: ", ")
        return HostCheck("namespaces", .fail, "cannot be made: \(reasons)", fix: facts.userNamespace.isWorking ? "raise the limits user.max_*_namespaces, or run a kernel that has them" : "see user-namespaces")
    }

    private var mountTree: HostCheck {
        judge("mounts", facts.mountTree, works: "a copy of all mounts was made read-only", fix: "run Linux 5.12 or later, and brig where mount calls are allowed", or: .fail)
    }

    private var proc: HostCheck {
        judge(
            "proc", facts.proc, works: "a new one was mounted in a new process namespace",
            fix: "run brig outside of a container that hides parts of /proc (docker run --security-opt systempaths=unconfined)", or: .fail)
    }

    private var overlay: HostCheck {
        judge(
            "overlay", facts.overlay, works: "one was mounted in a new user namespace",
            fix: "modprobe overlay (Linux 5.11 or later); until then there is no scratch root, and no image of several layers", or: .caution)
    }

    private var idMappedMounts: HostCheck? {
        guard let trial = facts.idMappedMounts else { return nil }
        return judge(
            "id-mapped-mounts", trial, works: "a tmpfs was mounted with other ids", fix: "run a kernel with id-mapped tmpfs mounts (Linux 6.3); until then bound tmpfs directories belong to nobody in a job", or: .caution)
    }

    private var filter: HostCheck {
        judge("seccomp", facts.filter, works: "a filter was installed", fix: "run a kernel with CONFIG_SECCOMP_FILTER, and brig where seccomp is allowed", or: .fail)
    }

    private var notification: HostCheck {
        judge(
            "seccomp-notification", facts.notification, works: "a filter with a listener was installed",
            fix: "run Linux 5.19 or later, and no other seccomp listener around brig; until then only policies with syscalls.record \"none\" run", or: .fail)
    }

    private var readBack: HostCheck {
        let fix = facts.settings["kernel.yama.ptrace_scope"] == "3" ? "boot with kernel.yama.ptrace_scope below 3 (it cannot be lowered before)" : "allow ptrace of own children where brig runs"
        return judge("read-back", facts.trace, works: "a child can be stopped at its exec, to see what it is held to", fix: fix, or: .fail)
    }

    private func judge(_ check: String, _ trial: HostFacts.Trial, works: String, fix: String, or status: HostCheck.Status) -> HostCheck {
        guard let reason = reason(trial) else { return .pass(check, works) }
        return HostCheck(check, status, "the trial fails with \(reason)", fix: facts.userNamespace.isWorking ? fix : "\(fix); see user-namespaces first")
    }

    private func reason(_ trial: HostFacts.Trial?) -> String? {
        guard case .fails(let error) = trial else { return nil }
        return "\(errnoText(error)) (\(errnoName(error)))"
    }
}
