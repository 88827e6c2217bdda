import TestSupport
import Testing

/// What scripts rely on: the exit status of the commands about policies.
@Suite(.requires(.brig)) struct PolicyCommandTests {
    @Test func `lint fails where something is found`() throws {
        try Fixture.run { fixture in
            let sound = try fixture.write("sound.json", #"{"version": 1, "base": "strict"}"#)
            let holed = try fixture.write("holed.json", #"{"version": 1, "syscalls": {"allow": ["bpf"]}}"#)
            let good = try Executables.run(["policy", "lint", sound, "default"])
            #expect(good.exitCode == 0 && good.text == "\(sound): nothing found\ndefault: nothing found\n", "\(good.text)\(good.errorText)")
            let bad = try Executables.run(["policy", "lint", sound, holed])
            #expect(bad.exitCode == 1 && bad.text.contains("\(holed):1:39: /syscalls/allow/0: hole: bpf is allowed"), "\(bad.text)\(bad.errorText)")
        }
    }

    @Test func `lint goes on behind a file with a fault`() throws {
        try Fixture.run { fixture in
            let faulty = try fixture.write("faulty.json", #"{"version": 1, "limit": {}}"#)
            let outcome = try Executables.run(["policy", "lint", faulty, fixture.path("absent"), "default"])
            #expect(outcome.exitCode == 1 && outcome.text.hasPrefix("\(faulty):1:16: /limit: unknown field"), "\(outcome.text)\(outcome.errorText)")
            #expect(outcome.text.contains("absent: No such file") && outcome.text.hasSuffix("\ndefault: nothing found\n"), "\(outcome.text)")
        }
    }

    @Test(.requires(.seccompNotify)) func `a report in the place of a policy is recognised`() throws {
        try Fixture.run { fixture in
            let report = fixture.path("report.json")
            _ = try Executables.run(["audit", "--report", report, "--", "true"])
            let outcome = try Executables.run(["policy", "diff", "build", report])
            #expect(outcome.exitCode == 1 && outcome.errorText == "Error: \(report) is a report; give it with --report\n", "\(outcome.errorText)")
            #expect(try Executables.run(["policy", "lint", report]).text == "\(report): a report, and no policy\n")
        }
    }

    @Test func `diff fails where the second allows more`() throws {
        let more = try Executables.run(["policy", "diff", "strict", "default"])
        #expect(more.exitCode == 1 && more.text.contains("+ system call socket"), "\(more.text)")
        #expect(try Executables.run(["policy", "diff", "default", "default"]).exitCode == 0)
        let less = try Executables.run(["policy", "diff", "default", "strict"])
        #expect(less.text.contains("- system call socket") && less.text.contains("- limit memory: 256MiB instead of 512MiB"), "\(less.text)")
    }

    @Test func `explain tells which entry decides about a call`() throws {
        let told = try Executables.run(["policy", "explain", "strict", "fork"])
        #expect(told.exitCode == 0 && told.text.contains("It is answered EPERM: strict:") && told.text.contains("threads are the only thing that multiplies here"), "\(told.text)")
        #expect(try Executables.run(["policy", "explain", "strict", "forkk"]).exitCode != 0)
    }
}
