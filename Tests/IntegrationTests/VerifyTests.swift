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
            #expect(different.exitCode == 1 && different.errorText.contains("not as in"), "\(different.errorText)")
        }
    }
}
