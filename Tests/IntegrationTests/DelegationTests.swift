import BrigJSON
import Glibc
import TestSupport
import Testing

/// Delegated subtrees of the unified hierarchy: found without being told, and what is missing in one is told by name.
@Suite(.serialized, .requires(.brig, .probe, .cgroupV2, .cgroupMemory, .cgroupPids)) struct DelegationTests {
    private static let policies = ["default", "strict", "build", "ci-memory", "network-client"]

    /// What the report says that is missing of `protection`.
    private func degradation(_ job: Launch, _ protection: String) -> String? {
        job["/degraded"].array?.first { $0["protection"]?.string == protection }?["reason"]?.string
    }

    @Test(arguments: policies) func `a scope with nobody but brig in it is enough`(policy: String) throws {
        try Fixture.run { fixture in
            let group = try fixture.cgroup()
            let job = try fixture.launch(policy, [], ["/bin/true"], script: alone(in: group))
            #expect(job.exitCode == 0 && job["/host/cgroupVersion"] == 2, job.summary)
            #expect(job["/enforcement/cgroup/memoryMax"].integer != nil && job["/enforcement/cgroup/pidsMax"].integer != nil, job.summary)
            #expect(degradation(job, "memory") == nil && degradation(job, "pids") == nil, "\(job["/degraded"])")
            // It is as it was.
            #expect(try readText("\(group)/cgroup.subtree_control").split(separator: "\n") == [])
            #expect(try readText("\(group)/cgroup.stat").contains("nr_descendants 0"))
            try requireComplete([job])
        }
    }

    /// A ceiling around brig holds its jobs as well: they are below brig's own cgroup.
    @Test func `a job stays within the scope, whose ceiling is above its own`() throws {
        try Fixture.run { fixture in
            let group = try fixture.cgroup()
            let inside = try fixture.launch("default", ["--memory", "32MiB"], probe("hog", "100"), script: alone(in: group))
            #expect(inside.exitCode == 137 && inside.reason == "memory-limit", inside.summary)
            let marker = try fixture.shared()
            let script = """
                (\(alone(in: group))) & pid=$!
                until [ -e '\(marker)/running' ]; do kill -0 $pid || exit 98; sleep 0.02; done
                ls -d '\(group)'/brig-*
                wait $pid
                """
            let options = ["--bind", "\(marker):/media:rw", "--capture"]
            let job = try fixture.launch("default", options, shell("touch /media/running; sleep 1"), script: script)
            #expect(job.exitCode == 0 && job.outcome.lines.count == 2 && job.outcome.lines.allSatisfy { $0.hasPrefix("\(group)/brig-") }, job.summary)
        }
    }

    @Test(.requires(.root, .ordinaryUser)) func `processes beside brig keep controllers from its jobs`() throws {
        try Fixture.run { fixture in
            let group = try fixture.cgroup(owner: 1000)
            let script = "echo 0 > '\(group)/cgroup.procs'; sleep 60 & other=$!; \"$@\"; status=$?; kill $other; exit $status"
            let reason = "other processes in \(group)"
            let told = try fixture.launch("default", [], ["/bin/true"], as: .ordinary, script: script)
            #expect(told.exitCode == 0 && degradation(told, "memory")?.contains(reason) == true && degradation(told, "pids")?.contains(reason) == true, told.summary)
            let refused = try fixture.launch("strict", [], ["/bin/true"], as: .ordinary, script: script)
            #expect(refused.exitCode == 125 && refused.message.contains(reason), refused.summary)
            // Nobody else in it: the same account has its ceilings.
            let control = try fixture.launch("strict", [], ["/bin/true"], as: .ordinary, script: alone(in: group))
            #expect(control.exitCode == 0, control.summary)
            try requireComplete([told, refused, control])
        }
    }

    @Test(.requires(.root, .ordinaryUser)) func `a controller that is not delegated is named`() throws {
        try Fixture.run { fixture in
            let upper = try fixture.cgroup()
            let group = try fixture.cgroup(below: upper, controllers: ["memory"], owner: 1000)
            let told = try fixture.launch("default", [], ["/bin/true"], as: .ordinary, script: alone(in: group))
            #expect(told.exitCode == 0 && degradation(told, "pids")?.contains("pids is not delegated to \(group)") == true, told.summary)
            #expect(degradation(told, "memory") == nil && told["/enforcement/cgroup/memoryMax"].integer != nil, told.summary)
            let refused = try fixture.launch("strict", [], ["/bin/true"], as: .ordinary, script: alone(in: group))
            #expect(refused.exitCode == 125 && refused.message.contains("pids"), refused.summary)
            try requireComplete([told, refused])
        }
    }

    @Test(.requires(.root, .ordinaryUser)) func `a threaded cgroup holds no job`() throws {
        try Fixture.run { fixture in
            let group = try fixture.cgroup(owner: 1000)
            let inner = try fixture.cgroup(below: group, controllers: [], owner: 1000)
            try fixture.setControl(inner, "cgroup.type", "threaded")
            let script = "echo 0 > '\(group)/cgroup.procs' && echo 0 > '\(inner)/cgroup.procs' && exec \"$@\""
            let told = try fixture.launch("default", [], ["/bin/true"], as: .ordinary, script: script)
            #expect(told.exitCode == 0 && degradation(told, "memory")?.contains("\(inner) is threaded") == true, told.summary)
            let refused = try fixture.launch("strict", [], ["/bin/true"], as: .ordinary, script: script)
            #expect(refused.exitCode == 125 && refused.message.contains("threaded"), refused.summary)
            try requireComplete([told, refused])
        }
    }

    /// What brig makes for itself it can use, whatever the caller takes from new files.
    @Test func `no mask of the caller's matters`() throws {
        try Fixture.run { fixture in
            let group = try fixture.cgroup()
            let words = ["/bin/sh", "-c", "umask 0777; \(alone(in: group))", "sh", Executables.brig, "run", "--policy", "strict", "--", "/bin/true"]
            let job = try Command(words[0], Array(words.dropFirst())).run()
            #expect(job.exitCode == 0, "\(job.errorText)")
        }
    }
}
