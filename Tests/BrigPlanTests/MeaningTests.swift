import BrigPlan
import BrigPolicy
import Testing

/// What policies mean as sets of arguments, by which they are compared, exported and questioned, is what a plain reading says of each call.
@Suite struct MeaningTests {
    @Test(arguments: PolicyLoader.builtInNames) func `of shipped policies`(name: String) throws {
        #expect(try compare(PolicyLoader.load(name).systemCalls) > 400)
    }

    @Test(arguments: 0..<2) func `of random policies`(batch: UInt64) throws {
        var policies = RandomPolicies(seed: 0x3ea4 + batch)
        var compared = 0, tooLarge = 0
        for _ in 0..<10 {
            let policy = policies.policy()
            // Random rules over all of 64 bits multiply: what has more cases than are compared is refused, not guessed.
            let rules = Dictionary(grouping: policy.rules, by: \.number).values.flatMap { $0.filter { $0.conditions.count <= 1 }.prefix(2) }
            do {
                compared += try compare(SystemCallPolicy(defaultAction: policy.defaultAction, rules: rules, baseline: policy.baseline, record: .none))
            } catch is MeaningError {
                tooLarge += 1
            }
        }
        #expect(compared > 1000 && tooLarge < 5, "\(compared) calls compared, \(tooLarge) policies too large")
    }

    /// The number of calls compared.
    private func compare(_ policy: SystemCallPolicy) throws -> Int {
        let meaning = try SystemCallMeaning(policy)
        let plain = PlainReading(policy, SeccompOptions())
        var compared = 0
        for expected in try FilterComparison(policy, SeccompOptions()).expectations {
            let call = expected.call
            guard call.architecture == SeccompABI.native.auditArchitecture, meaning.parts[call.number] != nil else { continue }
            let answers = meaning.answers(call.number, call.arguments.indices.map { call.arguments[$0] })
            let wanted = plain.verdict(call)
            let found: [SeccompVerdict] = answers.map { action in
                switch action {
                case .allow: .allow
                case .errno(let number): .errno(number)
                case .absent: .unknown
                case .kill: .kill
                case .log: .log
                }
            }
            try #require(found == [wanted], "\(call)")
            compared += 1
        }
        return compared
    }
}
