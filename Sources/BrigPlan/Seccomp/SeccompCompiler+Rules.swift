internal import BrigPolicy
internal import CSeccomp

/// Rules on arguments, and the launcher's key. All is written from its end to its start, like the rest of the program.
extension SeccompCompiler {
    typealias Label = BPFAssembler.Label

    /// What goes to the supervisor where rules are compared at all. Under `all` only the calls that are treated as under `violations` get so far.
    private var ruledNotified: SeccompNotified { verdicts.notified == .all ? .violations : verdicts.notified }

    /// The rules of a number in their order, then `otherwise`, which gives `word`.
    mutating func rules(of number: Int, before otherwise: Label, _ word: UInt32) -> Label {
        var label = otherwise
        var isLast = true
        for index in verdicts.calls[number].rules.reversed() {
            let answer = answer(index, ruledNotified)
            // The same answer as without this rule, as nothing comes between.
            if isLast, answer == word { continue }
            isLast = false
            let fails = label
            label = assembler.answer(answer)
            for condition in verdicts.rules[verdicts.order[index]].conditions.reversed() { label = test(condition, holds: label, fails: fails) }
        }
        return label
    }

    /// Whether two leaves can be one: the same rules with the same answers.
    func isSame(_ a: Leaf, _ b: Leaf) -> Bool {
        guard a.word == b.word, a.isKeyed == b.isKeyed, a.asked == b.asked else { return false }
        guard let a = a.ruledNumber, let b = b.ruledNumber else { return a.ruledNumber == b.ruledNumber }
        return verdicts.calls[a].rules.elementsEqual(verdicts.calls[b].rules) { first, second in
            let first = verdicts.rules[verdicts.order[first]], second = verdicts.rules[verdicts.order[second]]
            return first.action == second.action && first.conditions == second.conditions
        }
    }

    /// Leaves the call to the supervisor where its first argument is one of the values, else goes on at `next`.
    mutating func ask(_ call: AskedCall, else next: Label) -> Label {
        var label = next
        for value in call.values.reversed() { label = assembler.branch(.equal, value, then: assembler.answer(SECCOMP_RET_USER_NOTIF), otherwise: label) }
        return assembler.load(Offset.argument(0), then: label)
    }

    /// Allows a call that carries the launch key, else goes on at `next`.
    mutating func launchKey(before next: Label) -> Label {
        let allow = assembler.answer(SECCOMP_RET_ALLOW)
        if next == allow { return next }
        let offset = Offset.argument(5)
        let key = verdicts.options.launchKey
        let high = assembler.branch(.equal, key.high, then: allow, otherwise: next)
        let highWord = assembler.load(offset + 4, then: high)
        let low = assembler.branch(.equal, key.low, then: highWord, otherwise: next)
        keys.append((low, high))
        return assembler.load(offset, then: low)
    }

    /// One comparison of an argument's value: unsigned, over 64 bits or over the low word.
    private mutating func test(_ condition: SystemCallPolicy.Condition, holds: Label, fails: Label) -> Label {
        switch condition.comparison {
        case .equal: masked(condition, .max, holds, fails)
        case .notEqual: masked(condition, .max, fails, holds)
        case .maskedEqual: masked(condition, condition.mask, holds, fails)
        case .greater: above(condition, .greater, holds, fails)
        case .greaterOrEqual: above(condition, .greaterOrEqual, holds, fails)
        case .less: above(condition, .greaterOrEqual, fails, holds)
        case .lessOrEqual: above(condition, .greater, fails, holds)
        }
    }

    /// `argument & mask == value`, the low word first: it tells most values apart.
    private mutating func masked(_ condition: SystemCallPolicy.Condition, _ mask: UInt64, _ holds: Label, _ fails: Label) -> Label {
        let offset = Offset.argument(condition.index)
        var label = holds
        if !condition.isWord { label = maskedWord(offset + 4, high(mask), high(condition.value), label, fails) }
        return maskedWord(offset, low(mask), low(condition.value), label, fails)
    }

    private mutating func maskedWord(_ offset: UInt32, _ mask: UInt32, _ value: UInt32, _ holds: Label, _ fails: Label) -> Label {
        if value & ~mask != 0 { return fails }
        if mask == 0 { return holds }
        let decision: Label
        if mask == .max {
            decision = assembler.branch(.equal, value, then: holds, otherwise: fails)
        } else if value == 0 {
            decision = assembler.branch(.anyBit, mask, then: fails, otherwise: holds)
        } else if value == mask, mask.nonzeroBitCount == 1 {
            decision = assembler.branch(.anyBit, mask, then: holds, otherwise: fails)
        } else {
            let equal = assembler.branch(.equal, value, then: holds, otherwise: fails)
            decision = assembler.and(mask, then: equal)
        }
        return assembler.load(offset, then: decision)
    }

    /// Greater, or greater or equal, by `comparison` of the low words where the high words are equal.
    private mutating func above(_ condition: SystemCallPolicy.Condition, _ comparison: BPFComparison, _ holds: Label, _ fails: Label) -> Label {
        let offset = Offset.argument(condition.index)
        let decision = assembler.branch(comparison, low(condition.value), then: holds, otherwise: fails)
        let lowWord = assembler.load(offset, then: decision)
        if condition.isWord { return lowWord }
        let equal = assembler.branch(.equal, high(condition.value), then: lowWord, otherwise: fails)
        let greater = assembler.branch(.greater, high(condition.value), then: holds, otherwise: equal)
        return assembler.load(offset + 4, then: greater)
    }

    private func low(_ value: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: value) }
    private func high(_ value: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: value >> 32) }
}
