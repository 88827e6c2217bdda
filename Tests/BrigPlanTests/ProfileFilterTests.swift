import BrigJSON
import BrigPlan
import BrigPolicy
import TestSupport
import Testing

/// Policies that are shipped, and the profile of container engines: their filters say what they say, in every way in which they are written.
@Suite struct ProfileFilterTests {
    private static let dockerProfile = "/usr/share/containers/seccomp.json"

    /// A policy without what is recorded, so that a filter's answers are the policy's.
    private func unrecorded(_ policy: SystemCallPolicy) -> SystemCallPolicy {
        SystemCallPolicy(defaultAction: policy.defaultAction, rules: policy.rules, baseline: policy.baseline, record: .none)
    }

    private func resolve(_ policy: JSONValue) throws -> PolicyLoader.Resolved { try PolicyLoader.resolve(text: policy.encoded(pretty: true), path: "policy") }

    @Test(arguments: PolicyLoader.builtInNames) func `the filter of a shipped policy is the policy`(name: String) throws {
        try prove(PolicyLoader.load(name).systemCalls)
    }

    @Test(.requires(.dockerProfile)) func `the filter of the container engines' profile is the profile`() throws {
        try prove(resolve(ProfileImport.policy(Self.dockerProfile, base: nil)).policy.systemCalls)
    }

    /// All numbers of three ABIs, and every rule at its boundaries, as recorded and not.
    private func prove(_ policy: SystemCallPolicy) throws {
        for policy in [policy, unrecorded(policy)] {
            let options = SeccompOptions(launchCalls: [0, 1, 3, 59, 231], forbidSetIDBits: policy.record == .none)
            let comparison = try FilterComparison(policy, options)
            #expect(comparison.expectations.count > 1800)
            #expect(comparison.differences(try SeccompCompiler.compile(policy, options).instructions) == [])
            #expect(comparison.differencesOfVerdicts() == [])
        }
    }

    /// Calls of this machine's own ABI with arguments at the boundaries of the rules, without junk above what the kernel reads.
    private func calls(_ policy: SystemCallPolicy) throws -> [Call] {
        try FilterComparison(policy, SeccompOptions()).expectations.map(\.call).filter { call in
            call.architecture == SeccompABI.native.auditArchitecture && call.number <= policy.baseline
        }.map { call in
            var call = call
            let kinds = SystemCallCatalog.name(of: call.number).flatMap { SystemCallCatalog.entry($0)?.arguments } ?? []
            for (index, kind) in kinds.enumerated() where kind != .long && kind != .pointer { call.arguments[index] &= 0xffff_ffff }
            return call
        }
    }

    /// The calls to which two filters give different answers.
    private func differences(_ one: [BPFInstruction], _ other: [BPFInstruction], _ calls: [Call]) throws -> [String] {
        let one = try BPFInterpreter(one), other = try BPFInterpreter(other)
        return calls.filter { one.answer($0) != other.answer($0) }.prefix(3).map { "\($0): \(one.answer($0)), \(other.answer($0))" }
    }

    @Test(.requires(.dockerProfile), arguments: [[], ["CAP_SYS_ADMIN"], ["CAP_SYS_TIME", "CAP_SYS_PTRACE"], ["CAP_AUDIT_WRITE", "CAP_SYS_CHROOT", "CAP_DAC_READ_SEARCH"]])
    func `the container engines' profile means what libseccomp makes of it, and is exported with equal meaning`(capabilities: [String]) throws {
        let profile = try JSONDocument(Array(try readText(Self.dockerProfile).utf8), bounds: .init(size: 1 << 20, depth: 16)).value
        let imported = try ProfileImport.policy(Self.dockerProfile, base: nil)
        let retained: JSONValue = ["retain": .array(capabilities.map { .string($0) })]
        let resolved = try resolve(.object((imported.members ?? []) + [.init("capabilities", retained)]))
        let policy = unrecorded(resolved.policy.systemCalls)
        let own = try SeccompCompiler.compile(policy).instructions
        let calls = try calls(policy)
        #expect(calls.count > 400)
        #expect(try differences(own, LibraryFilter.program(profile, capabilities: Set(capabilities)), calls) == [])

        // As it was, with its entries for other circumstances; and flat, since a policy that says more has no whole profile.
        let whole = try OCIProfile.of(resolved).json
        #expect(whole["syscalls"]?.array?.count == profile["syscalls"]?.array?.count)
        #expect(whole["archMap"]?.array?.count == profile["archMap"]?.array?.count)
        var more = imported["syscalls"]?.members ?? []
        more.append(.init("deny", ["@module"]))
        let flat = try OCIProfile.of(resolve(["version": 1, "capabilities": retained, "syscalls": .object(more)])).json
        #expect(flat["archMap"]?.array?.count == 1)
        #expect(try differences(own, LibraryFilter.program(whole, capabilities: Set(capabilities)), calls) == [])
        let modules = Set(SystemCallGroups.named("@module")?.members.compactMap(\.number) ?? [])
        #expect(try differences(own, LibraryFilter.program(flat, capabilities: []), calls.filter { !modules.contains($0.number) }) == [])
        // The comparison would notice.
        var without = (whole["syscalls"]?.array ?? [])
        without.remove(at: 1)
        let maimed: JSONValue = ["defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 38, "syscalls": .array(without)]
        #expect(try differences(own, LibraryFilter.program(maimed, capabilities: Set(capabilities)), calls) != [])
    }

    @Test(arguments: PolicyLoader.builtInNames) func `a shipped policy is exported with equal meaning`(name: String) throws {
        let resolved = try PolicyLoader.resolve(name)
        let policy = unrecorded(resolved.policy.systemCalls)
        let own = try SeccompCompiler.compile(policy).instructions
        let exported = try OCIProfile.of(resolved).json
        let calls = try calls(policy)
        let found = try differences(own, LibraryFilter.program(exported, capabilities: []), calls)
        #expect(found == [], "\(found)")
        // And read by brig itself.
        let again = try resolve(["version": 1, "syscalls": ["profile": exported]])
        #expect(try differences(own, SeccompCompiler.compile(unrecorded(again.policy.systemCalls)).instructions, calls) == [])
    }
}
