import BrigJSON
import TestSupport
import Testing

/// How jobs end: each end its own reason, with evidence and exit status.
@Suite(.serialized, .requires(.root, .brig))
struct EndTests {
    private static let open = ["--policy", "ci-memory"]

    @Test(.requires(.cgroupMemory)) func memoryCeiling() throws {
        try Fixture.run { fixture in
            let job = try Job(fixture, Self.open + ["--memory", "64MiB"], ["/usr/bin/python3", "-c", "x = [bytearray(1 << 20) for _ in range(500)]"])
            #expect(job.outcome.exitCode == 137)
            #expect(job.reason == "memory-limit")
            #expect(job["result/evidence"]?.members?.isEmpty == false)
            #expect(job.violation("memory") != nil)
        }
    }

    @Test(.requires(.cgroupMemory)) func memoryCeilingOfAChildOnly() throws {
        try Fixture.run { fixture in
            let policy = try fixture.write("p.json", #"{"version": 1, "base": "ci-memory", "limits": {"memory": "64MiB", "oomGroup": false}}"#)
            let hog = "/usr/bin/python3 -c 'x = [bytearray(1 << 20) for _ in range(500)]'; exit 0"
            let job = try Job(fixture, ["--policy", policy], ["sh", "-c", hog])
            #expect(job.outcome.exitCode == 0)
            #expect(job.reason == "exited")
            #expect(job["resources/memory/oomKills"]?.integer == 1)
            #expect(job.violation("memory")?["count"]?.integer == 1)
        }
    }

    @Test(.requires(.cgroupPids)) func forkBomb() throws {
        try Fixture.run { fixture in
            let bomb = "import os, time\nfor _ in range(100):\n  try:\n    if os.fork() == 0: time.sleep(60)\n  except OSError: pass\n"
            let job = try Job(fixture, Self.open + ["--pids", "32", "--timeout", "20s"], ["/usr/bin/python3", "-c", bomb])
            #expect(job.violation("fork")?["kind"]?.string == "pids")
            #expect(job["resources/pids/limitHits"]?.integer ?? 0 > 0)
            #expect(job.reason == "exited")
        }
    }

    @Test func wallTime() throws {
        try Fixture.run { fixture in
            let job = try Job(fixture, Self.open + ["--timeout", "1s"], ["sleep", "100"])
            #expect(job.outcome.exitCode == 124)
            #expect(job.reason == "wall-time")
            let nanos = job["time/wallNanos"]?.integer ?? 0
            #expect(nanos >= 1_000_000_000 && nanos < 1_100_000_000)
        }
    }

    @Test func cpuTimeOverTheTree() throws {
        try Fixture.run { fixture in
            let spin = "for i in 1 2 3 4; do (while :; do :; done) & done; wait"
            let job = try Job(fixture, Self.open + ["--cpu-time", "1s", "--timeout", "30s"], ["sh", "-c", spin])
            #expect(job.outcome.exitCode == 124)
            #expect(job.reason == "cpu-time")
        }
    }

    @Test func outputIsBounded() throws {
        try Fixture.run { fixture in
            let job = try Job(fixture, Self.open + ["--capture", "--timeout", "1s"], ["sh", "-c", "echo first; yes"])
            #expect(job["output/stdout/head"]?.string?.hasPrefix("first\ny\n") == true)
            #expect(job["output/stdout/tail"]?.string?.hasSuffix("y\n") == true)
            let total = job["output/stdoutBytes"]?.integer ?? 0
            #expect(total > 128 << 20 && job["output/droppedBytes"]?.integer == total - (64 << 20))
            #expect(job.outcome.maxResidentBytes < 700 << 20)
        }
    }

    @Test(arguments: [("SEGV", 139), ("ABRT", 134), ("KILL", 137), ("TERM", 143)] as [(String, Int32)]) func signals(_ name: String, _ status: Int32) throws {
        try Fixture.run { fixture in
            let job = try Job(fixture, Self.open, ["sh", "-c", "kill -\(name) $$"])
            #expect(job.outcome.exitCode == status)
            #expect(job.reason == "signaled")
            #expect(job["result/signal"]?.string == "SIG\(name)")
        }
    }

    @Test func programsThatCannotRun() throws {
        try Fixture.run { fixture in
            let missing = try Job(fixture, Self.open, ["no-such-program"])
            #expect(missing.outcome.exitCode == 127 && missing.reason == "setup-failed")
            #expect(missing["result/evidence/errno"]?.string == "ENOENT")
            #expect(try Job(fixture, Self.open, ["/etc/hostname"]).outcome.exitCode == 126)
            #expect(try Job(fixture, Self.open, ["sh", "-c", "exit 7"]).outcome.exitCode == 7)
        }
    }

    @Test(arguments: [("TERM", 143), ("INT", 130), ("HUP", 129)] as [(String, Int32)]) func cancelled(_ name: String, _ status: Int32) throws {
        try Fixture.run { fixture in
            let file = fixture.path("r.json")
            let script = "\"$0\" run --policy ci-memory --report \(file) -- sleep 50 & pid=$!; sleep 0.5; kill -\(name) $pid; wait $pid"
            // With job control, since a background job of a plain shell ignores SIGINT.
            let outcome = try Command("/bin/bash", ["-c", "set -m; \(script)", Executables.brig]).run()
            #expect(outcome.exitCode == status)
            #expect(try readText(file).contains("\"cancelled\""))
        }
    }

    @Test func aDaemonDoesNotStay() throws {
        try Fixture.run { fixture in
            let mark = "4\(Int.random(in: 10000...99999))"
            let job = try Job(fixture, Self.open, ["sh", "-c", "setsid sleep \(mark) >/dev/null 2>&1 & exit 3"])
            #expect(job.outcome.exitCode == 3)
            #expect(try Command("pgrep", ["-f", "sleep \(mark)"]).run().exitCode == 1)
        }
    }
}
