import TestSupport
import Testing

/// What is said of a command line that is not brig's.
@Suite(.requires(.brig)) struct CommandLineTests {
    @Test func `options of other tools lead to those of brig, which it has`() throws {
        let help = try Command(Executables.brig, ["run", "--help"]).run().text
        for option in ["-v", "--volume", "--net", "-m", "--ro-bind", "--chdir", "--unshare-net", "--mem", "--time", "--time_limit", "--rm", "--meta", "--cap-drop", "-it"] {
            let outcome = try Command(Executables.brig, ["run", option, "value", "--", "/bin/true"]).run()
            #expect(outcome.exitCode == 125, "\(option): \(outcome)")
            let parts = outcome.errorText.split(separator: ":", maxSplits: 2)
            try #require(parts.count == 3 && parts[1] == " unknown option \(option)", "\(outcome.errorText)")
            for word in parts[2].split(whereSeparator: { " ,:;\n".contains($0) }) where word.hasPrefix("--") {
                let name = word.prefix { $0 != "=" }
                #expect(help.contains("  \(name)"), "\(option) leads to \(name)")
            }
        }
    }

    @Test func `a misspelt option leads to the nearest`() throws {
        let outcome = try Command(Executables.brig, ["run", "--polcy", "strict", "--", "/bin/true"]).run()
        #expect(outcome.errorText.contains("unknown option --polcy (did you mean --policy?)"), "\(outcome.errorText)")
    }
}
