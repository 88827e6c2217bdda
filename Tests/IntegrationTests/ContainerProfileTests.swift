import BrigJSON
import TestSupport
import Testing

/// Programs under the seccomp profile that container engines ship, imported.
@Suite(.requires(.brig, .dockerProfile)) struct ContainerProfileTests {
    private func run(_ script: String, expect text: String) throws {
        try Fixture.run { fixture in
            let imported = try Executables.run(["policy", "import", "/usr/share/containers/seccomp.json", "--base", "build"])
            #expect(imported.succeeded, "\(imported.errorText)")
            let policy = try fixture.write("policy.json", imported.text)
            let job = try fixture.launch(policy, [], shell(script))
            #expect(job.exitCode == 0 && job.outcome.text == text && job.violations == [], job.summary)
        }
    }

    @Test func `python with a thread and a child`() throws {
        try run(
            #"exec /usr/bin/python3 -c 'import threading, subprocess; t = threading.Thread(target=print, args=(6 * 7,)); t.start(); t.join(); subprocess.run(["/bin/echo", "child"])'"#,
            expect: "child\n42\n")
    }

    @Test(.requires(.compiler)) func `a compiler, and what it made`() throws {
        try run(#"cd /tmp && echo 'int puts(const char *); int main(void) { puts("made"); return 0; }' > a.c && gcc a.c -o a && ./a"#, expect: "made\n")
    }

    @Test(.requires(.git)) func `git makes, commits and clones`() throws {
        try run(
            "cd /tmp && git init -q -b main o && cd o && echo text > f && git add f && git -c user.name=a -c user.email=a@b commit -q -m m && cd .. && git clone -q o c 2>&1 && cat c/f",
            expect: "text\n")
    }

    /// What the profile leaves to capabilities is denied without them, as in a container.
    @Test func `it denies what it denies`() throws {
        try Fixture.run { fixture in
            let imported = try Executables.run(["policy", "import", "/usr/share/containers/seccomp.json", "--base", "build"])
            let policy = try fixture.write("policy.json", imported.text)
            let script = "import ctypes; print(ctypes.CDLL(None, use_errno=True).acct(None), ctypes.get_errno())"
            let job = try fixture.launch(policy, [], ["/usr/bin/python3", "-c", script])
            #expect(job.outcome.text == "-1 1\n" && job.violations.contains { $0.hasPrefix("syscall acct ") }, job.summary)
        }
    }

    @Test func `what is exported is what was imported`() throws {
        try Fixture.run { fixture in
            let imported = try Executables.run(["policy", "import", "/usr/share/containers/seccomp.json"])
            let policy = try fixture.write("policy.json", imported.text)
            let exported = try Executables.run(["policy", "export", policy, "--format", "oci"])
            #expect(exported.succeeded, "\(exported.errorText)")
            let profile = try fixture.write("profile.json", exported.text)
            let again = try fixture.write("again.json", try Executables.run(["policy", "import", profile]).text)
            func calls(_ path: String) throws -> String { try Executables.run(["policy", "explain", path, "--json"]).text.split(separator: "\"syscalls\"", maxSplits: 1).last.map(String.init) ?? "" }
            #expect(try calls(again) == calls(policy))
            #expect(try !calls(policy).isEmpty)
        }
    }
}
