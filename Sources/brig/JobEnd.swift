internal import BrigPolicy
internal import BrigReport

/// How a job ended, in words: one that was reported, or one that has run now.
struct JobEnd {
    /// Nil for one that this version does not know.
    let reason: JobReport.Reason?
    /// One sentence for a person, without its subject.
    let message: String
    /// From the first instruction to the end, in nanoseconds; nil where there is no figure.
    let wallNanos: Int64?

    init(_ report: ObservedCalls) {
        reason = JobReport.Reason(rawValue: report.reason)
        message = report.message
        wallNanos = report.wallNanos
    }

    init(_ job: JobReport) {
        reason = job.result.reason
        message = job.result.message
        wallNanos = job.time.wallNanos.map { Int64(clamping: $0) }
    }

    /// The program's own doing, which it does again.
    var isItsOwn: Bool { reason == .exited || reason == .signaled }

    /// `exited with status 3`, `was ended after the wall time limit of 1 s`: to go behind a subject.
    var predicate: String {
        switch reason {
        case .exited: message
        case .setupFailed: "was not started (\(message))"
        case .internalError: "was not seen to its end (\(message))"
        default: "was \(message)"
        }
    }

    /// ` (after 1.002 s)`, or nothing where that is not known.
    var duration: String {
        guard let wallNanos else { return "" }
        let thousandths = String(wallNanos / 1_000_000 % 1000)
        return " (after \(wallNanos / 1_000_000_000).\(String(repeating: "0", count: 3 - thousandths.count))\(thousandths) s)"
    }
}
