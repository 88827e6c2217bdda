internal import BrigJSON
internal import BrigPolicy
internal import BrigReport
internal import BrigSystem

/// A report that a policy is made of or compared with: its calls, and how the job ended.
struct ReportedJob {
    let calls: ObservedCalls
    /// Nil where the report does not say.
    let end: ReportedEnd?

    /// - Throws: where the file is no report of all calls; of a program that was never started, why it was not.
    init(file path: String) throws {
        end = ReportedEnd(file: path)
        if let end, end.reason == .setupFailed { throw UsageError("\(path): the program was never started: \(end.message)") }
        calls = try ObservedCalls(file: path)
    }

    /// Whether a file is a report, of which policies have no field.
    static func isReport(_ path: String) -> Bool { ReportedEnd(file: path) != nil }
}

/// `result` of a report: how a job ended.
struct ReportedEnd {
    /// Nil for one that this version does not know.
    let reason: JobReport.Reason?
    /// One sentence for a person, without its subject.
    let message: String
    /// From the first instruction to the end, in nanoseconds; nil where the report has no figure.
    let wallNanos: Int64?

    /// Nil where the file cannot be read or is no report.
    init?(file path: String) {
        // Largest report, in bytes: as what reads its calls has it.
        let size = 256 << 20
        do {
            let report = try JSONDocument(Array(try readText(path, limit: size).utf8), bounds: .init(size: size, depth: 32)).value
            guard report["reportVersion"]?.integer != nil, let result = report["result"] else { return nil }
            self.init(reason: result["reason"]?.string ?? "", message: result["message"]?.string?.onOneLine, wallNanos: report["time"]?["wallNanos"]?.integer)
        } catch {
            return nil
        }
    }

    init(_ job: JobReport) {
        self.init(reason: job.result.reason.rawValue, message: job.result.message, wallNanos: job.time.wallNanos.map { Int64(clamping: $0) })
    }

    private init(reason: String, message: String?, wallNanos: Int64?) {
        self.reason = JobReport.Reason(rawValue: reason)
        self.message = message ?? "ended for \(reason.onOneLine)"
        self.wallNanos = wallNanos.flatMap { $0 < 0 ? nil : $0 }
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
