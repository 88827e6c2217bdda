internal import BrigReport
internal import BrigSystem

/// What `brig audit` prints on standard error: the calls by count, with what the policy says to them, and then what else was asked for.
enum AuditTable {
    static func print(_ report: JobReport) {
        let text = lines(report.systemCalls, policy: report.policy?.path ?? "the policy").map { escaped($0) + "\n" }.joined()
        // Nobody reads any more: the report has it all.
        do { try writeAll(Array(text.utf8), to: 2, subject: "standard error") } catch { return }
    }

    static func lines(_ calls: JobReport.SystemCalls, policy: String) -> [String] {
        let total = calls.calls.reduce(UInt64(0)) { $0 + $1.count }
        var lines = ["brig: \(total) system calls, counted by \(calls.engine ?? "nothing")" + (calls.gaps.isEmpty ? ", none missing" : "; not complete")]
        lines += calls.gaps.map { "brig: \($0)" }
        lines.append("brig: \(policy) \(judgement(calls.calls))")
        lines += table(["calls", "name", "policy", ""], calls.calls.map { call in [String(call.count), name(call), call.verdict + (call.ran ? "" : ", not run"), facts(call)] })
        if let files = calls.files {
            lines += table(["opened", "result", "access", "path"], files.map { [String($0.count), $0.result ?? "?", ($0.access?.rawValue ?? "?") + ($0.creates ? ", creates" : ""), $0.path ?? "(others)"] })
        }
        if let programs = calls.executed { lines += table(["executed", "result", "path"], programs.map { [String($0.count), $0.result ?? "?", $0.path ?? "(others)"] }) }
        if let addresses = calls.addresses {
            lines += table(
                ["addressed", "result", "call", "address"], addresses.map { [String($0.count), $0.result ?? "?", $0.call ?? "?", [$0.family, $0.address].compactMap(\.self).joined(separator: " ")] })
        }
        return lines
    }

    /// What the policy says to all of them. Of a call whose arguments were too many to keep, or that brig has withheld, that is not known.
    private static func judgement(_ calls: [JobReport.Call]) -> String {
        let names = Set(calls.map(\.name)), unknown = Set(calls.lazy.filter { $0.verdict == "unknown" }.map(\.name))
        let refused = Set(calls.lazy.filter { !["allow", "log", "unknown"].contains($0.verdict) }.map(\.name))
        let rest = unknown.isEmpty ? "" : "; what it says to all of \(unknown.sorted().joined(separator: ", ")) is not known"
        let known = refused.isEmpty ? (unknown.isEmpty ? "allows all of them" : "allows all others") : "refuses \(refused.count) of \(names.count)"
        return known + rest
    }

    private static func name(_ call: JobReport.Call) -> String { call.abi == nativeABI ? call.name : "\(call.name) (\(call.abi))" }

    private static let nativeABI = Host.kernel().architecture

    /// The most frequent values of the kept arguments.
    private static func facts(_ call: JobReport.Call) -> String {
        let shown = 4
        let texts = call.arguments.prefix(shown).map { ($0.name ?? "0x" + String($0.value, radix: 16)) + " \($0.count)" }
        return texts.joined(separator: ", ") + (call.arguments.count > shown ? ", …" : "")
    }

    /// Columns as wide as their widest; the first to the right, the last as it is.
    private static func table(_ head: [String], _ rows: [[String]]) -> [String] {
        if rows.isEmpty { return ["brig: nothing \(head[0])"] }
        let all = [head] + rows
        let widths = head.indices.map { column in all.map { $0[column].unicodeScalars.count }.max() ?? 0 }
        return all.map { row in
            var line = ""
            for (column, text) in row.enumerated() {
                let blanks = String(repeating: " ", count: widths[column] - text.unicodeScalars.count)
                line += column == 0 ? blanks + text : "  " + text + (column == row.count - 1 ? "" : blanks)
            }
            while line.last == " " { line.removeLast() }
            return line
        }
    }

    /// Paths and names are the job's: nothing of them reaches the terminal as a control, ends a line, or turns it round.
    private static func escaped(_ text: String) -> String {
        var line = ""
        for scalar in text.unicodeScalars { if scalar.steersText { line += scalar.escaped(asASCII: true) } else { line.unicodeScalars.append(scalar) } }
        return line
    }
}
