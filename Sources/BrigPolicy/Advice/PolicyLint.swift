internal import BrigJSON

/// Something about a valid policy that its author should know: `brig policy lint`.
public struct Finding: Sendable, Equatable, CustomStringConvertible {
    public enum Kind: String, Sendable, CaseIterable {
        /// An entry that never decides, because others always come first.
        case unreachable
        /// Two entries that answer the same arguments differently, of which the order decides.
        case contradiction
        /// An entry that says what is so without it.
        case redundant
        /// Something allowed by which something denied can be done all the same.
        case undone
        /// A call that opens a known hole.
        case hole
        /// A list by which a policy loses restrictions of its base.
        case replaced
        /// A field that changes nothing.
        case ineffective
    }

    public let kind: Kind
    /// Where, and what about it.
    public let diagnostic: Diagnostic
    /// The call that it is about, by which a policy accepts it.
    public let call: String?

    /// `FILE:LINE:COLUMN: POINTER: KIND: MESSAGE`
    public var description: String { diagnostic.description }
}

/// Looks for what is unreachable, contradictory, undone, dangerous or without effect in a policy that loads.
public struct PolicyLint {
    let resolved: PolicyLoader.Resolved
    let statements: [UInt32: [Statement]]
    let notes: [PolicyDecoder.Fault]
    var findings: [Finding] = []

    /// The findings in the order of kinds, without those of `hole` and `undone` that `syscalls.accept` accepts.
    ///
    /// - Throws: where the rules of a call are too many to compare.
    public static func findings(_ resolved: PolicyLoader.Resolved) throws(MeaningError) -> [Finding] {
        let (statements, notes) = resolved.statements()
        var lint = PolicyLint(resolved: resolved, statements: statements, notes: notes)
        try lint.calls()
        lint.fields()
        return lint.accepted()
    }

    mutating func find(_ kind: Finding.Kind, _ pointer: String, _ call: String?, _ message: String) {
        let place = resolved.place(of: pointer)
        let finding = Finding(kind: kind, diagnostic: Diagnostic(place: place.place, pointer: place.pointer, message: "\(kind.rawValue): \(message)"), call: call)
        if !findings.contains(finding) { findings.append(finding) }
    }

    // MARK: Calls

    private mutating func calls() throws(MeaningError) {
        var allowed: [String: (region: Region, statement: Statement?)] = [:]
        var decisions: [(call: String, number: UInt32, decisions: Decisions)] = []
        for call in SystemCallCatalog.entries {
            guard let number = call.number, number <= resolved.policy.systemCalls.baseline else { continue }
            let made: Decisions
            do throws(Region.TooLarge) { made = try Decisions(statements[number] ?? []) } catch { throw MeaningError(call: call.name) }
            decisions.append((call.name, number, made))
            let runs = made.decisions.filter { $0.statement.rule.action.runs && !$0.decides.isEmpty }
            var region = runs.reduce(Region.empty) { $0.joined($1.decides) }
            if resolved.policy.systemCalls.defaultAction.runs { region = region.joined(made.otherwise) }
            allowed[call.name] = (region, runs.first?.statement)
        }
        for (call, _, made) in decisions {
            try order(call, made)
            undone(call, made, allowed)
        }
        groups(decisions.flatMap(\.decisions.decisions))
        try holes(allowed)
        replaced()
        for note in notes { find(.unreachable, note.pointer, nil, note.message) }
    }

    /// Entries of a call that never decide, or decide by their order only.
    private mutating func order(_ call: String, _ made: Decisions) throws(MeaningError) {
        for (index, decision) in made.decisions.enumerated() where !decision.statement.isGroup {
            let earlier = made.decisions[..<index]
            if decision.decides.isEmpty {
                if let first = earlier.first, !narrows(first.statement, decision.statement) {
                    find(.unreachable, decision.statement.pointer, call, "\(call) has its answer from \(name(first.statement)) already, so this entry never decides")
                }
                continue
            }
            for other in earlier where other.statement.rule.action.severity == decision.statement.rule.action.severity && other.statement.rule.action != decision.statement.rule.action {
                let overlap: Region
                do throws(Region.TooLarge) { overlap = try other.holds.intersection(decision.holds) } catch { throw MeaningError(call: call) }
                if overlap.isEmpty { continue }
                find(.contradiction, decision.statement.pointer, call, "\(call) is answered differently for the same arguments by \(name(other.statement)), which counts only because it comes first")
            }
            let standard = resolved.policy.systemCalls.defaultAction
            if decision.statement.rule.action == standard, !made.decisions.contains(where: { $0.statement.rule.action != standard }) {
                find(.redundant, decision.statement.pointer, call, "nothing allows \(call), and the default says the same")
            }
        }
    }

    /// Whether an entry takes away from one of the policy that it builds on, which is what it is for.
    private func narrows(_ first: Statement, _ second: Statement) -> Bool {
        guard let above = layer(first.pointer), let below = layer(second.pointer) else { return false }
        return above < below
    }

    /// Which file of the chain a statement is from, from the top; a profile lies below its policy.
    private func layer(_ pointer: String) -> Int? {
        let lists = resolved.files.systemCallLists
        if pointer.hasPrefix("/syscalls/allow/") { return lists.allow }
        if pointer.hasPrefix("/syscalls/deny/") { return lists.deny }
        if pointer.hasPrefix("/syscalls/rules/") { return lists.rules }
        return Int.max
    }

    /// A group of which no call is decided by naming it.
    private mutating func groups(_ decisions: [Decisions.Decision]) {
        let named = decisions.filter(\.statement.isGroup)
        let deciding = Set(named.filter { !$0.decides.isEmpty }.map(\.statement.pointer))
        for pointer in Set(named.map(\.statement.pointer)).subtracting(deciding).sorted() {
            find(.unreachable, pointer, nil, "every call of the group has its answer from other entries, so this one never decides")
        }
    }

    private mutating func undone(_ call: String, _ made: Decisions, _ allowed: [String: (region: Region, statement: Statement?)]) {
        for decision in made.decisions where decision.statement.pointer != Statement.unfilterable && isMeant(decision) {
            // To deny a whole call, or some of its arguments, is undone by another call that is allowed as a whole.
            for other in EquivalentCalls.others(call, byArguments: !decision.statement.rule.conditions.isEmpty) where allowed[other]?.region == .all {
                guard let statement = allowed[other]?.statement, !decision.statement.isGroup else { continue }
                find(.undone, decision.statement.pointer, other, "\(call) is denied here, and \(other), which does the same, is allowed by \(name(statement))")
            }
        }
    }

    /// A denial that is to keep a program from something, and not to have it fall back to another call.
    private func isMeant(_ decision: Decisions.Decision) -> Bool {
        switch decision.statement.rule.action {
        case .errno(let number): number != 38
        case .kill: true
        case .absent, .allow, .log: false
        }
    }

    private mutating func holes(_ allowed: [String: (region: Region, statement: Statement?)]) throws(MeaningError) {
        for hole in KnownHole.all {
            for call in hole.calls {
                guard let (region, statement) = allowed[call], !region.isEmpty else { continue }
                do throws(Region.TooLarge) {
                    if try region.intersection(Region(hole.conditions)).isEmpty { continue }
                } catch {
                    throw MeaningError(call: call)
                }
                find(.hole, statement?.pointer ?? "/syscalls/default", call, "\(call) is allowed: \(hole.reason)")
            }
        }
    }

    /// Lists are replaced as a whole: what the base denies of the calls that it allows is allowed then, where its list of those stays.
    private mutating func replaced() {
        let (lists, layers) = (resolved.files.systemCallLists, resolved.files.layers)
        for (list, layer) in [("deny", lists.deny), ("rules", lists.rules)] {
            guard let layer, let allow = lists.allow, allow > layer,
                let (base, entries) = layers[(layer + 1)...].lazy.compactMap({ each in each.document.value["syscalls"]?[list]?.array.map { (each.source.path, $0.count) } }).first, entries > 0
            else { continue }
            find(.replaced, "/syscalls/\(list)", nil, "replaces the \(entries) entries of \(list) in \(base), whose restrictions of what is allowed there are gone; repeat those that shall stay")
        }
    }

    /// An entry as messages name it.
    private func name(_ statement: Statement) -> String {
        if statement.pointer == Statement.unfilterable { return "brig itself" }
        let place = resolved.place(of: statement.pointer)
        if case .file(let path, let line, _) = place.place { return "\(path):\(line)" }
        return place.description
    }
}
