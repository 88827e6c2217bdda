internal import BrigJSON
internal import BrigSystem

extension PolicyExplainer {
    static func systemCalls(_ policy: SystemCallPolicy, _ document: JSONValue?) -> [String] {
        let denied = Set(policy.rules.filter { $0.conditions.isEmpty && isDenial($0.action) }.map(\.number))
        let allowed = Set(policy.rules.filter { $0.conditions.isEmpty && $0.action == .allow }.map(\.number)).subtracting(denied)
        var lines = ["\(allowed.count) of \(SystemCallCatalog.entries.count { $0.number != nil }) are allowed; any other \(action(policy.defaultAction))."]
        if let entries = document?["profile"]?["syscalls"]?.array {
            lines.append("A seccomp profile of \(entries.count) entries comes first; those that depend on capabilities, architecture or kernel count as on this machine.")
        }
        lines += allowedLines(allowed)
        lines += deniedLines(document?["deny"]?.array ?? [], policy.defaultAction)
        lines += ruleLines(document?["rules"]?.array ?? [])
        if policy.baseline != SystemCallCatalog.newest.number {
            lines.append("Calls newer than \(SystemCallCatalog.name(of: policy.baseline) ?? String(policy.baseline)) are answered ENOSYS, as on an older kernel.")
        }
        lines.append("A call through a foreign ABI (x32, i386) is never allowed.")
        let recorded =
            switch policy.record {
            case .denied: "Denied calls are recorded."
            case .all: "Every call is counted."
            case .none: "No calls are recorded."
            }
        lines.append(recorded)
        for accepted in document?["accept"]?.array ?? [] { lines.append("Accepted, though dangerous: \(names(accepted))\(reason(accepted))") }
        return lines
    }

    private static func isDenial(_ action: SystemCallPolicy.Action) -> Bool {
        switch action {
        case .errno, .absent, .kill: true
        case .allow, .log: false
        }
    }

    /// Groups that are allowed as a whole or in part, then the calls of no such group.
    private static func allowedLines(_ allowed: Set<UInt32>) -> [String] {
        var explained: Set<UInt32> = []
        var lines: [String] = []
        let groups = SystemCallGroups.all
        let width = groups.map(\.name.utf8.count).max() ?? 0
        for group in groups {
            let members = group.members
            let held = members.filter { $0.number.map(allowed.contains) ?? false }
            let numbers = Set(held.compactMap(\.number))
            // A part of a group that another one explains is not worth a line.
            guard !held.isEmpty, !numbers.isSubset(of: explained) else { continue }
            explained.formUnion(numbers)
            let missing = members.filter { !($0.number.map(allowed.contains) ?? false) }
            let count = held.count == members.count ? "all \(held.count)" : "\(held.count) of \(members.count)"
            let names =
                held.count == members.count
                ? "" : missing.count <= held.count ? " Not \(missing.map(\.name).joined(separator: ", "))." : " Only \(held.map(\.name).joined(separator: ", "))."
            lines.append("  \(group.name)\(spaces(width - group.name.utf8.count)) \(count): \(group.summary)\(names)")
        }
        return lines
    }

    private static func deniedLines(_ deny: [JSONValue], _ standard: SystemCallPolicy.Action) -> [String] {
        deny.map { element in
            guard case .object = element else { return "\(element.string ?? "?") \(action(standard == .log ? .errno(1) : standard))." }
            let verdict = element["action"]?.string.map(action) ?? action(standard == .log ? .errno(1) : standard)
            return "\(names(element)) \(verdict)\(reason(element))"
        }
    }

    static func names(_ element: JSONValue) -> String { (element["names"]?.array ?? []).compactMap(\.string).joined(separator: ", ") }

    static func reason(_ element: JSONValue) -> String { element["reason"]?.string.map { ": \($0)." } ?? "." }

    /// Rules that differ only in their conditions are told as one.
    private static func ruleLines(_ rules: [JSONValue]) -> [String] {
        var told: [(head: String, tail: String, conditions: [String])] = []
        for rule in rules {
            let conditions = (rule["args"]?.array ?? []).map(condition).joined(separator: " and ")
            let head = names(rule)
            let tail = "\(rule["action"]?.string.map(action) ?? "?")\(reason(rule))"
            if let index = told.firstIndex(where: { $0.head == head && $0.tail == tail }) {
                told[index].conditions.append(conditions)
            } else {
                told.append((head, tail, [conditions]))
            }
        }
        return told.map { rule in
            let conditions = rule.conditions.filter { !$0.isEmpty }
            return conditions.isEmpty ? "\(rule.head) \(rule.tail)" : "\(rule.head) with \(conditions.joined(separator: ", or ")) \(rule.tail)"
        }
    }

    static func condition(_ element: JSONValue) -> String {
        let value = element["value"].map(operand) ?? "?"
        let argument = "argument \(element["index"]?.integer ?? 0)"
        switch element["op"]?.string {
        case "equal": return "\(argument) = \(value)"
        case "notEqual": return "\(argument) other than \(value)"
        case "less": return "\(argument) < \(value)"
        case "lessOrEqual": return "\(argument) <= \(value)"
        case "greater": return "\(argument) > \(value)"
        case "greaterOrEqual": return "\(argument) >= \(value)"
        case "anyBit": return "a bit of \(value) in \(argument)"
        default:
            if let mask = element["mask"], mask == element["value"] { return "\(value) in \(argument)" }
            return "\(argument) & \(element["mask"].map(operand) ?? "?") = \(value)"
        }
    }

    private static func operand(_ value: JSONValue) -> String { value.string ?? value.integer.map { String($0) } ?? "?" }

    private static func action(_ text: String) -> String {
        switch text {
        case "allow": "is allowed"
        case "kill": "ends the job"
        case "absent": "is answered ENOSYS, as on a kernel without it"
        case "log": "is run and logged by the kernel"
        default: "is answered \(text.removing(prefix: "errno:") ?? text)"
        }
    }

    static func action(_ action: SystemCallPolicy.Action) -> String {
        switch action {
        case .allow: "is allowed"
        case .kill: "ends the job"
        case .absent: "is answered ENOSYS, as on a kernel without it"
        case .log: "is run and logged by the kernel"
        case .errno(let number): "is answered \(errnoName(number))"
        }
    }
}
