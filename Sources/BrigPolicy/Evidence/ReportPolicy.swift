public import BrigJSON
internal import BrigSystem

/// The tightest policy that allows what was seen: `brig policy from-report`.
public struct ReportPolicy: Sendable {
    /// The policy, each rule with a sentence that says where it comes from.
    public let document: JSONValue
    /// What is not in it, and why.
    public let notes: [String]

    /// Merges reports: a call is allowed where one of them has it.
    ///
    /// - Parameters:
    ///   - reports: at least one
    ///   - base: a policy for everything but system calls, as the policy is to name it; nil for the built-in one under which all of the reports were made
    ///   - acceptsGaps: makes a policy of reports that may lack calls or values of arguments, and says so
    public init(_ reports: [ObservedCalls], base: String?, acceptsGaps: Bool = false) throws(ObservationError) {
        for report in reports where !report.gaps.isEmpty && !acceptsGaps {
            throw ObservationError("\(report.path): the report may lack calls: \(report.gaps.joined(separator: "; ")); --incomplete makes a policy of it all the same")
        }
        let base = if let base { base } else { try Self.base(of: reports) }
        var notes = reports.flatMap { report in report.gaps.map { "\(report.path) may lack calls: \($0)" } }
        for report in reports {
            let flags = Set(report.overrides.map(\.flag)).sorted()
            if !flags.isEmpty { notes.append("\(report.path) was made with \(flags.joined(separator: ", ")), which is not in the policy: what runs under it may need it again") }
        }
        let seen = Self.seen(reports, &notes).map { (call: $0, arguments: SeenArguments($0)) }
        let unknown = seen.filter { !$0.arguments.unknown.isEmpty }
        if let (call, arguments) = unknown.first, !acceptsGaps {
            throw ObservationError("\(call.name): any \(arguments.unknown.joined(separator: ", any ")) would be allowed; --incomplete makes that policy all the same")
        }
        var rules: [JSONValue] = []
        for (call, arguments) in seen { rules += Self.rules(call, arguments) }
        rules += Self.companions(of: seen.map(\.call))
        let description = "What \(Self.commands(reports)) used, by \(reports.map(\.path).joined(separator: ", "))\(notes.isEmpty ? "." : "; \(notes.joined(separator: "; ")).")"
        func document(accepting calls: [String]) -> JSONValue {
            let accept: JSONValue = calls.isEmpty ? [] : [["names": .array(calls.map { .string($0) }), "reason": "the program was seen to use them"]]
            return [
                "version": 1, "name": "from-report", "description": .string(Self.text(description)), "base": .string(base),
                "syscalls": ["default": "errno:EPERM", "allow": [], "deny": [], "rules": .array(rules), "accept": accept],
            ]
        }
        self.document = document(accepting: try Self.dangerous(document(accepting: [])).filter { call in !unknown.contains { $0.call.name == call } })
        self.notes = notes
    }

    /// Calls that the program was seen to use and the linter warns of: it is told why they are there.
    private static func dangerous(_ document: JSONValue) throws(ObservationError) -> [String] {
        do {
            let findings = try PolicyLint.findings(try PolicyLoader.resolve(text: document.encoded(pretty: false), path: "the policy"))
            return Set(findings.filter { $0.kind == .hole || $0.kind == .undone }.compactMap(\.call)).sorted()
        } catch {
            throw ObservationError("\(error)")
        }
    }

    /// The built-in policy of all of the reports.
    private static func base(of reports: [ObservedCalls]) throws(ObservationError) -> String {
        var policies: [(path: String, isBuiltIn: Bool, report: String)] = []
        for report in reports {
            guard let policy = report.policy else { throw ObservationError("\(report.path): the report has no policy: say with --base which one files, limits and the rest are from") }
            if !policies.contains(where: { $0.path == policy.path && $0.isBuiltIn == policy.isBuiltIn }) { policies.append((policy.path, policy.isBuiltIn, report.path)) }
        }
        if policies.count > 1 {
            let all = policies.map { "\($0.report) under \($0.path)" }.joined(separator: ", ")
            throw ObservationError("the reports were made under several policies (\(all)): say with --base which one files, limits and the rest are from")
        }
        guard policies[0].isBuiltIn else { throw ObservationError("\(policies[0].report) was made under \(policies[0].path), which is not built in: give it as --base") }
        return policies[0].path
    }

    /// Calls that ran, by name. What was refused stays so.
    private static func seen(_ reports: [ObservedCalls], _ notes: inout [String]) -> [SeenCall] {
        var calls: [UInt32: SeenCall] = [:]
        for report in reports {
            var against: Set<String> = []
            for call in report.calls {
                guard call.isNative else {
                    notes.append("\(report.path) has \(call.name) through \(call.abi), which no policy allows")
                    continue
                }
                guard SystemCallCatalog.entry(call.name)?.number == call.number else {
                    notes.append("\(report.path) has call \(call.number), for which there is no name")
                    continue
                }
                guard call.ran else {
                    if call.verdict != "absent" { notes.append("\(call.name) was refused in \(report.path) (\(call.verdict)), and stays so") }
                    continue
                }
                calls[call.number, default: SeenCall(name: call.name, number: call.number)].add(call, from: report.path)
                if !["allow", "log", "unknown"].contains(call.verdict) { against.insert(call.name) }
            }
            if !against.isEmpty { notes.append("\(against.sorted().joined(separator: ", ")): refused, or with some arguments, by the policy of \(report.path), and allowed as used there") }
        }
        return calls.values.sorted { $0.name < $1.name }
    }

    private static func rules(_ call: SeenCall, _ arguments: SeenArguments) -> [JSONValue] {
        let count = arguments.alternatives.count
        let reason = (["\(count > 1 ? "one of \(count) rules for what was " : "")\(call.sentence)"] + arguments.widened).joined(separator: "; ")
        return arguments.alternatives.map { rule([call.name], $0, reason) }
    }

    private static func rule(_ names: [String], _ arguments: [JSONValue], _ reason: String) -> JSONValue {
        var members: [JSONValue.Member] = [.init("names", .array(names.map { .string($0) })), .init("action", "allow")]
        if !arguments.isEmpty { members.append(.init("args", .array(arguments))) }
        return .object(members + [.init("reason", .string(text(reason)))])
    }

    private static func companions(of seen: [SeenCall]) -> [JSONValue] {
        var names = Set(seen.map(\.name))
        let ends = Companions.ends.filter { !names.contains($0) }
        names.formUnion(ends)
        let end = ends.isEmpty ? [] : [rule(ends, [], "not seen, and allowed always: a program comes to its end by one of them")]
        let others = Companions.all.compactMap { companions -> JSONValue? in
            guard let first = companions.seen.first(where: names.contains) else { return nil }
            let added = companions.calls.filter { !names.contains($0) }
            if added.isEmpty { return nil }
            names.formUnion(added)
            return rule(added, [], "not seen, and goes with \(first): \(companions.reason)")
        }
        return end + others
    }

    private static func commands(_ reports: [ObservedCalls]) -> String {
        var commands: [String] = []
        for report in reports {
            let command = report.command.joined(separator: " ")
            let short = command.utf8.count <= 100 ? command : command.prefix(100) + "…"
            if !commands.contains(short) { commands.append(short) }
        }
        return commands.joined(separator: "; ")
    }

    /// A policy's texts have no control characters and at most 4096 bytes.
    private static func text(_ text: String) -> String {
        let plain = text.onOneLine
        return plain.utf8.count <= 4000 ? plain : plain.prefix(1000) + "…"
    }
}
