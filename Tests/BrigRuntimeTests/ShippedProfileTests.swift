import TestSupport
import Testing

@testable import BrigRuntime

@Suite("AppArmor profiles")
struct ShippedProfileTests {
    @Test("the executable carries the files of Profiles/", arguments: ["brig-job", "brig"])
    func embedded(name: String) throws {
        #expect(try ShippedProfile.named(name).text == readFile("\(Executables.repository)/Profiles/\(name)"))
    }

    @Test("a text that is more than a name is refused before anything is done with it", arguments: ["", "../brig-job", "/etc/passwd", "a\nb", "a b", "-R", ".", "brig-job\0", "a//b", "é"])
    func names(name: String) {
        #expect(throws: AppArmorError.self) { try checkProfileName(name) }
        #expect(throws: AppArmorError.self) { try ShippedProfile.named(name) }
    }

    @Test("a valid name that is not shipped is told what is")
    func unknown() {
        #expect { try ShippedProfile.named("brig-jb") } throws: { "\($0)".contains("brig-job and brig") }
    }

    @Test("lines of the kernel's list, with names that have brackets and blanks")
    func lines() {
        #expect(LoadedProfile(line: "brig-job (enforce)") == LoadedProfile(line: "brig-job (enforce)"))
        #expect(LoadedProfile(line: "brig-job (enforce)")?.name == "brig-job")
        #expect(LoadedProfile(line: "brig-job (enforce)")?.mode == "enforce")
        #expect(LoadedProfile(line: "a b (x) (complain)")?.name == "a b (x)")
        #expect(LoadedProfile(line: "a b (x) (complain)")?.mode == "complain")
        for text in ["", "(enforce)", " (enforce)", "brig-job", "brig-job(enforce)"] { #expect(LoadedProfile(line: text) == nil, "\(text)") }
    }

    @Test(
        "a process counts as in a profile whatever it is stacked with",
        arguments: [
            ("brig-job (enforce)", true), ("brig-job//&outer (enforce)", true), ("outer//&brig-job (enforce)", true), ("brig-job//child (complain)", true), ("brig-job", true),
            ("unconfined", false), ("brig-job-2 (enforce)", false), ("my-brig-job (enforce)", false), ("brig (enforce)", false),
        ])
    func labels(label: String, isIn: Bool) {
        #expect(ShippedProfile.label(label, has: "brig-job") == isIn)
    }
}
