internal import BrigJSON

/// `syscalls.rules`: verdicts that depend on arguments.
extension PolicyDecoder {
    /// The rules with conditions. Those without go into the table like the entries of allow and deny.
    mutating func rules(_ section: Section, _ lists: SystemCallLists, into verdicts: inout VerdictTable) -> [SystemCallPolicy.Rule] {
        var rules: [SystemCallPolicy.Rule] = []
        for (index, element) in list(section, "rules").enumerated() {
            let rule = self.section(element, "/syscalls/rules/\(index)", known: PolicyFields.rule)
            _ = text(rule, "reason")
            for name in ["names", "action"] where rule[name] == nil { fail(rule.pointer, "missing field \"\(name)\"") }
            let action = action(rule, "action", known: ["allow", "errno:EPERM", "kill", "log"], allows: true)
            let names = list(rule, "names")
            if names.isEmpty && rule["names"] != nil { fail(rule.pointer(to: "names"), "expected at least one name") }
            let arguments = list(rule, "args")
            for (position, element) in names.enumerated() {
                let pointer = { "/syscalls/rules/\(index)/names/\(position)" }
                guard case .call(let number) = named(element, pointer(), groups: false), case .string(let name) = element else { continue }
                let conditions = conditions(arguments, of: name, rule: index)
                guard let action else { continue }
                if action == .allow { refuseUnreachable(name, number, pointer(), lists, verdicts) }
                if arguments.isEmpty {
                    verdicts.decide(number, action)
                } else {
                    rules.append(SystemCallPolicy.Rule(number: number, action: action, conditions: conditions))
                }
            }
        }
        return rules
    }

    private mutating func refuseUnreachable(_ name: String, _ number: UInt32, _ pointer: @autoclosure () -> String, _ lists: SystemCallLists, _ verdicts: VerdictTable) {
        if lists.rules == lists.allow && verdicts.isAllowed(number) { fail(pointer(), "\"\(name)\" is allowed without conditions already, so this rule is never reached") }
        if lists.rules == lists.deny && verdicts.isDenied(number) { fail(pointer(), "\"\(name)\" is denied without conditions already, so this rule is never reached") }
    }

    /// The conditions of a rule in the terms of one call.
    private mutating func conditions(_ elements: [JSONValue], of name: String, rule: Int) -> [SystemCallPolicy.Condition] {
        guard !elements.isEmpty, let call = SystemCallCatalog.entry(name) else { return [] }
        var conditions: [SystemCallPolicy.Condition] = []
        conditions.reserveCapacity(elements.count)
        for (index, element) in elements.enumerated() {
            if let condition = condition(element, "/syscalls/rules/\(rule)/args/\(index)", of: call) { conditions.append(condition) }
        }
        return conditions
    }

    private mutating func condition(_ element: JSONValue, _ pointer: @autoclosure () -> String, of call: SystemCallCatalog.Entry) -> SystemCallPolicy.Condition? {
        let section = section(element, pointer(), known: PolicyFields.condition)
        let missing = ["index", "op", "value"].filter { section[$0] == nil }
        for name in missing { fail(section.pointer, "missing field \"\(name)\"") }
        let comparison = choice(section, "op", default: SystemCallPolicy.Condition.Comparison.equal)
        guard missing.isEmpty, let index = count(section, "index", in: 0...5), let kind = kind(of: Int(index), call, section) else { return nil }
        guard let value = operand(section, "value", kind) else { return nil }

        var mask = UInt64.max
        var masked = comparison
        if comparison == .maskedEqual {
            guard section["mask"] != nil else {
                fail(section.pointer, "missing field \"mask\", which \"maskedEqual\" needs")
                return nil
            }
            guard let given = operand(section, "mask", kind) else { return nil }
            mask = given
            if value & ~mask != 0 { fail(section.pointer(to: "value"), "a value with bits outside of the mask: the condition can never hold") }
        } else if section["mask"] != nil {
            fail(section.pointer(to: "mask"), "only \"maskedEqual\" has a mask", isAboutName: true)
        }
        if kind == .mode {
            // The kernel drops all but 16 bits, so what a job puts into the others must not change the verdict.
            guard comparison == .equal || comparison == .maskedEqual else {
                fail(section.pointer(to: "op"), "expected \"equal\" or \"maskedEqual\" for a file mode, found \"\(comparison.rawValue)\"")
                return nil
            }
            masked = .maskedEqual
            mask &= 0xFFFF
        }
        return SystemCallPolicy.Condition(index: UInt8(index), comparison: masked, value: value, mask: mask, isWord: kind != .long)
    }

    /// What the kernel takes an argument for; nil where no rule can judge it.
    private mutating func kind(of index: Int, _ call: SystemCallCatalog.Entry, _ section: Section) -> SystemCallCatalog.ArgumentKind? {
        guard index < call.arguments.count else {
            fail(section.pointer(to: "index"), "\(call.name) has \(call.arguments.count) arguments, found index \(index)")
            return nil
        }
        guard call.arguments[index] != .pointer else {
            fail(section.pointer(to: "index"), "argument \(index) of \(call.name) is an address, and what it points to can change after the check (use mounts, AppArmor or Landlock)")
            return nil
        }
        return call.arguments[index]
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
