import TestSupport
import Testing

@testable import BrigRuntime

@Suite("AppArmor profiles")
struct ShippedProfileTests {
    @Test("the executable carries the files of Profiles/", arguments: ["brig-job", "brig-strict", "brig"])
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
        #expect { try ShippedProfile.named("brig-jb") } throws: { "\($0)".contains("brig-job, brig-strict, brig") }
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
        #expect(AppArmorLabel(label).involves("brig-job") == isIn)
    }

    @Test(
        "only a label that has the very profile, in enforce mode, is taken for enforced",
        arguments: [
            ("brig-job (enforce)", true), ("brig-job//&outer (enforce)", true), ("outer//&brig-job (enforce)", true), ("brig-job (complain)", false), ("brig-job (kill)", false),
            ("brig-job//&outer (complain)", false), ("brig-job//child (enforce)", false), ("unconfined", false), ("brig-job", false), ("", false), ("brig-jobs (enforce)", false),
        ])
    func enforced(label: String, isEnforced: Bool) {
        #expect(AppArmor.isEnforced("brig-job", label: label) == isEnforced)
    }

    @Test(
        "only what nothing confines is unconfined",
        arguments: [("unconfined", true), ("brig (unconfined)", true), ("brig (enforce)", false), ("unconfined (enforce)", false), ("a//&b (mixed)", false), ("unconfined//&a (enforce)", false)])
    func unconfined(label: String, isUnconfined: Bool) {
        #expect(AppArmorLabel(label).isUnconfined == isUnconfined)
    }

    /// Compiled for what the profile's own ABI says, so that it does not depend on the kernel; nothing is loaded.
    @Test("apparmor_parser takes the profiles without a warning", .requires(.apparmorParser), arguments: ["brig-job", "brig-strict"])
    func parses(name: String) throws {
        let outcome = try Command(
            "/usr/sbin/apparmor_parser", ["--skip-kernel-load", "--skip-cache", "--warn=all", "--features-file=/etc/apparmor.d/abi/3.0", "\(Executables.repository)/Profiles/\(name)"]
        ).run()
        // What the machine's own files under /etc/apparmor.d are warned of is not ours.
        #expect(outcome.succeeded && !(outcome.text + outcome.errorText).contains("brig"), "\(outcome.text)\(outcome.errorText)")
    }

    /// Its rule `userns` is of ABI 4.0.
    @Test("apparmor_parser 4 takes the profile of brig itself without a warning", .requires(.apparmorParser4))
    func parsesOwn() throws {
        let outcome = try Command(
            "/usr/sbin/apparmor_parser", ["--skip-kernel-load", "--skip-cache", "--warn=all", "--features-file=/etc/apparmor.d/abi/4.0", "\(Executables.repository)/Profiles/brig"]
        ).run()
        // What the machine's own files under /etc/apparmor.d are warned of is not ours.
        #expect(outcome.succeeded && !(outcome.text + outcome.errorText).contains("brig"), "\(outcome.text)\(outcome.errorText)")
    }
}
