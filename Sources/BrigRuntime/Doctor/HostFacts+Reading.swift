internal import BrigPlan
internal import BrigPolicy
internal import BrigReport
internal import BrigSystem
internal import BrigTracing
internal import CBrigLinux
internal import Glibc

extension HostFacts {
    /// Settings that ``Doctor`` judges.
    private static let settingNames = [
        "kernel.unprivileged_userns_clone", "user.max_user_namespaces", "kernel.apparmor_restrict_unprivileged_userns", "kernel.yama.ptrace_scope", "fs.protected_hardlinks",
        "fs.protected_symlinks", "kernel.core_pattern", "kernel.io_uring_disabled", "kernel.dmesg_restrict", "kernel.kptr_restrict",
        "kernel.unprivileged_bpf_disabled",
    ]

    private static let namespaceFlags: [(name: String, flag: Int32)] = [
        ("mount", CLONE_NEWNS), ("pid", CLONE_NEWPID), ("network", CLONE_NEWNET), ("ipc", CLONE_NEWIPC), ("uts", CLONE_NEWUTS), ("cgroup", CLONE_NEWCGROUP),
    ]

    /// Looks at this host and tries what can be tried. Nothing of that is left.
    ///
    /// - Throws: where the process's own descriptions in /proc cannot be read.
    static func read(_ build: JobReport.Build) throws(SystemError) -> HostFacts {
        var facts = HostFacts()
        (facts.release, facts.architecture) = Host.kernel()
        facts.account = try Account.current()
        for name in settingNames { facts.settings[name] = setting(name) }
        facts.openat2 = attempt { () throws(SystemError) in _ = try FileDescriptor.open("/", .path, resolve: [.inRoot, .noMagicLinks]) }
        facts.userNamespace = trial { brig_try_namespaces(UInt64(CLONE_NEWUSER)) }
        for (name, flag) in namespaceFlags { facts.namespaces[name] = trial { brig_try_namespaces(UInt64(CLONE_NEWUSER | flag)) } }
        facts.filter = trial { brig_try(BRIG_TRY_FILTER) }
        facts.notification = trial { brig_try(BRIG_TRY_NOTIFICATION) }
        facts.mountTree = trial { brig_try(BRIG_TRY_MOUNT_TREE) }
        facts.proc = trial { brig_try(BRIG_TRY_PROC) }
        facts.overlay = trial { brig_try(BRIG_TRY_OVERLAY) }
        if facts.account.isRoot { facts.idMappedMounts = trial { brig_try(BRIG_TRY_ID_MAP) } }
        facts.trace = trial { brig_try_trace() }
        facts.cgroups = try Cgroups.current()
        facts.appArmor = AppArmorState.current()
        facts.hasSwap = (text("/proc/swaps") ?? "").split(separator: "\n").count > 1
        facts.stateDirectory = Directory.ofState()
        facts.executableFault = executableFault()
        facts.tracingObstacle = tracingObstacle()
        facts.policies = PolicyLoader.builtInNames.map { PolicyTrial(running: $0, build: build) }
        return facts
    }

    private static func tracingObstacle() -> String? {
        do throws(TracingError) {
            _ = try CallTracer(skipsInit: true, observed: [])
            return nil
        } catch {
            return error.description
        }
    }

    private static func setting(_ name: String) -> String? {
        let path = String(name.map { $0 == "." ? "/" : $0 })
        return text("/proc/sys/\(path)").map { String($0.prefix { $0 != "\n" }) }
    }

    /// The content of a file that need not be there.
    static func text(_ path: String) -> String? {
        do { return try readText(path) } catch { return nil }
    }

    private static func trial(_ body: () -> Int32) -> Trial { body() == 0 ? .works : .fails(errno) }

    private static func attempt(_ body: () throws(SystemError) -> Void) -> Trial {
        do throws(SystemError) {
            try body()
            return .works
        } catch {
            return .fails(error.errno)
        }
    }

    private static func executableFault() -> String? {
        let path = "/proc/self/exe"
        do throws(SystemError) {
            let status = try FileDescriptor.open(path, .path).status()
            let name = try readLink(path)
            if status.mode & 0o6000 != 0 { return "\(name) is set-uid or set-gid: whoever may run it gets the rights of its owner" }
            if status.mode & 0o002 != 0 { return "\(name) can be written to by everybody" }
            return brig_has_borrowed_privileges() ? "\(name) has capabilities that its callers do not have" : nil
        } catch {
            return error.description
        }
    }
}

extension HostFacts.Account {
    static func current() throws(SystemError) -> HostFacts.Account {
        let user = Host.effectiveUser
        return HostFacts.Account(
            user: user, group: Host.effectiveGroup, supplementaryGroups: try Host.supplementaryGroups(), hasUserRange: SubordinateIDs.range(file: "/etc/subuid", user: user) != nil,
            hasGroupRange: SubordinateIDs.range(file: "/etc/subgid", user: user) != nil,
            hasMapPrograms: SubordinateIDs.program("newuidmap") != nil && SubordinateIDs.program("newgidmap") != nil)
    }
}

extension HostFacts.Directory {
    /// The directory of ``JobTable``, which is not made here.
    static func ofState() -> HostFacts.Directory {
        var found = HostFacts.Directory(path: JobTable.directory())
        do throws(SystemError) {
            let status = try linkStatus(found.path)
            found.exists = true
            if status.kind != .directory {
                found.obstacle = "it is no directory"
            } else if status.owner != Host.effectiveUser {
                found.obstacle = "it belongs to user \(status.owner)"
            } else if status.mode & 0o022 != 0 {
                found.obstacle = "others may write to it (mode \(String(status.mode & 0o7777, radix: 8)))"
            } else if unsafe access(found.path, W_OK | X_OK) != 0 {
                found.obstacle = errnoText(errno)
            }
        } catch  where error.errno == ENOENT {
            let parent = String(found.path[..<(found.path.lastIndex(of: "/") ?? found.path.startIndex)])
            if unsafe access(parent, W_OK | X_OK) != 0 { found.obstacle = "it cannot be made in \(parent): \(errnoText(errno))" }
        } catch {
            found.obstacle = error.description
        }
        return found
    }
}

extension HostFacts.AppArmorState {
    fileprivate static func current() -> HostFacts.AppArmorState {
        guard AppArmor.isEnabled else { return HostFacts.AppArmorState() }
        let loaded = ShippedProfile.ofJobs.map { AppArmor.isLoaded($0) }
        return HostFacts.AppArmorState(
            isEnabled: true, ownLabel: AppArmor.ownLabel(), missingProfiles: loaded.contains(nil) ? nil : zip(ShippedProfile.ofJobs, loaded).filter { $0.1 == false }.map(\.0),
            denialObstacle: AccessWatch(profile: "brig-job").obstacle)
    }
}

extension HostFacts.PolicyTrial {
    /// Runs /bin/true.
    fileprivate init(running name: String, build: JobReport.Build) {
        self.name = name
        do throws(PolicyError) {
            let command = Command(program: "/bin/true", arguments: [])
            let report = JobRunner(JobRequest(policy: try PolicyLoader.load(name), command: command, streams: .capture, startedNanos: Clock.monotonicNanos()), build: build).run()
            if report.result.reason != .exited || report.result.exitCode != 0 { obstacle = report.result.message }
            missing = report.degraded.map(\.protection)
        } catch {
            obstacle = "\(error)"
        }
    }
}
