import BrigSystem
import TestSupport
import Testing

@testable import BrigRuntime

/// A doctor who passes what does not work sends people to the wrong place; one who fails what works keeps them from starting.
@Suite("Doctor")
struct DoctorTests {
    /// A host on which everything works, seen by an ordinary account.
    private static var healthy: HostFacts {
        var facts = HostFacts()
        facts.release = "6.12.0"
        facts.architecture = "x86_64"
        facts.account = HostFacts.Account(user: 1000, group: 1000, supplementaryGroups: [27, 1000], hasUserRange: true, hasGroupRange: true, hasMapPrograms: true)
        facts.settings = [
            "kernel.core_pattern": "core", "fs.protected_hardlinks": "1", "fs.protected_symlinks": "1", "kernel.dmesg_restrict": "1", "kernel.kptr_restrict": "1",
            "kernel.unprivileged_bpf_disabled": "2",
        ]
        for name in ["mount", "pid", "network", "ipc", "uts", "cgroup"] { facts.namespaces[name] = .works }
        for name in ["memory", "pids", "cpu", "io"] { facts.cgroups.controllers[name] = HostFacts.Cgroups.Place(version: 2, path: "/sys/fs/cgroup/a", obstacle: nil) }
        facts.cgroups.versions = [2]
        facts.cgroups.limitsSwap = true
        facts.appArmor = HostFacts.AppArmorState(isEnabled: true, ownLabel: "unconfined", missingProfiles: [])
        facts.stateDirectory = HostFacts.Directory(path: "/run/user/1000/brig", obstacle: nil, exists: true)
        return facts
    }

    private func checks(_ change: (inout HostFacts) -> Void) -> [String: HostCheck] {
        var facts = Self.healthy
        change(&facts)
        return Dictionary(uniqueKeysWithValues: Doctor(facts: facts).checks.map { ($0.check, $0) })
    }

    @Test("a host on which all works passes all, with nothing to mend")
    func healthyHost() {
        for check in checks({ _ in }).values {
            #expect(check.status == .pass, "\(check)")
            #expect(check.fix == nil, "\(check)")
        }
    }

    @Test("policies are told apart, and that none runs is a failure")
    func policies() {
        typealias Trial = HostFacts.PolicyTrial
        let some = checks { $0.policies = [Trial(name: "default"), Trial(name: "build", missing: ["apparmor"]), Trial(name: "strict", obstacle: "cgroup: none")] }
        #expect(some["policy-default"]?.status == .pass && some["policy-build"]?.status == .caution && some["policy-strict"]?.status == .caution)
        #expect(some["policy-build"]?.found.contains("apparmor") == true && some["policy-strict"]?.found.contains("cgroup: none") == true)
        #expect(checks { $0.policies = [Trial(name: "strict", obstacle: "cgroup: none")] }["policy-strict"]?.status == .fail)
    }

    @Test("whatever does not pass says what mends it")
    func fixes() {
        let broken = checks { facts in
            facts = HostFacts()
            facts.account.user = 1000
            facts.account.supplementaryGroups = [27]
            let fails = HostFacts.Trial.fails(1)
            (facts.openat2, facts.userNamespace, facts.filter, facts.notification, facts.mountTree, facts.proc, facts.overlay, facts.trace) = (fails, fails, fails, fails, fails, fails, fails, fails)
            facts.namespaces["pid"] = fails
            facts.idMappedMounts = fails
            facts.hasSwap = true
            facts.stateDirectory.obstacle = "it belongs to user 7"
            facts.executableFault = "brig is set-uid"
            facts.policies = [HostFacts.PolicyTrial(name: "strict", obstacle: "cgroup: none")]
        }
        for check in broken.values where check.status != .pass { #expect(check.fix?.isEmpty == false, "\(check)") }
        for name in ["kernel", "user-namespaces", "namespaces", "mounts", "proc", "seccomp", "seccomp-notification", "read-back", "groups", "state-directory", "executable"] {
            #expect(broken[name]?.status == .fail, "\(name)")
        }
        for name in ["overlay", "id-mapped-mounts", "cgroup-memory", "cgroup-pids", "swap", "apparmor", "id-ranges", "core-pattern"] { #expect(broken[name]?.status == .caution, "\(name)") }
    }

    @Test(
        "a forbidden user namespace is traced to the setting that forbids it",
        arguments: [
            ("kernel.unprivileged_userns_clone", "0", "sysctl -w kernel.unprivileged_userns_clone=1"), ("user.max_user_namespaces", "0", "sysctl -w user.max_user_namespaces"),
            ("kernel.apparmor_restrict_unprivileged_userns", "1", "brig apparmor load brig"),
        ])
    func userNamespaces(name: String, value: String, fix: String) throws {
        let check = try #require(
            checks { facts in
                facts.userNamespace = .fails(1)
                facts.settings[name] = value
            }["user-namespaces"])
        #expect(check.status == .fail)
        #expect(check.found.contains("EPERM"))
        #expect(check.fix?.contains(fix) == true, "\(check)")
    }

    @Test("namespaces that AppArmor takes the capabilities of are not taken for working ones")
    func strippedNamespaces() {
        let check = checks { facts in
            facts.settings["kernel.apparmor_restrict_unprivileged_userns"] = "1"
            facts.namespaces["mount"] = .fails(1)
        }["user-namespaces"]
        #expect(check?.status == .fail)
    }

    @Test("supplementary groups are a failure only where they cannot be dropped")
    func groups() {
        #expect(checks { $0.account.hasUserRange = false }["groups"]?.status == .fail)
        #expect(checks { facts in (facts.account.hasUserRange, facts.account.supplementaryGroups) = (false, [1000]) }["groups"]?.status == .pass)
        #expect(checks { facts in (facts.account.hasUserRange, facts.account.user) = (false, 0) }["groups"]?.status == .pass)
    }

    @Test("a core dump handler of the host is named")
    func corePattern() {
        let check = checks { $0.settings["kernel.core_pattern"] = "|/usr/lib/systemd/systemd-coredump %P" }["core-pattern"]
        #expect(check?.status == .caution)
        #expect(check?.found.contains("systemd-coredump") == true)
        #expect(checks { $0.settings["kernel.core_pattern"] = "|/bin/false" }["core-pattern"]?.status == .pass)
    }

    @Test("a run of the command names each check once, exits by its failures, and leaves nothing", .requires(.brig))
    func command() throws {
        let text = try Executables.run(["doctor"])
        let json = try Executables.run(["doctor", "--json"])
        #expect(json.exitCode == (json.text.contains("\"FAIL\"") ? 1 : 0), "\(json.errorText)")
        #expect(text.lines.filter { $0.hasPrefix("PASS") || $0.hasPrefix("CAUTION") || $0.hasPrefix("FAIL") }.count == json.text.components(of: "\"check\":"))
        let mounts = try CgroupMounts.current()
        for hierarchy in Array(mounts.version1.values) + [mounts.version2].compactMap({ $0 }) {
            let directory = try FileDescriptor.open(hierarchy.own, [.read, .directory])
            #expect(try directoryEntries(directory, subject: hierarchy.own).allSatisfy { !$0.hasPrefix("brig-doctor-") })
        }
    }
}

extension String {
    /// How often a text occurs.
    fileprivate func components(of part: String) -> Int {
        var count = 0
        var rest = self[...]
        while let found = rest.firstRange(ofWords: part) {
            count += 1
            rest = rest[rest.index(after: found)...]
        }
        return count
    }
}
