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
