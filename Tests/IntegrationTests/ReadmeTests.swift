import BrigJSON
import Glibc
import TestSupport
import Testing

/// The commands of the README do what it says: from audits of five programs to policies that they run under.
@Suite(.requires(.brig)) struct ReadmeTests {
    private static let programs = ["python", "gcc", "git", "tar", "threads"]

    /// The block of commands that has a line with these words.
    private func commands(with words: String) throws -> String {
        let readme = try readText("\(Executables.repository)/README.md")
        let blocks = readme.split(separator: "```sh\n").dropFirst().compactMap { $0.split(separator: "```").first }
        return String(try #require(blocks.first { $0.contains(words) }, "the README has no such commands"))
    }

    @Test(.requires(.compiler, .git)) func `from audits of five programs to verified policies`() throws {
        try Fixture.run { fixture in
            let script = try commands(with: "policy from-report --verify")
            for name in Self.programs { try #require(script.contains(name)) }
            try fixture.write("bin/.keep", "")
            try #require(unsafe symlink(Executables.brig, fixture.path("bin/brig")) == 0)
            var command = Command("/bin/sh", ["-eu", "-c", script], environment: ["PATH": "\(fixture.path("bin")):/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"])
            command.workingDirectory = fixture.directory
            command.timeLimit = 300 * timeFactor
            let outcome = try command.run()
            #expect(outcome.succeeded, "\(outcome.text.suffix(2000))\(outcome.errorText.suffix(4000))")
            #expect(outcome.errorText.split(separator: "\n").count { $0.hasSuffix(": verified, no violation") } == Self.programs.count, "\(outcome.errorText.suffix(4000))")
            for name in Self.programs { try check(fixture, name) }
        }
    }

    /// Much less than the policy of the audit is allowed, each with its reason, and what the program did not do is refused.
    private func check(_ fixture: Fixture, _ name: String) throws {
        let policy = fixture.path("policy-\(name).json")
        let lint = try Executables.run(["policy", "lint", policy])
        #expect(lint.succeeded, "\(lint.text)\(lint.errorText)")
        let document = try JSONDocument(Array(try readText(policy).utf8), bounds: .init(size: 1 << 20, depth: 16)).value
        let rules = try #require(document["syscalls"]?["rules"]?.array)
        #expect(10..<120 ~= rules.count && rules.allSatisfy { $0["reason"]?.string?.isEmpty == false }, "\(name): \(rules.count) rules")
        let difference = try Executables.run(["policy", "diff", "build", policy])
        #expect(difference.exitCode == 0 && difference.text.contains("- system call listen\n"), "\(name): \(difference.text)\(difference.errorText)")

        let script = "import ctypes; print(ctypes.CDLL(None).acct(None))"
        let stranger = try fixture.launch(policy, [], ["/usr/bin/python3", "-c", script])
        #expect(!stranger.violations.isEmpty, stranger.summary)
    }
}
