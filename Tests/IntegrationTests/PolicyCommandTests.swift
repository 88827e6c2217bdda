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
