internal import BrigReport

/// What a person at a terminal should know of a job beside why it ended: the report has all of it, and who asks for none sees only this.
enum Remarks {
    /// Most names in one line.
    private static let shown = 4

    /// What was refused, where the job did not end well: that may be why.
    static func denied(_ report: JobReport) -> String? {
        guard report.result.exitStatus.code != 0 else { return nil }
        let refused = report.violations.filter { $0.kind == .systemCall || $0.kind == .apparmor || $0.kind == .pids }
        guard !refused.isEmpty else { return nil }
        let names = refused.prefix(shown).map { "\($0.name) (\($0.action))\($0.count > 1 ? " \($0.count) times" : "")" }
        let more = refused.count - names.count
        return "denied: \(names.joined(separator: ", "))\(more > 0 ? " and \(more) others" : "")"
    }

    /// Ceilings that the policy asks for and this host does not have: without them a job can use up the machine.
    static func missing(_ report: JobReport) -> String? {
        let missing = report.degraded.filter { ["memory", "swap", "pids", "cpu", "cpuTime", "io"].contains($0.protection) }
        guard let first = missing.first, report.result.reason != .setupFailed else { return nil }
        return "no ceiling in force here of \(missing.map(\.protection).joined(separator: ", ")): \(first.reason)"
    }
}
