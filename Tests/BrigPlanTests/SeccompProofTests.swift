import BrigPlan
import BrigPolicy
import Testing

/// Filter and verdicts say what the policy says, shown on policies that are drawn at random and on every call where they could differ.
@Suite struct SeccompProofTests {
    @Test("random policies: filter, verdicts and a plain reading agree", arguments: 0..<20)
    func randomPolicies(batch: UInt64) throws {
        var policies = RandomPolicies(seed: 0xb419 + batch)
        var compared = 0
        for index in 0..<100 {
            let policy = policies.policy()
            let options = policies.options(index % 4 == 3 ? .aarch64 : .x86_64)
            let comparison = try FilterComparison(policy, options)
            let filter = try SeccompCompiler.compile(policy, options)
            try #require(comparison.differences(filter.instructions) == [], "batch \(batch), policy \(index): \(policy)")
            try #require(comparison.differencesOfVerdicts() == [], "batch \(batch), policy \(index): \(policy)")
            compared += comparison.expectations.count
        }
        #expect(compared > 100 * 1800)
    }

    @Test("a comparison turned round anywhere in a filter is noticed")
    func everyTurnedJumpIsNoticed() throws {
        let (policy, options) = SamplePolicies.everyKindOfRule
        let comparison = try FilterComparison(policy, options)
        let program = try SeccompCompiler.compile(policy, options).instructions
        #expect(comparison.differences(program) == [])
        var turned = 0
        for (place, instruction) in program.enumerated() where instruction.code & 7 == 5 && instruction.code != 5 {
            var mutant = program
            mutant[place] = BPFInstruction(
                instruction.code, k: instruction.k, jumpTrue: instruction.jumpFalse, jumpFalse: instruction.jumpTrue)
            #expect(comparison.differences(mutant, limit: 1) != [], "turned jump at \(place) of \(program.count)")
            turned += 1
        }
        #expect(turned > 50)
    }

    @Test("a constant that is one off anywhere in a filter is noticed")
    func everyShiftedConstantIsNoticed() throws {
        let (policy, options) = SamplePolicies.everyKindOfRule
        let comparison = try FilterComparison(policy, options)
        let program = try SeccompCompiler.compile(policy, options).instructions
        for (place, instruction) in program.enumerated() where instruction.code != 0x05 {
            var mutant = program
            let step: UInt32 = instruction.code == 0x20 ? 4 : 1
            mutant[place] = BPFInstruction(
                instruction.code, k: instruction.k &+ step, jumpTrue: instruction.jumpTrue, jumpFalse: instruction.jumpFalse)
            #expect(comparison.differences(mutant, limit: 1) != [], "constant at \(place) of \(program.count): \(instruction)")
        }
    }
}
