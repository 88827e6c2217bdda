import BrigJSON
import TestSupport
import Testing

/// The hierarchy of cgroups, whose files move processes, lift ceilings and, in version 1, start programs as root of the machine.
@Suite(.serialized, .requires(.brig, .probe, .userNamespaces, .ordinaryUser)) struct CgroupEscapeTests {
    @Test(arguments: Caller.allCases) func `no hierarchy is to be seen`(caller: Caller) throws {
        try Fixture.run { fixture in
            let look = "ls -A /sys; grep -c cgroup /proc/mounts; cut -d: -f3 /proc/self/cgroup | sort -u"
            let job = try fixture.launch("default", [], shell(look), as: caller)
            // One mount line at most, a mask's never; and of each hierarchy only the namespace's own root.
            #expect(job.outcome.lines.first == "0", job.summary)
            if job["/enforcement/cgroup"] != .null { #expect(!job.outcome.lines.dropFirst().contains { $0.contains("brig-") }, job.summary) }
            #expect(try unconfined(["/bin/ls", "-A", "/sys"]).lines.isEmpty == false)
        }
    }

    /// Root of a user namespace below the job's, with a mount namespace of its own, as a policy lets it be that allows these calls.
    @Test(arguments: Caller.allCases) func `none can be mounted`(caller: Caller) throws {
        try Fixture.run { fixture in
            let policy = try fixture.lenient(["@mount", "@namespaces"], user: 4711)
            let mounts = [["memory", "cgroup"], ["none", "cgroup2"], ["none", "sysfs"], ["none", "debugfs"], ["none", "tracefs"], ["none", "securityfs"], ["none", "proc"]]
            let words = mounts.map { ["mount", $0[0], "/tmp", $0[1]] }.joined(separator: [","])
            let job = try fixture.launch(policy, [], probe("enter", "0x10020000", ",") + words + [",", "mount", "none", "/tmp", "tmpfs"], as: caller)
            #expect(job.outcome.lines.prefix(2) == ["unshare = 0", "uid_map = 0"], job.summary)
            #expect(job.outcome.lines.dropFirst(2).dropLast().allSatisfy { $0.hasPrefix("mount = -1 E") }, job.summary)
            #expect(job.outcome.lines.dropFirst(2).count == mounts.count + 1 && job.outcome.lines.last == "mount = 0", job.summary)
        }
    }

    /// What the job was held to is what the kernel still says at the end.
    @Test(.requires(.cgroupMemory, .cgroupPids)) func `ceilings cannot be lifted`() throws {
        try Fixture.run { fixture in
            let policy = try fixture.lenient(["@mount", "@namespaces"], retain: ["CAP_SYS_RESOURCE", "CAP_DAC_OVERRIDE"])
            let attempt = "find / -xdev -name 'memory.max' -o -xdev -name 'pids.max' -o -xdev -name memory.limit_in_bytes 2>/dev/null | grep -v ^/proc; \(probeInJob) forks 100"
            let job = try fixture.launch(policy, ["--memory", "64MiB", "--pids", "20"], shell(attempt))
            #expect(!job.outcome.text.contains("/memory.") && !job.outcome.text.contains("/pids."), job.summary)
            #expect(job.outcome.text.contains("fork = -1 EAGAIN") && job["/resources/pids/limit"] == 20 && job["/resources/pids/peak"] == 20, job.summary)
            #expect(job["/enforcement/cgroup/memoryMax"] == .integer(64 << 20), job.summary)
            let open = try fixture.launch(policy, ["--pids", "200"], probe("forks", "100"))
            #expect(open.outcome.text == "forks: 100\n", open.summary)
        }
    }
}
