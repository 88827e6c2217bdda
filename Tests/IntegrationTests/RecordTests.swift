import TestSupport
import Testing

/// Ways of recording that would not do what the policy says are refused, and nothing is started.
@Suite(.requires(.root, .brig))
struct RecordTests {
    @Test(arguments: [
        (#"{"version": 1, "base": "ci-memory", "syscalls": {"record": "all"}}"#, "not supported"),
        (#"{"version": 1, "base": "default", "syscalls": {"record": "none"}, "onViolation": "kill"}"#, "/onViolation"),
    ]) func isRefused(_ policy: String, _ message: String) throws {
        try Fixture.run { fixture in
            let outcome = try Executables.run(["run", "--policy", try fixture.write("p.json", policy), "--", "/bin/echo", "started"])
            #expect(outcome.exitCode == 125)
            #expect(outcome.text.isEmpty)
            #expect(outcome.errorText.contains(message), "\(outcome.errorText)")
        }
    }
}
