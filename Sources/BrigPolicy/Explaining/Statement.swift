/// What one entry of a policy says of one call.
struct Statement: Sendable, Equatable {
    let rule: SystemCallPolicy.Rule
    /// JSON pointer of the name in the entry, in the resolved document; or `unfilterable`.
    let pointer: String
    /// The entry names a group that the call is in.
    let isGroup: Bool

    /// In place of a pointer: brig itself says it, of calls whose requests lie in memory and that nothing names.
    static let unfilterable = "brig"
}

/// The statements on one call, each with the arguments for which it decides: those for which it holds and none before it does.
struct Decisions: Sendable {
    struct Decision: Sendable {
        let statement: Statement
        /// Where its conditions hold.
        let holds: Region
        /// Where it decides; empty where others always come first.
        let decides: Region
    }

    /// The most severe first, of equal ones those without conditions, then in the order of the policy: as they win.
    let decisions: [Decision]
    /// Where no statement holds and the default action decides.
    let otherwise: Region

    init(_ statements: [Statement]) throws(Region.TooLarge) {
        var rest = Region.all
        var decisions: [Decision] = []
        for statement in Self.inOrder(statements) {
            let holds = try Region(statement.rule.conditions)
            let decides = try holds.intersection(rest)
            rest = try rest.subtracting(decides)
            decisions.append(Decision(statement: statement, holds: holds, decides: decides))
        }
        self.decisions = decisions
        otherwise = rest
    }

    private static func inOrder(_ statements: [Statement]) -> [Statement] {
        func rank(_ statement: Statement) -> (Int, Int) { (-statement.rule.action.severity, statement.rule.conditions.isEmpty ? 0 : 1) }
        return statements.enumerated().sorted { (rank($0.element).0, rank($0.element).1, $0.offset) < (rank($1.element).0, rank($1.element).1, $1.offset) }.map(\.element)
    }
}

extension PolicyLoader.Resolved {
    /// Everything that the policy says of system calls, by number, and what of it has no effect.
    func statements() -> (byNumber: [UInt32: [Statement]], notes: [PolicyDecoder.Fault]) {
        var decoder = PolicyDecoder(notesStatements: true)
        _ = decoder.policy(document, origin: policy.origin, lists: files.systemCallLists)
        return (Dictionary(grouping: decoder.statements ?? [], by: \.rule.number), decoder.notes)
    }

    /// Where a value of the resolved document was written.
    func place(of pointer: String) -> Diagnostic { FaultPlacer(chain: files, changes: []).diagnostics([.init(pointer: pointer, message: "", isAboutName: false)])[0] }
}
