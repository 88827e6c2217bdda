import BrigJSON
import Glibc
import TestSupport
import Testing

extension Fixture {
    /// Puts a profile with these rules into the kernel, in enforce mode unless `flags` say otherwise, and takes it out at the end. Gives its name.
    fileprivate func loadProfile(_ rules: String, flags: String = "") throws -> String {
        let name = "brig-test-\(UInt32.random(in: 0...UInt32.max))"
        let everything = "file, network, capability, signal, ptrace, mount, umount, pivot_root, change_profile,"
        let file = try write(name, "abi <abi/3.0>,\nprofile \(name) flags=(attach_disconnected, mediate_deleted\(flags)) {\n\(everything)\n\(rules)\n}\n")
        func parser(_ action: String) throws -> Command.Outcome { try Command("apparmor_parser", [action, "--skip-cache", file]).run() }
        atEnd { _ = try? parser("--remove") }
        let outcome = try parser("--replace")
        guard outcome.succeeded else { throw FixtureError("apparmor_parser: \(outcome.errorText)") }
        return name
    }

    /// Runs a job under the policy `default` in another profile, which is required.
    fileprivate func launch(profile: String, with fields: [JSONValue.Member] = [], _ command: [String], as caller: Caller = .own, script: String? = nil) throws -> Launch {
        let appArmor: JSONValue = profile == "unconfined" ? ["profile": "unconfined"] : ["profile": .string(profile), "required": true]
        return try launch(try policy("default", [.init("apparmor", appArmor)] + fields), [], command, as: caller, script: script)
    }
}

extension Launch {
    fileprivate var label: String? { self["/enforcement/apparmor/current"].string }
    /// Why denials may be missing.
    fileprivate var gap: String? { self["/unavailable"]["/violations"]?.string }
    /// Of the kind apparmor: `profile operation subject action`.
    fileprivate var denials: [String] {
        (self["/violations"].array ?? []).filter { $0["kind"] == "apparmor" }.map { each in
            let details = each["details"]
            let subject = ["path", "capability", "family", "peer"].lazy.compactMap { details?[$0]?.string }.first
            return [each["name"]?.string, details?["operation"]?.string, subject, each["action"]?.string].compactMap { $0 }.joined(separator: " ")
        }
    }
}

/// Starts what follows in a profile (aa_change_onexec(3)).
private func inside(_ profile: String) -> String { "printf 'exec \(profile)' > /proc/self/attr/exec && exec \"$@\"" }

/// The profile is entered and cannot be left, and what it denies is denied and told.
@Suite(.requires(.brig, .probe, .apparmor, .jobProfile)) struct AppArmorTests {
    private static let ordinary: Caller = geteuid() == 0 ? .ordinary : .own

    @Test(.requires(.root)) func `a write to a forbidden path fails with EACCES and is a violation with that path`() throws {
        try Fixture.run { fixture in
            let profile = try fixture.loadProfile("audit deny /tmp/forbidden* w,")
            let script = "echo x > /tmp/free && cat /tmp/free; \(probeInJob) create /tmp/forbidden x; \(probeInJob) create '/tmp/forbidden \"é' x"
            let job = try fixture.launch(profile: profile, shell(script))
            #expect(job.outcome.text == "x\nopen = -1 EACCES\nopen = -1 EACCES\n" && job.exitCode == 0, job.summary)
            #expect(job.label == "\(profile) (enforce)" && job.gap == nil, job.summary)
            #expect(job.denials.contains("\(profile) mknod /tmp/forbidden EACCES"), "\(job.denials)")
            #expect(job.denials.contains("\(profile) mknod /tmp/forbidden \"é EACCES"), "\(job.denials)")
            let first = try #require(job.violation("apparmor"))
            #expect(first["count"] == 1 && first["process"]?["command"] == "probe" && first["details"]?["denied"]?.string?.contains("c") == true, "\(first)")
            try requireComplete([job])
            // The control: the same with a profile that does not forbid it.
            let free = try fixture.launch(profile: try fixture.loadProfile(""), shell(script))
            #expect(free.outcome.lines.allSatisfy { !$0.contains("EACCES") } && free.denials == [] && free.exitCode == 0, free.summary)
        }
    }

    @Test(.requires(.root)) func `denials are counted, each distinct one by itself`() throws {
        try Fixture.run { fixture in
            let profile = try fixture.loadProfile("audit deny /tmp/{one,two}/ w,")
            let job = try fixture.launch(profile: profile, shell("for i in 1 2 3 4 5 6 7; do mkdir /tmp/one; done 2>/dev/null; mkdir /tmp/two; true"))
            #expect(job.gap == nil, job.summary)
            #expect(Set(job.denials) == ["\(profile) mkdir /tmp/one/ EACCES", "\(profile) mkdir /tmp/two/ EACCES"], "\(job.denials)")
            #expect(job["/violations/0/count"] == 7 && job["/violations/1/count"] == 1, job.summary)
        }
    }

    @Test(.requires(.root)) func `in a storm none is missed without a word`() throws {
        try Fixture.run { fixture in
            let profile = try fixture.loadProfile("audit deny /tmp/storm/ w,")
            let job = try fixture.launch(profile: profile, ["/usr/bin/python3", "-c", "import os\nfor i in range(3000):\n try: os.mkdir('/tmp/storm')\n except PermissionError: pass"])
            let counted = (job["/violations"].array ?? []).reduce(0) { $0 + ($1["count"]?.integer ?? 0) }
            #expect(counted > 0 && counted <= 3000, job.summary)
            #expect(counted == 3000 || job.gap != nil, "\(counted) of 3000")
        }
    }

    @Test(.requires(.root)) func `what another program is denied in the same profile is not the job's`() throws {
        try Fixture.run { fixture in
            let directory = try fixture.shared()
            let wait = shell("echo > /media/started; while ! [ -e /media/done ]; do sleep 0.05; done; cat /proc/self/attr/current")
            let around = """
                "$@" & job=$!
                while ! [ -e \(directory)/started ]; do sleep 0.05; done
                sh -c 'printf "exec brig-job" > /proc/self/attr/exec; exec cat /proc/kallsyms' && exit 99
                sleep 0.2; touch \(directory)/done; wait $job
                """
            let job = try fixture.launch("default", ["--bind", "\(directory):/media:rw"], wait, script: around)
            #expect(job.exitCode == 0 && job.outcome.text == "brig-job (enforce)\n" && job.outcome.errorText.contains("kallsyms"), job.summary)
            #expect(job.denials == [] && job.gap == nil, job.summary)
        }
    }

    @Test(.requires(.root)) func `onViolation kill ends the job for a denied access`() throws {
        try Fixture.run { fixture in
            let job = try fixture.launch(profile: "brig-job", with: [.init("onViolation", "kill")], shell("echo before; cat /proc/kallsyms; sleep 60; echo after"))
            #expect(job.reason == "policy-violation" && job.exitCode == 159 && job.outcome.text == "before\n", job.summary)
            #expect(job["/result/evidence/access"] == "open /proc/kallsyms" && job.denials == ["brig-job open /proc/kallsyms EACCES"], job.summary)
            #expect(job.outcome.errorText.contains("/proc/kallsyms"), job.summary)
            try requireComplete([job])
        }
    }

    @Test(.requires(.ordinaryUser)) func `an account that may not read the records is held all the same, and told so`() throws {
        try Fixture.run { fixture in
            let job = try fixture.launch(profile: "brig-job", with: [.init("onViolation", "kill")], shell("cat /proc/self/attr/current; cat /proc/kallsyms"), as: Self.ordinary)
            #expect(job.exitCode == 1 && job.outcome.text == "brig-job (enforce)\n" && job.outcome.errorText.contains("Permission denied"), job.summary)
            #expect(job.denials == [] && job.gap?.contains("CAP_AUDIT_READ") == true, job.summary)
            #expect(job["/degraded"].array?.contains { $0["protection"] == "onViolation" } == true, "\(job["/degraded"])")
            try requireComplete([job])
        }
    }

    @Test func `every thread and every program of the job is in the profile`() throws {
        try Fixture.run { fixture in
            let program = """
                import glob, subprocess, threading
                gate = threading.Event()
                for _ in range(4): threading.Thread(target=gate.wait).start()
                labels = [open(f).read().strip("\\n\\0") for f in glob.glob("/proc/self/task/*/attr/current")]
                labels.append(subprocess.check_output(["/bin/cat", "/proc/self/attr/current"]).decode().strip("\\n\\0"))
                print(len(labels), *set(labels)); gate.set()
                """
            let job = try fixture.launch("default", [], ["/usr/bin/python3", "-c", program])
            #expect(job.outcome.text == "6 brig-job (enforce)\n" && job.label == "brig-job (enforce)", job.summary)
        }
    }

    @Test(arguments: ["changeprofile unconfined", "exec unconfined", "stack unconfined"]) func `it cannot be left`(attempt: String) throws {
        try Fixture.run { fixture in
            let file = attempt.hasPrefix("changeprofile") ? "current" : "exec"
            let job = try fixture.launch("default", [], probe("write", "/proc/self/attr/\(file)", attempt, ",", "read", "/proc/self/attr/current"))
            #expect(job.outcome.lines.first?.hasSuffix("= -1 EACCES") == true && job.outcome.lines.last == "text: brig-job (enforce)", job.summary)
            if geteuid() == 0 { #expect(job.denials.count == 1 && job.denials[0].hasSuffix("/attr/\(file) EACCES"), "\(job.denials)") }
            // The control: what is in no profile may write there, and gets into one.
            let free = try fixture.launch(profile: "unconfined", probe("write", "/proc/self/attr/current", "changeprofile brig-job", ",", "read", "/proc/self/attr/current"))
            #expect(free.outcome.lines.last == "text: brig-job (enforce)" && free.denials == [], free.summary)
        }
    }

    /// Nothing else stands before it.
    @Test(.requires(.root)) func `the kernel's symbols are denied by the profile alone`() throws {
        try Fixture.run { fixture in
            let job = try fixture.launch(profile: "brig-job", probe("read", "/proc/kallsyms"))
            #expect(job.outcome.text == "open = -1 EACCES\n" && job.denials == ["brig-job open /proc/kallsyms EACCES"], job.summary)
            let free = try fixture.launch(profile: "unconfined", probe("read", "/proc/kallsyms"))
            #expect(free.outcome.text.hasPrefix("read = 255\n") && free.denials == [], free.summary)
        }
    }

    /// The same calls, which this filter allows, in both profiles.
    @Test(.requires(.root, .strictProfile, .cgroupMemory, .cgroupPids)) func `brig-strict has no programs and no sockets`() throws {
        try Fixture.run { fixture in
            let allow: JSONValue = [
                "@file-io", "@file-metadata", "@poll", "@process", "@threads", "@memory", "@time", "@signals", "@info", "@sandbox", "@exec", "@network",
            ]
            func job(_ profile: String) throws -> Launch {
                let policy = try fixture.policy("strict", [.init("syscalls", ["allow": allow]), .init("apparmor", ["profile": .string(profile), "required": true])])
                return try fixture.launch(policy, [], probe("socket", "2", "1", ",", "exec", probeInJob, "exit", "7"))
            }
            let strict = try job("brig-strict")
            #expect(strict.label == "brig-strict (enforce)", strict.summary)
            #expect(strict.outcome.lines.count == 2 && strict.outcome.lines.allSatisfy { $0.hasSuffix("= -1 EACCES") } && strict.exitCode == 0, strict.summary)
            #expect(Set(strict.denials) == ["brig-strict create inet EACCES", "brig-strict exec /mnt/probe EACCES"], "\(strict.denials)")
            let free = try job("brig-job")
            #expect(free.exitCode == 7 && free.outcome.lines.allSatisfy { !$0.contains("EACCES") } && free.denials == [], free.summary)
        }
    }

    @Test(.requires(.strictProfile, .cgroupMemory, .cgroupPids)) func `strict runs in it`() throws {
        try Fixture.run { fixture in
            let job = try fixture.launch("strict", [], ["/usr/bin/python3", "-c", "print(open('/proc/self/attr/current').read().strip(), 2**70)"])
            #expect(job.outcome.text == "brig-strict (enforce) 1180591620717411303424\n" && job["/degraded"].array == [] && job.violations == [], job.summary)
        }
    }

    // MARK: A brig that is confined itself

    @Test(.requires(.root)) func `what confines brig stays with the job`() throws {
        try Fixture.run { fixture in
            let outer = try fixture.loadProfile("audit deny /tmp/outside w,")
            let job = try fixture.launch("default", [], shell("cat /proc/self/attr/current; \(probeInJob) create /tmp/outside x; cat /proc/kallsyms"), script: inside(outer))
            #expect(job.label == "brig-job//&\(outer) (enforce)" && job.outcome.lines == ["brig-job//&\(outer) (enforce)", "open = -1 EACCES"], job.summary)
            #expect(Set(job.denials) == ["\(outer) mknod /tmp/outside EACCES", "brig-job open /proc/kallsyms EACCES"], "\(job.denials)")
            try requireComplete([job])
        }
    }

    /// As the profile of brig itself on distributions that restrict user namespaces: it has a name, and confines nothing.
    @Test(.requires(.root)) func `a profile that confines nothing is not stacked on`() throws {
        try Fixture.run { fixture in
            let outer = try fixture.loadProfile("", flags: ", unconfined")
            let job = try fixture.launch("default", [], ["/bin/cat", "/proc/self/attr/current"], script: inside(outer))
            #expect(job.label == "brig-job (enforce)" && job.outcome.text == "brig-job (enforce)\n", job.summary)
        }
    }

    @Test(.requires(.root)) func `a stack of several modes is judged by the job's own profile`() throws {
        try Fixture.run { fixture in
            let outer = try fixture.loadProfile("", flags: ", complain")
            let job = try fixture.launch("default", [], shell("cat /proc/kallsyms"), script: inside(outer))
            #expect(job.label == "brig-job//&\(outer) (mixed)" && job.exitCode == 1, job.summary)
            let complaining = try fixture.launch(profile: outer, ["/bin/true"])
            #expect(complaining.reason == "setup-failed" && complaining.exitCode == 125 && complaining.message.contains("\(outer) (complain)"), complaining.summary)
        }
    }

    // MARK: Profiles that are not there

    @Test func `without its profile a policy that requires it refuses, and another says so`() throws {
        try Fixture.run { fixture in
            let job = try fixture.launch(profile: "brig-none", ["/bin/true"])
            #expect(job.exitCode == 125 && job.reason == "setup-failed" && job.message.contains("brig-none"), job.summary)
            let other = try fixture.launch(try fixture.policy("default", [.init("apparmor", ["profile": "brig-none", "required": false])]), [], ["/bin/true"])
            #expect(other.exitCode == 0 && other["/degraded/0/protection"] == "apparmor", other.summary)
        }
    }

    // MARK: brig apparmor

    @Test(.requires(.root, .strictProfile)) func `profiles are loaded, listed, held while in use, and unloaded`() throws {
        try Fixture.run { fixture in
            func brig(_ words: String...) throws -> Command.Outcome { try Executables.run(["apparmor"] + words) }
            fixture.atEnd { _ = try? brig("load", "brig-strict") }
            let loaded = try brig("load")
            #expect(loaded.succeeded && loaded.lines == ["brig-job is loaded", "brig-strict is loaded"] && loaded.errorOutput.isEmpty, "\(loaded.text)\(loaded.errorText)")
            #expect(try brig("list").lines.filter { $0.contains("brig-job") || $0.contains("brig-strict") }.allSatisfy { $0.hasPrefix("enforce") })
            #expect(try brig("status").exitCode == 0)
            #expect(try brig("show", "brig-strict").output == readFile("\(Executables.repository)/Profiles/brig-strict"))
            let held = try fixture.launch("strict", ["--timeout", "100s"], ["/bin/sleep", "60"], script: "\"$@\" & job=$!; \(Self.untilEntered); \(Executables.brig) apparmor unload brig-strict; kill $job; wait $job")
            #expect(held.outcome.errorText.contains("in the profile brig-strict"), held.summary)
            #expect(try brig("unload", "brig-strict").succeeded)
            let gone = try brig("status", "brig-strict")
            #expect(gone.exitCode == 1 && gone.text.contains("brig-strict is not loaded"), "\(gone.text)\(gone.errorText)")
            #expect(try brig("unload", "brig-strict").exitCode != 0)
            #expect(try Command("/bin/ls", ["/tmp"]).run().lines.allSatisfy { !$0.hasPrefix("brig-profile-") })
        }
    }

    /// Until a process is in the profile brig-strict, for a minute at most.
    private static let untilEntered = "for i in $(seq 600); do grep -qs brig-strict /proc/[0-9]*/attr/current && break; sleep 0.1; done"
}
