import BrigJSON
import TestSupport
import Testing

/// Making brig write elsewhere, or say what is not so.
@Suite(.serialized, .requires(.brig, .probe, .userNamespaces, .ordinaryUser)) struct ReportEscapeTests {
    private static let swap = "mv /media/results /media/moved || exit 3; ln -s VICTIM /media/results; echo captured"

    /// The job may write to the directory that brig's own files go to, and puts a link in its place.
    @Test(arguments: Caller.allCases) func `output files follow no link that the job leaves`(caller: Caller) throws {
        try Fixture.run { fixture in
            let shared = try fixture.shared()
            let (results, victim) = (try fixture.shared("shared/results"), try fixture.shared("victim"))
            if case .ordinary = caller { _ = try Command("chown", ["-R", "1000:1000", shared]).run() }
            let words = caller.prefix + [Executables.brig, "run", "--report", "\(results)/report.json", "--capture=\(results)", "--bind", "\(shared):/media:rw", "--"]
            let outcome = try unconfined(words + shell(Self.swap.replacing("VICTIM", with: victim)))
            #expect(outcome.exitCode == 0, "\(outcome.errorText)")
            #expect(try fixture.names(in: "victim").isEmpty)
            #expect(try fixture.names(in: "shared/moved") == ["report.json", "stderr", "stdout"])
            #expect(try readText("\(shared)/moved/stdout") == "captured\n")
            // The link is there, and whoever goes by the path follows it.
            _ = try unconfined(shell("echo x > \(results)/control"), as: caller)
            #expect(try fixture.names(in: "victim") == ["control"])
        }
    }

    /// A directory in the report's place cannot be replaced by a file, so it would be lost.
    @Test(arguments: Caller.allCases) func `a job cannot keep its report from being written`(caller: Caller) throws {
        try Fixture.run { fixture in
            let results = try fixture.shared("results")
            if case .ordinary = caller { _ = try Command("chown", ["1000:1000", results]).run() }
            let words = [Executables.brig, "run", "--report", "\(results)/report.json", "--bind", "\(results):/media:rw", "--"]
            let outcome = try unconfined(words + shell("mkdir /media/report.json; echo kept > /media/report.json/file"), as: caller)
            #expect(outcome.exitCode == 0, "\(outcome.errorText)")
            #expect(try readText("\(results)/report.json").contains("\"exited\""))
            let beside = try fixture.names(in: "results").filter { $0 != "report.json" }
            #expect(beside.count == 1 && beside.first?.hasPrefix(".report.json.") == true, "\(beside)")
        }
    }

    /// Links and pipes in the place of the files themselves.
    @Test(arguments: Caller.allCases) func `output files replace nothing but files`(caller: Caller) throws {
        try Fixture.run { fixture in
            let results = try fixture.shared("results")
            let victim = try fixture.ownFile("victim", "untouched", of: caller)
            for kind in ["ln -s \(victim)", "mkfifo", "mkdir"] {
                _ = try unconfined(shell("rm -rf \(results)/*; \(kind) \(results)/stdout"), as: caller)
                let outcome = try unconfined([Executables.brig, "run", "--capture=\(results)", "--", "/bin/echo", "text"], as: caller)
                #expect(outcome.exitCode == 125 && outcome.errorText.contains("\(results)/stdout"), "\(kind): \(outcome.errorText)")
            }
            #expect(try readText(victim) == "untouched")
            _ = try unconfined(shell("rm -rf \(results)/*"), as: caller)
            #expect(try unconfined([Executables.brig, "run", "--capture=\(results)", "--", "/bin/echo", "text"], as: caller).exitCode == 0)
            #expect(try readText("\(results)/stdout") == "text\n")
        }
    }

    /// Names that would end a string, a line or a terminal's patience.
    @Test(arguments: Caller.allCases) func `names cannot break out of the report`(caller: Caller) throws {
        try Fixture.run { fixture in
            let hostile = "a\"},{\"b\\\n\r\t\u{1b}[2J\u{7f}\u{2028}\u{202e}é"
            let long = String(repeating: "x", count: 100_000)
            let script = "printf '\\n\"}\\033[2J' > /proc/self/comm; \(probeInJob) denied 1; echo; printf '\\377\\376\"}'"
            let job = try fixture.launch(
                "default", ["--capture", "--label", "name=\(hostile)", "--env", "HOSTILE=\(hostile)"], shell(script) + [hostile, long], as: caller)
            #expect(job.exitCode == 0, job.summary)
            #expect(job["/job/labels/name"] == .string(hostile), job.summary)
            #expect(job["/job/command/3"] == .string(hostile) && job["/job/command/4"] == .string(long), job.summary)
            try requireComplete([job])
            // A program that is not there: its name is in the line on standard error, where a terminal would obey it.
            let missing = try fixture.launch("default", [], ["/\u{1b}[2J\u{9b}31m\nbrig: all is well"], as: caller)
            #expect(missing.exitCode == 127, missing.summary)
            #expect(!missing.outcome.errorText.unicodeScalars.contains { $0.value == 0x1b || $0.value == 0x9b }, missing.summary)
            #expect(!missing.outcome.errorText.contains("\nbrig: all"), missing.summary)
        }
    }

    /// A program that ends as if a limit or a signal had ended it says so of itself only.
    @Test(arguments: [124, 125, 126, 127, 137, 139, 153, 159] as [Int32], Caller.allCases) func `a status is no reason`(status: Int32, caller: Caller) throws {
        try Fixture.run { fixture in
            let job = try fixture.launch("default", [], shell("exit \(status)"), as: caller)
            #expect(job.exitCode == status && job.reason == "exited" && job["/result/exitCode"] == .integer(Int64(status)), job.summary)
            #expect(job.violations.isEmpty && job.outcome.errorText.isEmpty, job.summary)
        }
    }
}
