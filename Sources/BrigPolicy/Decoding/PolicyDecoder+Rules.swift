internal import BrigJSON

/// `syscalls.rules`: verdicts that depend on arguments.
extension PolicyDecoder {
    /// The rules with conditions. Those without go into the table like the entries of allow and deny.
    mutating func rules(_ section: Section, _ lists: SystemCallLists, into verdicts: inout VerdictTable) -> [SystemCallPolicy.Rule] {
        var rules: [SystemCallPolicy.Rule] = []
        for (index, element) in list(section, "rules").enumerated() {
            let rule = self.section(element, Pointer("/syscalls/rules/#", index), known: PolicyFields.rule)
            _ = text(rule, "reason")
            for name in ["names", "action"] where rule[name] == nil { fail(rule.pointer, "missing field \"\(name)\"") }
            let action = action(rule, "action", known: ["allow", "errno:EPERM", "absent", "kill", "log"], allows: true)
            let names = list(rule, "names")
            if names.isEmpty && rule["names"] != nil { fail(rule.pointer(to: "names"), "expected at least one name") }
            let arguments = list(rule, "args")
            for (position, element) in names.enumerated() {
                let pointer = { "/syscalls/rules/\(index)/names/\(position)" }
                guard case .call(let number) = named(element, pointer(), groups: false), case .string(let name) = element, let call = SystemCallCatalog.entry(name) else {
                    continue
                }
                let alternatives = conditions(arguments, of: call, rule: index)
                guard let action else { continue }
                if action == .allow { refuseUnreachable(name, number, pointer(), lists, verdicts) }
                for conditions in alternatives { state(number, action, pointer(), conditions) }
                if arguments.isEmpty {
                    verdicts.decide(number, action)
                } else {
                    for conditions in alternatives { rules.append(SystemCallPolicy.Rule(number: number, action: action, conditions: conditions)) }
                }
            }
        }
        return rules
    }

    private mutating func refuseUnreachable(_ name: String, _ number: UInt32, _ pointer: @autoclosure () -> String, _ lists: SystemCallLists, _ verdicts: VerdictTable) {
        if lists.rules == lists.allow && verdicts.isAllowed(number) { fail(pointer(), "\"\(name)\" is allowed without conditions already, so this rule is never reached") }
        if lists.rules == lists.deny && verdicts.isDenied(number) { fail(pointer(), "\"\(name)\" is denied without conditions already, so this rule is never reached") }
    }

    /// `op`: the comparisons of the filter, and one that stands for several.
    private enum Operator: String, CaseIterable {
        case equal, notEqual, less, lessOrEqual, greater, greaterOrEqual, maskedEqual
        /// One of the bits of `value` is set: a rule for each bit.
        case anyBit

        var comparison: SystemCallPolicy.Condition.Comparison {
            switch self {
            case .equal: .equal
            case .notEqual: .notEqual
            case .less: .less
            case .lessOrEqual: .lessOrEqual
            case .greater: .greater
            case .greaterOrEqual: .greaterOrEqual
            case .maskedEqual, .anyBit: .maskedEqual
            }
        }
    }

    /// The conditions of a rule in the terms of one call: lists of which one must hold as a whole.
    private mutating func conditions(_ elements: [JSONValue], of call: SystemCallCatalog.Entry, rule: Int) -> [[SystemCallPolicy.Condition]] {
        var alternatives: [[SystemCallPolicy.Condition]] = [[]]
        for (index, element) in elements.enumerated() {
            let choices = condition(element, Pointer("/syscalls/rules/#/args/#", rule, index), of: call)
            // A rule of 6 arguments of 64 bits each would be 64 to the power of 6 rules.
            guard alternatives.count * choices.count <= 64 else {
                fail("/syscalls/rules/\(rule)", "more than 64 combinations of bits")
                return []
            }
            if choices.count == 1 {
                for position in alternatives.indices { alternatives[position].append(choices[0]) }
            } else {
                alternatives = alternatives.flatMap { conditions in choices.map { conditions + [$0] } }
            }
        }
        return alternatives
    }

    /// A condition, or for `anyBit` one for each bit; none where it is faulty.
    private mutating func condition(_ element: JSONValue, _ place: Pointer, of call: SystemCallCatalog.Entry) -> [SystemCallPolicy.Condition] {
        let section = section(element, place, known: PolicyFields.condition)
        var isComplete = true
        for name in ["index", "op", "value"] where section[name] == nil {
            fail(section.pointer, "missing field \"\(name)\"")
            isComplete = false
        }
        let operation = choice(section, "op", default: Operator.equal)
        guard isComplete, let index = count(section, "index", in: 0...5), let kind = kind(of: Int(index), call, section) else { return [] }
        guard let value = operand(section, "value", kind) else { return [] }
        guard let mask = mask(section, operation, value, kind) else { return [] }
        func condition(_ comparison: SystemCallPolicy.Condition.Comparison, _ value: UInt64, _ mask: UInt64) -> SystemCallPolicy.Condition {
            SystemCallPolicy.Condition(index: UInt8(index), comparison: comparison, value: value, mask: mask, isWord: kind != .long)
        }
        switch operation {
        case .anyBit: return (0..<64).map { 1 << $0 as UInt64 }.filter { value & $0 != 0 }.map { condition(.maskedEqual, $0, $0) }
        // The kernel drops all but 16 bits of a mode, so what a job puts into the others must not change the verdict.
        case .equal where kind == .mode: return [condition(.maskedEqual, value, 0xFFFF)]
        default: return [condition(operation.comparison, value, mask)]
        }
    }

    /// The mask of a condition; nil where it is faulty, or where the comparison and the value cannot go together.
    private mutating func mask(_ section: Section, _ operation: Operator, _ value: UInt64, _ kind: SystemCallCatalog.ArgumentKind) -> UInt64? {
        if operation != .maskedEqual && section["mask"] != nil {
            fail(section.pointer(to: "mask"), "only \"maskedEqual\" has a mask", isAboutName: true)
            return nil
        }
        if kind == .mode && ![.equal, .maskedEqual, .anyBit].contains(operation) {
            fail(section.pointer(to: "op"), "expected \"equal\", \"maskedEqual\" or \"anyBit\" for a file mode, found \"\(operation.rawValue)\"")
            return nil
        }
        if operation == .anyBit && value == 0 {
            fail(section.pointer(to: "value"), "a value without bits: the condition can never hold")
            return nil
        }
        guard operation == .maskedEqual else { return .max }
        guard section["mask"] != nil else {
            fail(section.pointer, "missing field \"mask\", which \"maskedEqual\" needs")
            return nil
        }
        guard let mask = operand(section, "mask", kind) else { return nil }
        if value & ~mask != 0 { fail(section.pointer(to: "value"), "a value with bits outside of the mask: the condition can never hold") }
        return mask
    }

    /// What the kernel takes an argument for; nil where no rule can judge it.
    private mutating func kind(of index: Int, _ call: SystemCallCatalog.Entry, _ section: Section) -> SystemCallCatalog.ArgumentKind? {
        guard let kind = call.argument(index) else {
            fail(section.pointer(to: "index"), "\(call.name) has \(call.arguments.count) arguments, found index \(index)")
            return nil
        }
        guard kind != .pointer else {
            fail(
                section.pointer(to: "index"), "argument \(index) of \(call.name) is an address, and what it points to can change after the check (use mounts, AppArmor or Landlock)"
            )
            return nil
        }
        return kind
    }

    /// A value to compare with: an integer, `"0x…"`, or constants by name, several of them joined with `|`. It must fit what the kernel reads.
    private mutating func operand(_ section: Section, _ name: String, _ kind: SystemCallCatalog.ArgumentKind) -> UInt64? {
        guard let value = section[name] else { return nil }
        let number: UInt64?
        switch value {
        case .integer(let integer): number = UInt64(bitPattern: integer)
        case .string(let text): number = constants(text, section.pointer(to: name))
        default:
            mismatch(section.pointer(to: name), expected: "an integer, \"0x…\" or names of constants", found: value)
            return nil
        }
        guard let number else { return nil }
        switch kind {
        case .long, .pointer: return number
        case .word:
            // -1 and 0xffffffff are the same word.
            if number <= UInt32.max || Int64(bitPattern: number) >= Int32.min && Int64(bitPattern: number) < 0 { return number & 0xFFFF_FFFF }
            fail(section.pointer(to: name), "the kernel reads 32 bits of this argument, \(Self.show(value)) does not fit")
        case .mode:
            if number <= 0xFFFF { return number }
            fail(section.pointer(to: name), "the kernel reads 16 bits of this argument, \(Self.show(value)) does not fit")
        }
        return nil
    }

    private mutating func constants(_ text: String, _ pointer: @autoclosure () -> String) -> UInt64? {
        if let number = PolicyNames.constant(text), !text.utf8.contains(0) { return number }
        var result: UInt64 = 0
        for part in text.split(separator: "|", omittingEmptySubsequences: false) {
            if part.hasPrefix("0x"), 1...16 ~= part.utf8.count - 2, let number = UInt64(part.dropFirst(2), radix: 16), part.utf8.dropFirst(2).first != UInt8(ascii: "+") {
                result |= number
            } else if !part.utf8.contains(0), let number = PolicyNames.constant(String(part)) {
                result |= number
            } else {
                fail(pointer(), "unknown constant \(Self.show(.string(String(part))))\(Suggestion.text(for: String(part), among: PolicyNames.constants))")
                return nil
            }
        }
        return result
    }
}
