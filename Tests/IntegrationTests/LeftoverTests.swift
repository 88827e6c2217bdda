import TestSupport
import Testing

/// Nothing of a job stays, however it and brig end.
@Suite(.serialized, .requires(.root, .brig))
struct LeftoverTests {
    /// Everything that a job could leave: cgroups, mounts, processes, files of brig's.
    private func traces() throws -> String {
        let script = """
            find /sys/fs/cgroup -type d -name 'brig-*' ! -name brig-supervisor 2>/dev/null | sort; wc -l < /proc/self/mountinfo; ls /run/brig
            ls -A /tmp | grep -v brig-test | grep '^brig' || true; pgrep -x brig || true
            """
        return try Command("/bin/sh", ["-c", script]).run().text
    }

    @Test func fiveHundredLaunches() throws {
        try Fixture.run { fixture in
            _ = try Executables.run(["run", "--policy", "ci-memory", "--", "/bin/true"])
            let before = try traces()
            let script = "i=0; while [ $i -lt 500 ]; do \"$0\" run --policy ci-memory --report \(fixture.path("r.json")) -- /bin/true || exit 1; i=$((i + 1)); done"
            let outcome = try Command("/bin/sh", ["-c", script, Executables.brig]).with(timeLimit: 170).run()
            #expect(outcome.exitCode == 0, "\(outcome.errorText)")
            #expect(try traces() == before)
        }
    }

    @Test func sixtyFourAtOnce() throws {
        let before = try traces()
        let script = "pids=; for i in $(seq 64); do \"$0\" run --policy ci-memory -- /bin/sleep 0.2 & pids=\"$pids $!\"; done; for p in $pids; do wait $p || exit 1; done"
        let outcome = try Command("/bin/sh", ["-c", script, Executables.brig]).with(timeLimit: 100).run()
        #expect(outcome.exitCode == 0, "\(outcome.errorText)")
        #expect(try traces() == before)
    }

    @Test func killedInTheMiddle() throws {
        _ = try Executables.run(["run", "--policy", "ci-memory", "--", "/bin/true"])
        let before = try traces()
        let script = """
            for delay in 0.001 0.003 0.005 0.01 0.02 0.05 0.3; do
                "$0" run --policy ci-memory -- /bin/sleep 4711 & pid=$!
                sleep $delay; kill -KILL $pid; wait $pid
            done 2>/dev/null
            sleep 0.3; pgrep -f 'sleep 4711'
            """
        let outcome = try Command("/bin/bash", ["-c", script, Executables.brig]).with(timeLimit: 60).run()
        #expect(outcome.text.isEmpty, "a job outlived its brig: \(outcome.text)")
        _ = try Executables.run(["run", "--policy", "ci-memory", "--", "/bin/true"])
        #expect(try traces() == before)
    }
}

extension Command {
    func with(timeLimit: Double) -> Command {
        var command = self
        command.timeLimit = timeLimit
        return command
    }
}
