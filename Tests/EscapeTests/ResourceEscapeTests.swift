import BrigJSON
import TestSupport
import Testing

/// Using more than was given, and hiding it. Ceilings of memory, processes and time are `LimitTests` of the integration tests.
@Suite(.serialized, .requires(.brig, .probe, .userNamespaces, .ordinaryUser)) struct ResourceEscapeTests {
    @Test(arguments: Caller.allCases) func `scratch space has its bound`(caller: Caller) throws {
        try Fixture.run { fixture in
            for (size, mib) in [("8MiB", "8"), ("32MiB", "16")] {
                let policy = try fixture.lenient(with: [.init("mounts", [["type": "tmpfs", "target": "/tmp", "size": .string(size)]])])
                let job = try fixture.launch(policy, [], probe("fill", "/tmp", "16"), as: caller)
                #expect(job.outcome.lines.last == "fill: \(mib)" && job.outcome.text.contains("ENOSPC") == (mib == "8"), job.summary)
            }
            let shared = try fixture.launch("default", [], probe("inodes", "/tmp", "70000"), as: caller)
            #expect(shared.outcome.text.contains("open = -1 ENOSPC"), shared.summary)
            // A file with a hole takes what is written, not what it says.
            let sparse = try fixture.launch("default", [], shell("truncate -s 1T /tmp/hole && stat -c %s /tmp/hole"), as: caller)
            #expect(sparse.outcome.text == "1099511627776\n", sparse.summary)
        }
    }

    @Test(arguments: Caller.allCases) func `no core is left`(caller: Caller) throws {
        try Fixture.run { fixture in
            let shared = try fixture.shared()
            let job = try fixture.launch("default", ["--bind", "\(shared):/media:rw", "--workdir", "/media"], shell("ulimit -c; ulimit -c unlimited; \(probeInJob) segv; ls"), as: caller)
            #expect(job.outcome.lines.first == "0" && job.outcome.lines.count == 1, job.summary)
            let open = try fixture.launch(try fixture.lenient(with: [.init("limits", ["coreSize": "1MiB"])]), [], shell("ulimit -c"), as: caller)
            // A ceiling of the caller's stays one.
            let ceiling = try unconfined(shell("ulimit -Hc"), as: caller).text
            #expect(ceiling == "0\n" || open.outcome.text != "0\n", open.summary)
        }
    }

    /// Directories nested as deep as a shell goes, and many files: gone with the job, and the clean-up does not wait for them.
    @Test(arguments: Caller.allCases) func `what is left behind is gone at once`(caller: Caller) throws {
        try Fixture.run { fixture in
            let script = "cd /tmp; i=0; while [ $i -lt 500 ]; do mkdir deeper && cd deeper || break; i=$((i+1)); done; echo $i; \(probeInJob) inodes /tmp 20000"
            let job = try fixture.launch("default", ["--timeout", "\(Int(60 * timeFactor))s"], shell(script), as: caller)
            #expect(job.outcome.text == "500\ninodes: 20000\n", job.summary)
            #expect(job["/time/teardownNanos"].integer ?? .max < Int64(20_000_000_000 * timeFactor), job.summary)
        }
    }
}
