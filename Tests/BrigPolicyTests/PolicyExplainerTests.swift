import BrigJSON
import BrigPolicy
import TestSupport
import Testing

@Suite struct PolicyExplainerTests {
    @Test(arguments: PolicyLoader.builtInNames)
    func theResolvedFormLoadsToTheSamePolicy(_ name: String) throws {
        try roundTrip(try PolicyLoader.resolve(name))
    }

    @Test func everyFieldSurvivesTheResolvedForm() throws {
        try withFile(PolicyFaults.complete.encoded(pretty: false)) { try roundTrip(try PolicyLoader.resolve($0)) }
    }

    private func roundTrip(_ resolved: PolicyLoader.Resolved) throws {
        let again = try withFile(PolicyExplainer.json(resolved).encoded(pretty: true)) { try PolicyLoader.resolve($0) }
        #expect(again.policy.rootfs == resolved.policy.rootfs)
        #expect(again.policy.mounts == resolved.policy.mounts)
        #expect(again.policy.process == resolved.policy.process)
        #expect(again.policy.network == resolved.policy.network)
        #expect(again.policy.systemCalls == resolved.policy.systemCalls)
        #expect(again.policy.capabilities == resolved.policy.capabilities)
        #expect(again.policy.appArmor == resolved.policy.appArmor)
        #expect(again.policy.limits == resolved.policy.limits)
        #expect(again.policy.onViolation == resolved.policy.onViolation)
        // What is explained is the same but for the digests and for what it builds on.
        let differing = ["  sha256", "  Builds on"]
        func kept(_ resolved: PolicyLoader.Resolved) -> [String] { PolicyExplainer.lines(resolved).filter { line in !differing.contains { line.hasPrefix($0) } } }
        #expect(kept(again) == kept(resolved))
    }

    @Test func sentencesNameWhatMatters() throws {
        let lines = PolicyExplainer.lines(try PolicyLoader.resolve("default", overrides: [PolicyOverride("/limits/pids", 3, flag: "--pids")]))
        #expect(lines.contains("  Processes and threads 3."))
        #expect(lines.contains("  Changed by --pids"))
        #expect(lines.contains("  Memory 512MiB, swap 0; reaching it ends the job, where the machine can enforce it."))
        #expect(lines.contains { $0.contains("ioctl with argument 1 = TIOCSTI is answered EPERM: puts input into the caller's terminal.") })
        #expect(lines.contains { $0.contains("clone with a bit of CLONE_NEWCGROUP|") })
        #expect(lines.contains { $0.contains("@file-io") && $0.contains("all ") })
    }

    @Test func groupsAreListedAndOpened() throws {
        #expect(PolicyExplainer.groups().count == SystemCallGroups.all.count)
        #expect(try PolicyExplainer.group("file-io").first == "@file-io: Opens, reads, writes and closes files, pipes and descriptors of any kind.")
        #expect(try PolicyExplainer.group("@exec") == ["@exec: Starts another program in place of the running one.", "  execve execveat"])
        let error = #expect(throws: PolicyError.self) { try PolicyExplainer.group("@exce") }
        #expect(error?.description == "@exce: no such group of system calls (did you mean \"@exec\"?)")
    }
}

@Suite struct CallExplanationTests {
    private func lines(_ syscalls: String, _ call: String) throws -> [String] {
        let text = #"{"version": 1, "syscalls": \#(syscalls)}"#
        return try PolicyExplainer.call(call, PolicyLoader.resolve(text: Array(text.utf8), path: "p.json")).dropFirst().dropLast().map { $0.trimmingPrefix("  ").description }
    }

    @Test func `the entry that decides is named with its place and its reason`() throws {
        #expect(try lines(#"{"allow": ["@file-io"]}"#, "openat") == ["It is allowed: p.json:1:39: /syscalls/allow/0 \"@file-io\"."])
        #expect(try lines(#"{"allow": ["read"]}"#, "openat") == ["It is answered EPERM: no entry names it, and that is the default."])
        #expect(
            try lines(#"{"deny": [{"names": ["openat"], "action": "kill", "reason": "no files"}]}"#, "openat") == [
                "It ends the job: p.json:1:49: /syscalls/deny/0/names/0 \"openat\": no files."
            ])
        #expect(try lines("{}", "clone3").first?.hasPrefix("It is answered ENOSYS, as on a kernel without it: brig itself") == true)
        #expect(try lines(#"{"baseline": "mseal"}"#, "listxattrat").first?.contains("newer than the baseline mseal") == true)
    }

    @Test func `arguments decide in the order in which they win`() throws {
        let rules =
            #"[{"names": ["prctl"], "action": "errno:EIO", "args": [{"index": 0, "op": "equal", "value": "PR_SET_NAME"}]}, {"names": ["prctl"], "action": "kill", "args": [{"index": 0, "op": "equal", "value": 1}]}]"#
        let found = try lines(#"{"allow": ["prctl"], "rules": \#(rules)}"#, "prctl")
        try #require(found.count == 3)
        #expect(found[0].hasPrefix("With argument 0 = 1 it ends the job: "))
        #expect(found[1].hasPrefix("With argument 0 = PR_SET_NAME it is answered EIO: "))
        #expect(found[2].hasPrefix("Otherwise it is allowed: "))
    }

    @Test func `what has no effect is told apart`() throws {
        let found = try lines(#"{"allow": ["@debug"], "deny": [{"names": ["bpf"], "action": "kill"}]}"#, "bpf")
        #expect(found.count == 3 && found[0].hasPrefix("It ends the job") && found[1].hasPrefix("Without effect") && found[2].contains("/syscalls/allow/0"))
    }

    @Test func `a name that is none is an error with the nearest one`() {
        let error = #expect(throws: PolicyError.self) { try lines("{}", "openatt") }
        #expect(error?.description == "openatt: no such system call (did you mean \"openat\"?)")
    }
}
