import BrigJSON
import TestSupport
import Testing

/// Every way in which a program ends, or does not begin: its own reason and its own exit status.
@Suite(.requires(.brig, .probe)) struct EndingTests {
    struct Ending: Sendable, CustomTestStringConvertible {
        let command: [String]
        let exitCode: Int32
        let reason: String
        var code: JSONValue = .null
        var signal: JSONValue = .null

        var testDescription: String { command.joined(separator: " ") }
    }

    static let endings: [Ending] = [
        Ending(command: ["/bin/true"], exitCode: 0, reason: "exited", code: 0),
        Ending(command: shell("exit 7"), exitCode: 7, reason: "exited", code: 7),
        // What a program itself calls its status is told apart from brig's own by the reason.
        Ending(command: shell("exit 125"), exitCode: 125, reason: "exited", code: 125),
        Ending(command: shell("exit 137"), exitCode: 137, reason: "exited", code: 137),
        Ending(command: probe("segv"), exitCode: 139, reason: "signaled", signal: "SIGSEGV"),
        Ending(command: probe("abort"), exitCode: 134, reason: "signaled", signal: "SIGABRT"),
        Ending(command: shell("kill -KILL $$"), exitCode: 137, reason: "signaled", signal: "SIGKILL"),
        Ending(command: shell("kill -TERM $$"), exitCode: 143, reason: "signaled", signal: "SIGTERM"),
        Ending(command: ["/nonexistent"], exitCode: 127, reason: "setup-failed"),
        Ending(command: ["no-such-program-in-path"], exitCode: 127, reason: "setup-failed"),
        Ending(command: ["/etc/passwd"], exitCode: 126, reason: "setup-failed"),
        Ending(command: ["/etc"], exitCode: 126, reason: "setup-failed"),
    ]

    @Test(arguments: endings) func `each its own`(ending: Ending) throws {
        try Fixture.run { fixture in
            let job = try fixture.launch("default", [], ending.command)
            #expect(job.exitCode == ending.exitCode, job.summary)
            #expect(job.reason == ending.reason, job.summary)
            #expect(job["/result/exitCode"] == ending.code, job.summary)
            #expect(job["/result/signal"] == ending.signal, job.summary)
            #expect(!job.message.isEmpty)
            // A line says why whenever the status is not the program's own.
            #expect(job.outcome.errorText.contains("brig: ") == (ending.reason != "exited"), job.summary)
            try requireComplete([job])
        }
    }

    @Test func `the main process of a job without init`() throws {
        try Fixture.run { fixture in
            // In a profile a job has an init.
            let policy = try fixture.policy("default", [.init("process", ["init": false]), .init("apparmor", ["profile": "unconfined"])])
            let job = try fixture.launch(policy, [], shell("echo $$; exit 3"))
            #expect(job.outcome.text == "1\n" && job.exitCode == 3 && job.reason == "exited", job.summary)
            let killed = try fixture.launch(policy, ["--timeout", "1s"], shell("sleep 100 & sleep 100"))
            #expect(killed.exitCode == 124 && killed.reason == "wall-time", killed.summary)
            let faulty = try fixture.launch(policy, [], probe("segv"))
            #expect(faulty.exitCode == 139 && faulty["/result/signal"] == "SIGSEGV", faulty.summary)
            let missing = try fixture.launch(policy, [], ["/nonexistent"])
            #expect(missing.exitCode == 127, missing.summary)
            let withInit = try fixture.launch("default", [], shell("echo $$"))
            #expect(withInit.outcome.text != "1\n")
            try requireComplete([job, killed, faulty, missing])
        }
    }

    /// Its standard output stays open in the daemon: nobody waits for that.
    @Test(.requires(.ordinaryUser), arguments: Caller.allCases) func `a daemon is gone before the report`(caller: Caller) throws {
        try Fixture.run { fixture in
            let directory = try fixture.shared()
            let job = try fixture.launch("default", ["--bind", "\(directory):/media:rw"], probe("daemonize", "2", "/media/late"), as: caller)
            #expect(job.exitCode == 0 && job.outcome.text == "daemonize: left\n", job.summary)
            #expect(job.wallNanos < Int64(1.9e9 * timeFactor), job.summary)
            _ = try Command("/bin/sleep", ["2.5"]).run()
            #expect(try fixture.names(in: "shared") == [], "the daemon lived on")
        }
    }

    @Test func `a zombie's parent is init, which reaps`() throws {
        try Fixture.run { fixture in
            let job = try fixture.launch("default", [], shell("(sleep 0.1 &) ; (sleep 0.1 &) ; sleep 0.5; cat /proc/[0-9]*/stat | grep -c ' Z ' ; true"))
            #expect(job.outcome.text == "0\n", job.summary)
        }
    }
}
