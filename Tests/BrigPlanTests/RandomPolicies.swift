import BrigPlan
import BrigPolicy

/// SplitMix64 (Steele, Lea, Flood 2014): the same sequence for a seed on every machine.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}

/// Policies that no person would write, drawn around the places where a filter goes wrong.
struct RandomPolicies {
    var random: SeededGenerator

    init(seed: UInt64) { random = SeededGenerator(seed: seed) }

    private static let edges: [UInt64] = [
        0, 1, 2, 0x7f, 0x80, 0xff, 0o4755, 0x7fff_ffff, 0x8000_0000, 0xffff_fffe, 0xffff_ffff, 0x1_0000_0000, 0x1_0000_0001,
        0xffff_ffff_0000_0000, 0x7fff_ffff_ffff_ffff, .max - 1, .max,
    ]

    mutating func value() -> UInt64 {
        Bool.random(using: &random) ? Self.edges.randomElement(using: &random) ?? 0 : UInt64.random(in: 0...UInt64.max, using: &random)
    }

    private mutating func action() -> SystemCallPolicy.Action {
        switch Int.random(in: 0..<8, using: &random) {
        case 0...3: .allow
        case 4: .absent
        case 5: .errno([1, 13, 22, 38].randomElement(using: &random) ?? 1)
        case 6: .kill
        default: .log
        }
    }

    private mutating func condition() -> SystemCallPolicy.Condition {
        let all: [SystemCallPolicy.Condition.Comparison] = [.equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual, .maskedEqual]
        let comparison = all.randomElement(using: &random) ?? .equal
        let index = UInt8.random(in: 0...5, using: &random)
        let isWord = Bool.random(using: &random)
        guard comparison == .maskedEqual else { return .init(index: index, comparison: comparison, value: value(), isWord: isWord) }
        let mask: UInt64 = Bool.random(using: &random) ? value() : 1 << UInt64.random(in: 0..<64, using: &random)
        // Now and then a value outside of the mask: a rule that never holds.
        let value = Int.random(in: 0..<8, using: &random) == 0 ? value() : [0, mask, mask & value()].randomElement(using: &random) ?? 0
        return .init(index: index, comparison: .maskedEqual, value: value, mask: mask, isWord: isWord)
    }

    private mutating func rule(_ number: UInt32, certain: Int) -> SystemCallPolicy.Rule {
        let count = Int.random(in: 0..<10, using: &random) < certain ? 0 : Int.random(in: 1...3, using: &random)
        return .init(number: number, action: action(), conditions: (0..<count).map { _ in condition() })
    }

    mutating func policy() -> SystemCallPolicy {
        let baseline: UInt32 = Int.random(in: 0..<20, using: &random) == 0 ? 0 : .random(in: 1...480, using: &random)
        var rules: [SystemCallPolicy.Rule] = []
        for _ in 0..<Int.random(in: 0...(Int.random(in: 0..<8, using: &random) == 0 ? 300 : 40), using: &random) {
            rules.append(rule(.random(in: 0...(baseline + 20), using: &random), certain: 8))
        }
        // A call with many rules, whose jumps are long.
        if Int.random(in: 0..<10, using: &random) == 0 {
            let number = UInt32.random(in: 0...baseline, using: &random)
            for _ in 0..<Int.random(in: 1...60, using: &random) { rules.append(rule(number, certain: 0)) }
        }
        rules.shuffle(using: &random)
        let record: SystemCallPolicy.Record = [.denied, .denied, .none, .none, .all].randomElement(using: &random) ?? .denied
        return SystemCallPolicy(defaultAction: action(), rules: rules, baseline: baseline, record: record)
    }

    mutating func options(_ abi: SeccompABI = .x86_64) -> SeccompOptions {
        func numbers(_ count: Int) -> [UInt32] { (0..<Int.random(in: 0...count, using: &random)).map { _ in .random(in: 0...490, using: &random) } }
        let key = LaunchKey(value()) ?? LaunchKey()
        return SeccompOptions(
            abi: abi, launchCalls: numbers(12), launchKey: key, unrecordedCalls: numbers(40), tracesAllowed: Bool.random(using: &random), forbidSetIDBits: Bool.random(using: &random))
    }
}
