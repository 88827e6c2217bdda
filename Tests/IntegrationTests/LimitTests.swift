import BrigJSON
import TestSupport
import Testing

/// Ceilings: what happens at each, and what the report says of it.
@Suite(.serialized, .requires(.brig, .probe)) struct LimitTests {
    @Test(.requires(.cgroupMemory)) func `a memory hog ends at its ceiling, and nobody else does`() throws {
        try Fixture.run { fixture in
            // Somebody else's process, larger than the ceiling, beside the job for all its time.
            let other = "\(Executables.probe) hog 100 , sleep 300 >/dev/null & other=$!; \"$@\"; status=$?; kill -0 $other && kill $other && exit $status; exit 99"
            let job = try fixture.launch("default", ["--memory", "64MiB"], probe("hog", "200"), script: other)
            #expect(job.exitCode == 137 && job.reason == "memory-limit", job.summary)
            #expect(job["/result/evidence"].members?.contains { $0.name.contains("oom") } == true, job.summary)
            #expect(job["/resources/memory/limitBytes"] == .integer(64 << 20))
            let peak = job["/resources/memory/peakBytes"].integer ?? 0
            #expect(peak > 60 << 20 && peak <= 64 << 20, "\(peak)")
            // On version 1 brig hears of the ceiling and can be quicker than the kernel's own kill: then the event alone proves it.
            #expect(job["/resources/memory/oomKills"].integer ?? 0 >= 1 || job["/result/evidence/memory.oom_control"] == "event", job.summary)
            #expect(job.violation("memory") != nil, job.summary)
            #expect(job.outcome.errorText.contains("memory ceiling of 64MiB"), job.summary)
            // Below the ceiling the same program comes through.
            let small = try fixture.launch("default", ["--memory", "64MiB"], probe("hog", "20"))
            #expect(small.exitCode == 0 && small.violations == [], small.summary)
            try requireComplete([job, small])
        }
    }

    @Test(.requires(.cgroupMemory)) func `a child at the ceiling does not make the job a failure, where the policy says so`() throws {
        try Fixture.run { fixture in
            let alone = try fixture.policy("default", [.init("limits", ["memory": "64MiB", "oomGroup": false])])
            let job = try fixture.launch(alone, [], probe("hog-child", "200"))
            #expect(job.exitCode == 0 && job.reason == "exited", job.summary)
            #expect(job.outcome.text == "hog-child: signal 9\n", job.summary)
            #expect(job["/resources/memory/oomKills"] == 1, job.summary)
            #expect(job.violation("memory")?["count"] == 1, job.summary)
            let group = try fixture.policy("default", [.init("limits", ["memory": "64MiB"])])
            // On version 1 brig ends the rest itself, a moment after the kernel has ended the child.
            let whole = try fixture.launch(group, [], probe("hog-child", "200", ",", "sleep", "50"))
            #expect(whole.exitCode == 137 && whole.reason == "memory-limit", whole.summary)
        }
    }

    @Test(.requires(.cgroupMemory)) func `a file without a name counts as memory`() throws {
        try Fixture.run { fixture in
            let job = try fixture.launch("default", ["--memory", "64MiB"], probe("memfd-hog", "200"))
            #expect(job.exitCode == 137 && job.reason == "memory-limit", job.summary)
        }
    }

    @Test(.requires(.cgroupPids)) func `a fork bomb stays small`() throws {
        try Fixture.run { fixture in
            let job = try fixture.launch("default", ["--pids", "32"], probe("fork-bomb", "1"))
            #expect(job.exitCode == 0 && job.reason == "exited", job.summary)
            #expect(job.outcome.text.contains("EAGAIN"), job.summary)
            let violation = try #require(job.violation("pids"), job.summary)
            #expect(violation["count"]?.integer ?? 0 > 0)
            #expect(job["/resources/pids/peak"].integer.map { $0 <= 32 } ?? true, job.summary)
            #expect(job["/resources/pids/limit"] == 32 && job["/enforcement/cgroup/pidsMax"] == 32)
            // The machine still makes processes, at once.
            let host = try Command("/bin/true").run()
            #expect(host.succeeded)
            try requireComplete([job])
        }
    }

    @Test(.requires(.ordinaryUser), arguments: Caller.allCases) func `wall time`(caller: Caller) throws {
        try Fixture.run { fixture in
            let job = try fixture.launch("default", ["--timeout", "1s"], ["/bin/sleep", "100"], as: caller)
            #expect(job.exitCode == 124 && job.reason == "wall-time", job.summary)
            // Within a tenth of a second on a machine that has nothing else to do.
            #expect(job.wallNanos >= 1_000_000_000 && Double(job.wallNanos) < 1e9 + 0.1e9 * timeFactor, "\(job.wallNanos)")
            #expect(job.violation("time")?["name"] == "wallTime", job.summary)
            #expect(job.outcome.errorText.contains("wall time"), job.summary)
            try requireComplete([job])
        }
    }

    @Test func `wall time of a program that ignores every signal and of a stopped one`() throws {
        try Fixture.run { fixture in
            for command in [probe("stubborn", "100"), shell("kill -STOP $$; sleep 100")] {
                let job = try fixture.launch("default", ["--timeout", "500ms"], command)
                #expect(job.exitCode == 124 && job.reason == "wall-time", job.summary)
            }
        }
    }

    @Test(.requires(.cgroupPids)) func `processor time over the whole tree`() throws {
        try Fixture.run { fixture in
            // Four processes in sessions of their own: none of them alone reaches the limit before all together have.
            let job = try fixture.launch("default", ["--cpu-time", "1s", "--timeout", "60s"], probe("spin", "4", "60"))
            #expect(job.exitCode == 124 && job.reason == "cpu-time", job.summary)
            let used = (job["/time/userNanos"].integer ?? 0) + (job["/time/systemNanos"].integer ?? 0)
            // What ends the job is exact; on version 1 its two parts are told by ticks, of which an emulated machine loses some.
            #expect(used >= 500_000_000, "\(used)")
            #expect(Double(used) < 1e9 + 2e9 * timeFactor, "\(used)")
            let sleeper = try fixture.launch("default", ["--cpu-time", "1s"], ["/bin/sleep", "0.2"])
            #expect(sleeper.exitCode == 0, sleeper.summary)
            try requireComplete([job])
        }
    }

    @Test func `output without end costs brig nothing`() throws {
        try Fixture.run { fixture in
            let limits: JSONValue = ["output": "64KiB", "wallTime": "2s"]
            let job = try fixture.launch(try fixture.policy("default", [.init("limits", limits)]), ["--capture"], ["/usr/bin/yes", "no end"])
            #expect(job.exitCode == 124 && job.reason == "wall-time", job.summary)
            let written = job["/output/stdoutBytes"].integer ?? 0
            #expect(written > 1 << 20, "\(written)")
            #expect(job["/output/droppedBytes"] == .integer(written - (64 << 10)), job.summary)
            #expect(job.violation("output")?["name"] == "stdout", job.summary)
            // brig itself, or the largest process of its job: neither grew with the output.
            #expect(job.outcome.maxResidentBytes < 64 << 20, "\(job.outcome.maxResidentBytes)")
            #expect(job.outcome.output.isEmpty, "captured output was passed on")
            try requireComplete([job])
        }
    }

    @Test func `head and tail of captured output are kept`() throws {
        try Fixture.run { fixture in
            let policy = try fixture.policy("default", [.init("limits", ["output": "1KiB"])])
            let job = try fixture.launch(policy, ["--capture"], probe("flood", "1600000", ",", "flood", "32", "2"))
            #expect(job.exitCode == 0, job.summary)
            #expect(job["/output/stdoutBytes"] == 1_600_000)
            #expect(job["/output/stderrBytes"] == 32)
            let kept = job["/output/stdout"]
            let texts = (kept.members ?? []).compactMap { $0.value.string }
            #expect(texts.contains { $0.hasPrefix("line 0000000000\n") }, "\(kept)")
            #expect(texts.contains { $0.hasSuffix("line 0000099999\n") }, "\(kept)")
            #expect(job["/output/droppedBytes"] == .integer(1_600_000 - 1024), "\(job["/output"])")
        }
    }

    @Test func `output can be a ceiling that ends the job`() throws {
        try Fixture.run { fixture in
            let policy = try fixture.policy("default", [.init("limits", ["output": "64KiB", "onOutput": "kill"])])
            let job = try fixture.launch(policy, ["--capture"], ["/usr/bin/yes"])
            #expect(job.reason == "output-limit", job.summary)
        }
    }

    @Test func `a file may not grow beyond its limit`() throws {
        try Fixture.run { fixture in
            let policy = try fixture.policy("default", [.init("limits", ["fileSize": "1MiB"])])
            let job = try fixture.launch(policy, [], shell("head -c 2000000 /dev/zero > /tmp/big; echo $?; stat -c %s /tmp/big"))
            #expect(job.outcome.lines.last == "1048576", job.summary)
        }
    }
}

/// `BRIG_TIME_FACTOR`: how much slower than a machine of one's own this one is; limits of time are stretched by it.
let timeFactor = Double(environmentValue("BRIG_TIME_FACTOR") ?? "") ?? 1
