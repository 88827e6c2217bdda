internal import BrigJSON
internal import BrigSystem
internal import Glibc

/// From a profile to rules: the entries that count on this machine for the policy's capabilities.
extension PolicyDecoder {
    /// A rule and where it was written.
    private struct PlacedRule {
        let rule: SystemCallPolicy.Rule
        let pointer: String
    }

    /// What the entries so far say of one call.
    private struct PlacedRules {
        var whole: PlacedRule?
        var conditional: [PlacedRule] = []
        var rules: [SystemCallPolicy.Rule] { whole.map { [$0.rule] } ?? conditional.map(\.rule) }
    }

    /// The profile's rules, as engines and libseccomp make them (seccomp_rule_add(3)): an entry with the default action adds nothing; of entries for a
    /// whole call the first counts, and it makes those void that compare arguments. Two entries that say different things for the same arguments
    /// are a fault, as then the order of the library's tree decides.
    ///
    /// Where nothing else of the profile answers a call, an entry with the default action is a rule all the same: in a policy more may come on top, and a
    /// denial that was written out wins.
    mutating func rules(of profile: OCIProfile, in context: OCIProfile.Context, at prefix: String) -> [SystemCallPolicy.Rule] {
        var calls: [UInt32: PlacedRules] = [:]
        var numbers: [UInt32] = []
        var repeated: [PlacedRule] = []
        for (index, entry) in profile.entries.enumerated() where entry.applies(in: context) {
            for (position, name) in entry.names.enumerated() {
                guard case .number(let number) = SystemCallCatalog.meaning(of: name), let call = SystemCallCatalog.entry(name) else { continue }
                let pointer = "\(prefix)/syscalls/\(index)"
                for alternative in entry.alternatives {
                    let conditions = alternative.compactMap { condition($0, of: call, "\(pointer)/args/\(entry.comparisons.firstIndex(of: $0) ?? 0)") }
                    guard conditions.count == alternative.count else { continue }
                    // The C library tries clone3 for every thread and falls back on ENOSYS: as where brig says so itself, that is no violation.
                    let action = name == "clone3" && entry.action == .errno(ENOSYS) ? .absent : entry.action
                    let rule = PlacedRule(rule: .init(number: number, action: action, conditions: conditions), pointer: "\(pointer)/names/\(position)")
                    if entry.action == profile.defaultAction {
                        repeated.append(rule)
                        continue
                    }
                    if calls[number] == nil { numbers.append(number) }
                    add(rule, to: &calls[number, default: PlacedRules()], name)
                }
            }
        }
        let alone = repeated.filter { calls[$0.rule.number] == nil }
        for entry in alone { state(entry.rule.number, entry.rule.action, entry.pointer, entry.rule.conditions) }
        return numbers.flatMap { calls[$0]?.rules ?? [] } + alone.map(\.rule)
    }

    private mutating func add(_ rule: PlacedRule, to call: inout PlacedRules, _ name: String) {
        if let whole = call.whole {
            if rule.rule.action != whole.rule.action { note(rule.pointer, "\"\(name)\" has its answer for all arguments from \(whole.pointer), so this entry never counts") }
            return
        }
        if rule.rule.conditions.isEmpty {
            for void in call.conditional where void.rule.action != rule.rule.action {
                note(void.pointer, "\"\(name)\" has its answer for all arguments from \(rule.pointer), so this entry never counts")
            }
            call.whole = rule
            state(rule.rule.number, rule.rule.action, rule.pointer)
            return
        }
        if call.conditional.contains(where: { $0.rule == rule.rule }) { return }
        refuseContradiction(rule, call.conditional, name)
        call.conditional.append(rule)
        state(rule.rule.number, rule.rule.action, rule.pointer, rule.rule.conditions)
    }

    private mutating func refuseContradiction(_ rule: PlacedRule, _ others: [PlacedRule], _ name: String) {
        for other in others where other.rule.action != rule.rule.action {
            do throws(Region.TooLarge) {
                if try Region(rule.rule.conditions).intersection(Region(other.rule.conditions)).isEmpty { continue }
                fail(rule.pointer, "\"\(name)\": \(other.pointer) says something else for the same arguments, and which counts depends on the library that reads the profile")
            } catch {
                fail(rule.pointer, "\"\(name)\": its arguments are compared in too many ways to tell whether the entries contradict each other")
            }
            return
        }
    }

    /// A comparison as brig makes it: of the bits that the kernel reads. A library compares 64 bits always, so that junk above them gets past it.
    private mutating func condition(_ comparison: OCIProfile.Comparison, of call: SystemCallCatalog.Entry, _ pointer: String) -> SystemCallPolicy.Condition? {
        guard let kind = call.argument(Int(comparison.index)) else {
            fail(pointer, "\(call.name) has \(call.arguments.count) arguments, found index \(comparison.index)")
            return nil
        }
        let width: UInt64
        switch kind {
        case .pointer:
            fail(pointer, "argument \(comparison.index) of \(call.name) is an address, and what it points to can change after the check")
            return nil
        case .long: width = .max
        case .word: width = 0xFFFF_FFFF
        case .mode: width = 0xFFFF
        }
        guard (comparison.value | comparison.valueTwo) & ~width == 0 else {
            fail(pointer, "the kernel reads \(64 - width.leadingZeroBitCount) bits of argument \(comparison.index) of \(call.name), and a value is larger")
            return nil
        }
        func condition(_ kind: SystemCallPolicy.Condition.Comparison, _ value: UInt64, mask: UInt64 = .max) -> SystemCallPolicy.Condition {
            .init(index: comparison.index, comparison: kind, value: value, mask: mask, isWord: width != .max)
        }
        switch comparison.operation {
        case .maskedEqual: return condition(.maskedEqual, comparison.valueTwo, mask: comparison.value)
        case .equal where kind == .mode: return condition(.maskedEqual, comparison.value, mask: 0xFFFF)
        case _ where kind == .mode:
            fail(pointer, "expected SCMP_CMP_EQ or SCMP_CMP_MASKED_EQ for a file mode, of which the kernel reads 16 bits")
            return nil
        case .equal: return condition(.equal, comparison.value)
        case .notEqual: return condition(.notEqual, comparison.value)
        case .less: return condition(.less, comparison.value)
        case .lessOrEqual: return condition(.lessOrEqual, comparison.value)
        case .greater: return condition(.greater, comparison.value)
        case .greaterOrEqual: return condition(.greaterOrEqual, comparison.value)
        }
    }
}

extension OCIProfile.Context {
    /// This machine, with the capabilities that a policy retains.
    public static func here(capabilities: UInt64) -> OCIProfile.Context {
        // A release that is no version is older than every kernel that an entry asks for.
        OCIProfile.Context(architecture: OCINames.machine, capabilities: capabilities, kernel: KernelVersion(Host.kernel().release) ?? KernelVersion(0, 0))
    }
}
