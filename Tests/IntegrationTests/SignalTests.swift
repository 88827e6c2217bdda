import BrigJSON
import TestSupport
import Testing

/// brig is told to stop, and what a caller has is not the job's.
@Suite(.requires(.brig, .probe)) struct SignalTests {
    /// Starts brig with signals as a terminal's shell would, waits until its job runs, then does `action` with brig's process in `$pid`.
    static func whenRunning(_ marker: String, _ action: String) -> String {
        """
        env --default-signal=INT,TERM,HUP,QUIT "$@" & pid=$!
        until [ -e '\(marker)' ]; do kill -0 $pid || exit 98; sleep 0.02; done
        \(action)
        wait $pid
        """
    }

    @Test(arguments: [("INT", 130), ("TERM", 143), ("HUP", 129), ("QUIT", 131), ("USR1", 138), ("USR2", 140), ("ALRM", 142)] as [(String, Int32)]) func `the job ends with a report`(name: String, exitCode: Int32) throws {
        try Fixture.run { fixture in
            let directory = try fixture.shared()
            let job = try fixture.launch(
                "default", ["--bind", "\(directory):/media:rw"], shell("trap '' INT TERM HUP; (sleep 3; touch /media/late) & touch /media/running; sleep 100"),
                script: Self.whenRunning("\(directory)/running", "kill -\(name) $pid"))
            #expect(job.exitCode == exitCode && job.reason == "cancelled", job.summary)
            #expect(job.message.contains("SIG\(name)"), job.summary)
            try requireComplete([job])
            _ = try Command("/bin/sleep", ["3.5"]).run()
            #expect(try fixture.names(in: "shared") == ["running"], "the job lived on")
        }
    }

    /// SIGKILL leaves brig no time to do anything: the kernel ends the job.
    @Test(arguments: [true, false]) func `the job dies with brig`(hasInit: Bool) throws {
        try Fixture.run { fixture in
            let directory = try fixture.shared()
            // In a profile a job has an init.
            let profile: [JSONValue.Member] = hasInit ? [] : [.init("apparmor", ["profile": "unconfined"])]
            let policy = try fixture.policy("default", [.init("process", ["init": .bool(hasInit)])] + profile)
            let words = [Executables.brig, "run", "--policy", policy, "--bind", "\(directory):/media:rw", "--"]
            let job = shell("(setsid sh -c 'sleep 2; touch /media/late' &) ; touch /media/running; sleep 2; touch /media/late")
            let outcome = try Command("/bin/sh", ["-c", Self.whenRunning("\(directory)/running", "kill -KILL $pid"), "sh"] + words + job).run()
            #expect(outcome.exitCode == 137, "\(outcome.errorText)")
            _ = try Command("/bin/sleep", ["3"]).run()
            #expect(try fixture.names(in: "shared") == ["running"], "the job lived on")
        }
    }

    @Test func `nothing of the caller is inherited`() throws {
        try Fixture.run { fixture in
            // Ignored and blocked signals, a strict umask, open files, a low priority of descriptors, variables, supplementary groups.
            let script = """
                umask 0777; trap '' USR1 USR2 PIPE TERM CHLD
                exec 5</etc/passwd 9</ 8</dev/null 2>&1
                export SECRET=hunter2
                exec env --block-signal=WINCH,ALRM "$@"
                """
            let command = [probeInJob, "fds", ",", "env", ",", "ids", ",", "place", ",", "status", "SigBlk", "SigIgn", "SigCgt", "Groups", "ShdPnd", "SigPnd"]
            let job = try fixture.launch("default", ["--env", "GIVEN=yes"], command, environment: ["PATH": "/usr/bin:/bin", "HOME": "/root"], script: script)
            #expect(job.exitCode == 0, job.summary)
            let lines = job.outcome.lines
            #expect(lines.filter { $0.hasPrefix("fd ") }.map { $0.prefix(5) } == ["fd 0:", "fd 1:", "fd 2:"], job.summary)
            let variables = Set(lines.filter { $0.hasPrefix("env: ") }.map { $0.dropFirst(5).prefix { $0 != "=" } })
            #expect(variables == ["PATH", "HOME", "LANG", "GIVEN"], job.summary)
            #expect(lines.contains("env: HOME=/tmp"))
            #expect(lines.contains("uid: 65534 65534 65534") && lines.contains("gid: 65534 65534 65534"), job.summary)
            #expect(lines.contains { $0 == "groups:" || $0 == "groups: 65534" }, job.summary)
            #expect(lines.contains("umask: 0022") && lines.contains("host: brig") && lines.contains("cwd: /"), job.summary)
            for field in ["SigBlk", "SigIgn", "SigCgt", "SigPnd", "ShdPnd"] { #expect(lines.contains("\(field):\t0000000000000000"), job.summary) }
            // A session of its own, and nobody else's processes to see.
            let session = lines.first { $0.hasPrefix("sid: ") }
            #expect(session != nil && session != "sid: 0", job.summary)
        }
    }

    @Test func `what is asked for is there`() throws {
        try Fixture.run { fixture in
            let options = [
                "--user", "1234:4321", "--hostname", "elsewhere", "--workdir", "/usr/lib", "--tmpfs", "/media:1MiB", "--inherit-env", "WANTED", "--inherit-env", "UNSET",
                "--env", "A=b c=d", "--label", "suite=integration", "--label", "line=a\nb\u{1b}[31m",
            ]
            let script = "pwd; hostname; id -u; id -g; echo \"$A/$WANTED/${UNSET-none}/${OTHER-none}\"; head -c 2000000 /dev/zero > /media/x; stat -c %s /media/x; cat; exec 2>&1"
            let environment = ["PATH": "/usr/bin:/bin", "WANTED": "wanted", "OTHER": "other"]
            let job = try fixture.launch("default", options, shell(script), input: Array("from standard input\n".utf8), environment: environment)
            #expect(job.outcome.lines == ["/usr/lib", "elsewhere", "1234", "4321", "b c=d/wanted/none/none", "1048576", "from standard input"], job.summary)
            #expect(job["/job/labels/suite"] == "integration" && job["/job/labels/line"] == "a\nb\u{1b}[31m", job.summary)
            #expect(job["/policy/overrides"].array?.contains { $0["flag"] == "--hostname" } == true)
            try requireComplete([job])
        }
    }

    @Test func `the report to a descriptor, and to standard output`() throws {
        try Fixture.run { fixture in
            let run = "\(Executables.brig) run --report"
            let toDescriptor = try Command("/bin/sh", ["-c", "\(run) fd:7 -- /bin/echo job 7>'\(fixture.path("seven.json"))'"]).run()
            #expect(toDescriptor.text == "job\n" && toDescriptor.exitCode == 0, "\(toDescriptor.errorText)")
            let report = try JSONDocument(try readFile(fixture.path("seven.json")), bounds: .init(size: 1 << 20, depth: 64)).value
            #expect(report["result"]?["reason"] == "exited")
            let closed = try Command("/bin/sh", ["-c", "\(run) fd:7 -- /bin/echo job"]).run()
            #expect(closed.exitCode == 125 && closed.output.isEmpty, "\(closed.text)\(closed.errorText)")
            let refused = try Executables.run(["run", "--report", "-", "--", "/bin/echo", "job"])
            #expect(refused.exitCode == 125 && refused.output.isEmpty && refused.errorText.contains("--capture"), "\(refused.errorText)")
            let captured = try Executables.run(["run", "--report", "-", "--capture", "--", "/bin/echo", "job"])
            let whole = try JSONDocument(captured.output, bounds: .init(size: 1 << 20, depth: 64)).value
            #expect(captured.exitCode == 0 && whole["output"]?["stdoutBytes"] == 4, "\(captured.text)")
            try requireComplete([Launch(outcome: captured, report: whole), Launch(outcome: toDescriptor, report: report)])
            // Captured into files, the report tells their names.
            let files = try fixture.launch("default", ["--capture=\(fixture.directory)"], shell("echo out; echo err >&2"))
            #expect(String(decoding: try readFile(fixture.path("stdout")), as: UTF8.self) == "out\n", files.summary)
            #expect(String(decoding: try readFile(fixture.path("stderr")), as: UTF8.self) == "err\n", files.summary)
        }
    }

    @Test(.requires(.root)) func `the machine's network, where it is asked for`() throws {
        try Fixture.run { fixture in
            let own = try Command(Executables.probe, ["interfaces", ",", "namespaces"]).run()
            let host = try fixture.launch("network-client", ["--network", "host"], probe("interfaces", ",", "namespaces"))
            let none = try fixture.launch("default", [], probe("interfaces", ",", "namespaces"))
            func network(_ lines: [String]) -> String? { lines.first { $0.hasPrefix("net: ") } }
            #expect(network(host.outcome.lines) == network(own.lines), host.summary)
            #expect(host["/enforcement/namespaces/network/fresh"] == false, host.summary)
            #expect(network(none.outcome.lines) != network(own.lines) && none.outcome.lines.contains("interface: lo"), none.summary)
            // Everything else is fresh all the same.
            for name in ["mnt", "pid", "user", "uts", "ipc", "cgroup"] {
                let line = own.lines.first { $0.hasPrefix("\(name): ") }
                #expect(line.map { !host.outcome.lines.contains($0) } == true, "\(name) is shared")
            }
            try requireComplete([host, none])
        }
    }
}
