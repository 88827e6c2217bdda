import TestSupport
import Testing

/// Ways of recording that would not do what the policy says are refused, and nothing is started.
@Suite(.requires(.root, .brig))
struct RecordTests {
    @Test func isRefused() throws {
        let (policy, message) = (#"{"version": 1, "base": "default", "syscalls": {"record": "none"}, "onViolation": "kill"}"#, "/onViolation")
        try Fixture.run { fixture in
            let outcome = try Executables.run(["run", "--policy", try fixture.write("p.json", policy), "--", "/bin/echo", "started"])
            #expect(outcome.exitCode == 125)
            #expect(outcome.text.isEmpty)
            #expect(outcome.errorText.contains(message), "\(outcome.errorText)")
        }
    }
}
