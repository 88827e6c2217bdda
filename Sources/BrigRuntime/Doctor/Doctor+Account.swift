extension Doctor {
    // MARK: Limits

    /// A controller. Without one, policies that require its limit are refused, and the others run without it and say so: no FAIL.
    func controller(_ name: String, _ lacking: String) -> HostCheck {
        let check = "cgroup-\(name)"
        guard let place = facts.cgroups.controllers[name] else {
            let versions = facts.cgroups.versions.isEmpty ? "no hierarchy is mounted" : "the hierarchies of this host do not have it"
            return HostCheck(check, .caution, "\(versions): \(lacking)", fix: name == "memory" ? "boot with cgroup_enable=memory, or mount /sys/fs/cgroup" : "mount /sys/fs/cgroup of a kernel that has the controller")
        }
        guard let obstacle = place.obstacle else { return .pass(check, "version \(place.version), a group was made in \(place.path)") }
        let fix =
            facts.account.isRoot
            ? "run brig where /sys/fs/cgroup can be written to, in a group of its own (systemd-run --scope -p Delegate=yes brig run ...)"
            : place.version == 2
                ? "systemd-run --user --scope -p Delegate=yes brig run ..." : "run brig as root, or boot with systemd.unified_cgroup_hierarchy=1 and delegate a group to the account"
        return HostCheck(check, .caution, "\(obstacle): \(lacking)", fix: fix)
    }

    var swap: HostCheck {
        guard facts.hasSwap else { return .pass("swap", "this host has none") }
        switch facts.cgroups.limitsSwap {
        case true?: return .pass("swap", "on, and the ceilings of groups hold it")
        case false?: return HostCheck("swap", .caution, "on, and not held by the ceilings of groups: a job's memory can grow into it", fix: "boot with swapaccount=1, or swapoff -a")
        case nil: return HostCheck("swap", .caution, "on, and there is no memory controller", fix: "see cgroup-memory, or swapoff -a")
        }
    }

    // MARK: AppArmor

    var appArmor: HostCheck {
        guard facts.appArmor.isEnabled else {
            return HostCheck("apparmor", .caution, "this kernel has no AppArmor, or it is off: jobs have one wall less", fix: "boot with apparmor=1 security=apparmor")
        }
        let label = facts.appArmor.ownLabel ?? "a label that cannot be read"
        return .pass("apparmor", "on; brig itself is \(label)")
    }

    var jobProfiles: HostCheck? {
        guard facts.appArmor.isEnabled else { return nil }
        let all = ShippedProfile.ofJobs.joined(separator: " and ")
        guard let missing = facts.appArmor.missingProfiles else {
            return .pass("apparmor-profiles", "only root may know whether \(all) are loaded; brig run reads a job's label back")
        }
        if missing.isEmpty { return .pass("apparmor-profiles", "\(all) are loaded") }
        return HostCheck("apparmor-profiles", .caution, "not loaded: \(missing.joined(separator: ", "))", fix: "brig apparmor load (as root)")
    }

    var denials: HostCheck? {
        guard facts.appArmor.isEnabled else { return nil }
        guard let obstacle = facts.appArmor.denialObstacle else { return .pass("apparmor-denials", "what a profile denies is listed in the report") }
        return HostCheck("apparmor-denials", .caution, "denied, and not listed in the report: \(obstacle)", fix: "run brig as root, on the machine itself")
    }

    // MARK: The account

    var idRanges: HostCheck {
        let account = facts.account
        if account.isRoot { return .pass("id-ranges", "root gives each job a range of its own") }
        var missing: [String] = []
        if !account.hasMapPrograms { missing.append("newuidmap and newgidmap") }
        if !account.hasUserRange { missing.append("a range in /etc/subuid") }
        if !account.hasGroupRange { missing.append("a range in /etc/subgid") }
        if missing.isEmpty { return .pass("id-ranges", "in /etc/subuid and /etc/subgid, with newuidmap and newgidmap") }
        return HostCheck("id-ranges", .caution, "missing: \(missing.joined(separator: ", ")); a job has one user and one group only", fix: Self.rangesFix)
    }

    var groups: HostCheck {
        let account = facts.account
        let others = account.supplementaryGroups.filter { $0 != account.group }
        if account.isRoot || (account.hasMapPrograms && account.hasUserRange && account.hasGroupRange) { return .pass("groups", "supplementary groups are dropped") }
        if others.isEmpty { return .pass("groups", "the account has no supplementary groups") }
        return HostCheck(
            "groups", .fail, "the supplementary groups \(others.map(String.init).joined(separator: ", ")) would stay with jobs, and without id ranges they cannot be dropped",
            fix: "\(Self.rangesFix), or setpriv --clear-groups brig run ...")
    }

    private static let rangesFix = "apt-get install uidmap; usermod --add-subuids 100000-165535 --add-subgids 100000-165535 NAME"

    var stateDirectory: HostCheck {
        let directory = facts.stateDirectory
        if let obstacle = directory.obstacle {
            return HostCheck("state-directory", .fail, "\(directory.path): \(obstacle)", fix: "make \(directory.path) a directory of this account with mode 0700, or set XDG_RUNTIME_DIR")
        }
        return .pass("state-directory", directory.exists ? directory.path : "\(directory.path) can be made")
    }

    var executable: HostCheck {
        guard let fault = facts.executableFault else { return .pass("executable", "has no privileges of its own") }
        return HostCheck("executable", .fail, fault, fix: "chmod u-s,g-s,o-w FILE; setcap -r FILE; jobs of ordinary accounts need no privileges")
    }

    // MARK: The host

    /// A handler runs as root of the host, on what a job's memory held, whatever the job's core limit is (core(5)).
    var corePattern: HostCheck {
        guard let pattern = facts.settings["kernel.core_pattern"] else { return HostCheck("core-pattern", .caution, "kernel.core_pattern cannot be read", fix: "run brig where /proc/sys can be read") }
        if !pattern.hasPrefix("|") { return .pass("core-pattern", "core dumps are files: \(pattern)") }
        if pattern.hasPrefix("|/bin/false") || pattern.hasPrefix("|/usr/bin/false") { return .pass("core-pattern", "core dumps go nowhere: \(pattern)") }
        return HostCheck("core-pattern", .caution, "crashed jobs are piped to a program of the host: \(pattern)", fix: "sysctl -w kernel.core_pattern=core, unless you trust that program with hostile input")
    }

    /// No shipped policy allows it; what it does passes no filter.
    var ioUring: HostCheck {
        switch facts.settings["kernel.io_uring_disabled"] {
        case "2"?: .pass("io-uring", "off for everybody (kernel.io_uring_disabled)")
        case "1"?: .pass("io-uring", "off for ordinary accounts outside of one group (kernel.io_uring_disabled)")
        default: .pass("io-uring", "on; denied by every shipped policy, since its requests pass no filter")
        }
    }

    /// Settings that a job could profit from where another wall has a hole.
    var hardening: [HostCheck] {
        let wanted: [(check: String, setting: String, safe: Set<String>, value: String, danger: String)] = [
            ("protected-hardlinks", "fs.protected_hardlinks", ["1"], "1", "jobs can link to files of others in directories that they write to"),
            ("protected-symlinks", "fs.protected_symlinks", ["1"], "1", "jobs can place links for others in directories that all write to"),
            ("dmesg", "kernel.dmesg_restrict", ["1"], "1", "ordinary accounts read the kernel's log"),
            ("kernel-pointers", "kernel.kptr_restrict", ["1", "2"], "1", "ordinary accounts read addresses of the kernel"),
            ("unprivileged-bpf", "kernel.unprivileged_bpf_disabled", ["1", "2"], "1", "ordinary accounts load BPF programs"),
        ]
        return wanted.compactMap { item in
            guard let value = facts.settings[item.setting] else { return nil }  // this kernel does not have what it restricts
            if item.safe.contains(value) { return .pass(item.check, "\(item.setting) is \(value)") }
            return HostCheck(item.check, .caution, "\(item.setting) is \(value): \(item.danger)", fix: "sysctl -w \(item.setting)=\(item.value)")
        }
    }
}
