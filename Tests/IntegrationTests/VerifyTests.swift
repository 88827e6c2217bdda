import BrigJSON
import TestSupport
import Testing

/// `brig policy from-report --verify` runs the program again: it must end as it did.
@Suite(.requires(.brig, .seccompNotify)) struct VerifyTests {
    @Test(arguments: [("exit 3", "exit 4"), ("kill -9 $$", "exit 0"), ("kill -9 $$", "kill -15 $$")]) func `a program must end as it did`(script: String, other: String) throws {
        try Fixture.run { fixture in
            let report = fixture.path("report.json")
            func audit(_ script: String) throws -> String {
                _ = try Executables.run(["audit", "--policy", "default", "--report", report, "--"] + shell(script))
                return try readText(report)
            }
            let (text, otherText) = (try audit(script), try audit(other))
            let same = try Executables.run(["policy", "from-report", "--verify", try fixture.write("same.json", text)])
            #expect(same.exitCode == 0 && same.errorText.contains("verified"), "\(same.errorText)")
            // The report of one program with the end of the other.
            var members = try #require(try JSONDocument(Array(text.utf8), bounds: .init(size: 64 << 20, depth: 64)).value.members)
            let end = try #require(try JSONDocument(Array(otherText.utf8), bounds: .init(size: 64 << 20, depth: 64)).value["result"])
            for index in members.indices where members[index].name == "result" { members[index].value = end }
            let changed = try fixture.write("changed.json", String(decoding: JSONValue.object(members).encoded(), as: UTF8.self))
            let different = try Executables.run(["policy", "from-report", "--verify", changed])
            #expect(different.exitCode == 1 && different.errorText.contains("; in \(changed) it "), "\(different.errorText)")
        }
    }

    /// Of an option the report has no value.
    @Test func `what options gave the audit is given again`() throws {
        try Fixture.run { fixture in
            let report = fixture.path("report.json"), data = try fixture.shared("data")
            let options = ["--bind", "\(data):/data", "--workdir", "/data"]
            try #require(Executables.run(["audit", "--report", report] + options + ["--"] + shell("test $PWD = /data")).exitCode == 0)
            let verify = ["policy", "from-report", "--verify", report]
            let without = try Executables.run(verify)
            #expect(without.exitCode == 1 && without.errorText.contains("--with --bind VALUE"), "\(without.errorText)")
            let part = try Executables.run(verify + ["--with"] + options.prefix(2))
            #expect(part.exitCode == 1 && part.errorText.contains("--with --workdir VALUE"), "\(part.errorText)")
            let verified = try Executables.run(verify + ["--with"] + options)
            #expect(verified.exitCode == 0 && verified.errorText.contains("verified") && verified.errorText.contains("--bind, --workdir, which is not in the policy"), "\(verified.errorText)")
            #expect(!String(decoding: verified.output, as: UTF8.self).contains(data))
            for wrong in [["--policy", "strict"], ["--bind", "/etc:/etc", "true"], ["--label", "a=b"]] {
                #expect(try Executables.run(verify + ["--with"] + wrong).errorText.contains("behind --with are options of brig run that change a policy"))
            }
            #expect(try Executables.run(["policy", "from-report", report, "--with"] + options).errorText.contains("--verify, which is not asked for"))
        }
    }

    /// Whether it was found or not, that is what is wrong with its report.
    @Test func `of a program that never started it is said why`() throws {
        try Fixture.run { fixture in
            let report = fixture.path("report.json")
            #expect(try Executables.run(["audit", "--report", report, "--", "no-such-program"]).exitCode == 127)
            for words in [["from-report", report], ["diff", "default", "--report", report]] {
                let outcome = try Executables.run(["policy"] + words)
                #expect(outcome.exitCode == 1 && outcome.errorText.contains("the program was never started: exec: no-such-program"), "\(outcome.errorText)")
            }
        }
    }

    @Test func `what a limit has ended is not verified, and said to be only the beginning`() throws {
        try Fixture.run { fixture in
            let report = fixture.path("report.json")
            _ = try Executables.run(["audit", "--timeout", "300ms", "--report", report, "--", "sleep", "60"])
            let refused = try Executables.run(["policy", "from-report", "--verify", report])
            #expect(refused.exitCode == 1 && refused.output.isEmpty && refused.errorText.contains("was ended after the wall time limit"), "\(refused.errorText)")
            let made = try Executables.run(["policy", "from-report", report])
            let policy = try fixture.write("policy.json", made.output)
            #expect(try Executables.run(["run", "--policy", policy, "--", "sleep", "0"]).exitCode == 0, "it may come to its own end")
            #expect(made.exitCode == 0 && made.errorText.contains("what it would have done later is not in this policy"), "\(made.errorText)")
        }
    }

    /// Reports may be anybody's: one that calls a file built in would have it run.
    @Test func `no file passes for a built-in policy, and no text of a report for brig's`() throws {
        try Fixture.run { fixture in
            let policy = try fixture.write("policy.json", #"{"version": 1, "base": "default"}"#)
            let report = fixture.path("report.json")
            _ = try Executables.run(["audit", "--policy", policy, "--report", report, "--", "true"])
            let text = try readText(report)
            let forged = try fixture.write("forged.json", text.replacingOnce("\"builtIn\": false", "\"builtIn\": true"))
            #expect(try readText(forged) != text)
            for words in [[forged], ["--verify", forged]] {
                let outcome = try Executables.run(["policy", "from-report"] + words)
                #expect(outcome.exitCode == 1 && outcome.output.isEmpty && outcome.errorText.contains("which is not built in"), "\(outcome.errorText)")
            }
            let ended = text.replacingOnce("\"exited\"", "\"setup-failed\"").replacingOnce("\"exited with", #""\u001b[31m\u202e\nexited with"#)
            let steering = try Executables.run(["policy", "from-report", try fixture.write("steering.json", ended)])
            #expect(steering.exitCode == 1 && !steering.errorText.unicodeScalars.contains { ["\u{1b}", "\u{202e}"].contains($0) }, "\(steering.errorText)")
            #expect(steering.errorText.split(separator: "\n").count == 1)
            // A time before the start, and an end that is not the program's.
            let early = try fixture.write("early.json", text.replacingOnce("\"exited\"", "\"wall-time\"").replacingOnce("\"wallNanos\": ", "\"wallNanos\": -1500000001, \"other\": "))
            #expect(try readText(early).contains("-1500000001"))
            #expect(try Executables.run(["policy", "from-report", "--base", policy, early]).exitCode == 0)
        }
    }

    @Test func `the policy of a report is named where it is not built in`() throws {
        try Fixture.run { fixture in
            let report = fixture.path("report.json"), other = fixture.path("other.json")
            let policy = try fixture.write("policy.json", #"{"version": 1, "base": "default"}"#)
            _ = try Executables.run(["audit", "--policy", policy, "--report", report, "--", "true"])
            _ = try Executables.run(["audit", "--report", other, "--", "true"])
            #expect(try Executables.run(["policy", "from-report", report]).errorText.contains("\(policy), which is not built in: give it as --base"))
            let several = try Executables.run(["policy", "from-report", report, other])
            #expect(several.errorText.contains("\(report) under \(policy), \(other) under default"), "\(several.errorText)")
            #expect(try Executables.run(["policy", "from-report", "--base", policy, report, other]).exitCode == 0)
        }
    }

    @Test func `a program that looks at its output is told of the verification's`() throws {
        try Fixture.run { fixture in
            let report = fixture.path("report.json")
            let program = "import os, stat, fcntl; stat.S_ISFIFO(os.fstat(1).st_mode) and fcntl.ioctl(1, 0x5421, bytes(4))"
            _ = try Command("sh", ["-c", "exec \(Executables.brig) audit --report \(report) -- python3 -c \"$0\" >/dev/null", program]).run()
            let outcome = try Executables.run(["policy", "from-report", "--verify", report])
            #expect(outcome.exitCode == 1 && outcome.errorText.contains("ioctl (once, with ioctl request FIONBIO)"), "\(outcome.errorText)")
            #expect(outcome.errorText.contains("standard output and error were pipes here"), "\(outcome.errorText)")
        }
    }
}
