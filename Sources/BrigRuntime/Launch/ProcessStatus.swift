internal import BrigSystem

/// Lines of /proc/PID/status (proc(5)).
struct ProcessStatus {
    private let fields: [Substring: Substring]

    init(process: String) throws(SystemError) {
        var fields: [Substring: Substring] = [:]
        for line in try readText("/proc/\(process)/status").split(separator: "\n") {
            guard let colon = line.firstIndex(of: ":") else { continue }
            fields[line[..<colon]] = line[line.index(after: colon)...].drop { $0 == "\t" || $0 == " " }
        }
        self.fields = fields
    }

    func number(_ name: Substring) -> Int? { fields[name].flatMap { Int($0) } }
    func mask(_ name: Substring) -> UInt64? { fields[name].flatMap { UInt64($0, radix: 16) } }
    /// The real user, by the host's number.
    var user: UInt32? { fields["Uid"].flatMap { $0.split(separator: "\t").first }.flatMap { UInt32($0) } }
    /// The process id in the innermost namespace.
    var innermostID: Int? { fields["NSpid"].flatMap { $0.split(separator: "\t").last }.flatMap { Int($0) } }
}
