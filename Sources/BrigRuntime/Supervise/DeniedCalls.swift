internal import BrigPlan
internal import BrigPolicy
internal import BrigReport
internal import BrigSystem
internal import CBrigLinux
internal import Glibc

/// The system calls that were refused: each distinct one with its first occurrence, and a count.
struct DeniedCalls {
    static var capacity: Int { DistinctViolations<Key>.capacity }

    private struct Key: Hashable {
        let abi: String
        let number: UInt32
        let action: String
    }

    private var distinct = DistinctViolations<Key>(.systemCall)

    /// Counts one refused call. `process` is asked only for the first of its kind.
    mutating func add(abi: String, number: UInt32, arguments: [UInt64], action: String, atMillis: UInt64, process: () -> JobReport.Violation.Process?) {
        distinct.add(Key(abi: abi, number: number, action: action)) {
            JobReport.Violation(
                kind: .systemCall, name: callName(number, abi: abi), number: number, abi: abi, arguments: arguments, action: action, process: process(), firstAtMillis: atMillis,
                count: 1)
        }
    }

    /// The list for the report.
    var list: [JobReport.Violation] { distinct.list }

    /// Calls that are counted only in the shared entry.
    var overflow: UInt64 { distinct.overflow }

    /// The same for `syscalls.calls`: what fits in the list.
    var calls: [JobReport.Call] {
        distinct.first.sorted { ($1.count, $0.name) < ($0.count, $1.name) }.map { violation in
            JobReport.Call(name: violation.name, number: violation.number ?? 0, abi: violation.abi ?? "", count: violation.count, verdict: violation.action, ran: false)
        }
    }
}

/// A call's name in an ABI, or `syscall_N` where nobody knows one.
func callName(_ number: UInt32, abi: String) -> String {
    // libseccomp knows the calls of x32 by their numbers with its bit; what is no call of x32 was meant as the native one of that number.
    let known = abi == "x32" ? number | SeccompABI.x32Bit : number
    if let name = SystemCallABI(rawValue: abi).flatMap({ SystemCallCatalog.name(of: known, abi: $0) }) { return name }
    return (abi == "x32" ? SystemCallCatalog.name(of: number) : nil) ?? "syscall_\(number)"
}

/// The listener of the job's filter: takes each call that it is asked about, records it, and answers with the filter's verdict. No call is ever let through
/// but those that may hide others or set a tracer's options, and where all calls are recorded by notification: then the allowed ones go on.
final class NotificationListener {
    let descriptor: OpenFile
    private let verdicts: SeccompVerdicts
    private let nativeABI: String
    private let hiding = OwnFilters.calls(.native)
    private(set) var denied = DeniedCalls()
    /// Where all calls are recorded.
    private(set) var tally: CallTally?
    /// The job has asked to have calls answered before the policy's filter sees them.
    private(set) var mayHideCalls = false
    private var exitTracer = ExitTracer()
    /// The filter asks about all allowed calls.
    let letsAllowedGoOn: Bool

    init(_ descriptor: OpenFile, verdicts: SeccompVerdicts, architecture: String, recording: CallRecording?) throws(LaunchError) {
        try inStage("seccomp") { () throws(SystemError) in try check("seccomp", "SECCOMP_GET_NOTIF_SIZES") { brig_notification_sizes() } }
        self.descriptor = descriptor
        self.verdicts = verdicts
        nativeABI = architecture
        tally = recording.map { CallTally($0.selection, verdicts) }
        letsAllowedGoOn = recording?.engine == .notification
        // Older kernels cannot, and take longer.
        if letsAllowedGoOn { _ = brig_notification_share_processor(descriptor.number) }
    }

    /// What a notification asks of the supervisor.
    enum Outcome: Sendable, Equatable {
        case answered
        /// The policy ends the job for this call.
        case kill(name: String)
        /// The caller is gone.
        case gone
    }

    /// Takes and answers one call.
    func answerOne(atMillis: UInt64, killsOnViolation: Bool) throws(LaunchError) -> Outcome {
        var notification = seccomp_notif()
        let number = descriptor.number
        if unsafe brig_notification_receive(number, &notification) != 0 {
            if errno == ENOENT || errno == EINTR { return .gone }  // killed between the call and this
            throw LaunchError("seccomp", SystemError("ioctl", "SECCOMP_IOCTL_NOTIF_RECV", errno: errno))
        }
        return try answer(notification, atMillis: atMillis, killsOnViolation: killsOnViolation)
    }

    /// What is asked while a job's every call is.
    enum Service: Equatable {
        case answered(Outcome)
        /// Something else is to be looked at.
        case others
        /// Nothing will be asked any more.
        case ended
    }

    /// Answers calls until one is answered that may matter to the supervisor, or until `others` can be read.
    func serve(others: Int32, killsOnViolation: Bool, atMillis: () -> UInt64) throws(LaunchError) -> Service {
        var notification = seccomp_notif()
        switch try inStage("seccomp", { () throws(SystemError) in try tally?.serve(listener: descriptor.number, others: others, &notification) ?? .others }) {
        case .others: return .others
        case .ended: return .ended
        case .asked: return .answered(try answer(notification, atMillis: atMillis(), killsOnViolation: killsOnViolation))
        }
    }

    private func answer(_ notification: seccomp_notif, atMillis: UInt64, killsOnViolation: Bool) throws(LaunchError) -> Outcome {
        let number = descriptor.number
        let id = notification.id
        let call = notification.data
        let nr = UInt32(bitPattern: call.nr)
        let caller = Int32(bitPattern: notification.pid)
        let arguments: SeccompVerdicts.Arguments = [call.args.0, call.args.1, call.args.2, call.args.3, call.args.4, call.args.5]
        let isNative = call.arch == SeccompABI.native.auditArchitecture
        var verdict = verdicts.verdict(architecture: call.arch, number: nr, arguments: arguments)
        let setsOptions = isNative && ExitStops.mayBeAsked(by: nr, arguments)
        let isWithheld = setsOptions && verdict.runs && ExitStops.areAsked(by: nr, arguments) && !exitTracer.grants(caller) { brig_notification_is_valid(number, id) == 0 }
        if isWithheld { verdict = .errno(EPERM) }
        // What the kernel counts where it runs is not counted here too.
        if !verdict.runs || letsAllowedGoOn { tally?.add(isNative: isNative, number: nr, arguments: arguments, runs: verdict.runs, isWithheld: isWithheld) }
        if !verdict.isViolation { return try answer(verdict, nr, first: call.args.0, id, goesOn: setsOptions) }
        let (action, error, ends) = Self.answer(verdict)
        var abi = nativeABI
        var plain = nr
        if case .foreign(let foreign) = verdict {
            abi = foreign.description
            if foreign == .x32 { plain = nr & ~SeccompABI.x32Bit }
        }
        denied.add(abi: abi, number: plain, arguments: (0..<6).map { arguments[$0] }, action: ends || killsOnViolation ? "kill" : action, atMillis: atMillis) {
            let found = Self.describe(caller)
            // Only if it still waits was it this process that was described, and not a later one with its number.
            return brig_notification_is_valid(number, id) == 0 ? found : nil
        }
        if ends || killsOnViolation { return .kill(name: callName(plain, abi: abi)) }
        return try send(brig_notification_answer(number, id, error))
    }

    /// Answers a call that is no violation: one that goes on, or one that is not there.
    private func answer(_ verdict: SeccompVerdict, _ call: UInt32, first argument: UInt64, _ id: UInt64, goesOn: Bool) throws(LaunchError) -> Outcome {
        let number = descriptor.number
        if verdict.runs {
            let hides = hiding.contains { $0.isMade(by: call, first: argument) }
            if hides { mayHideCalls = true }
            if letsAllowedGoOn || hides || goesOn { return try send(brig_notification_continue(number, id)) }
        }
        // The filter asks about no other. Should it ever differ from the verdicts, the call is refused.
        return try send(brig_notification_answer(number, id, verdict.runs ? EPERM : ENOSYS))
    }

    private func send(_ result: Int32) throws(LaunchError) -> Outcome {
        // ENOENT: killed meanwhile.
        if result != 0, errno != ENOENT { throw LaunchError("seccomp", SystemError("ioctl", "SECCOMP_IOCTL_NOTIF_SEND", errno: errno)) }
        return .answered
    }

    /// The report's word, the errno, and whether the job ends for it.
    private static func answer(_ verdict: SeccompVerdict) -> (action: String, error: Int32, ends: Bool) {
        switch verdict {
        case .errno(let number): (errnoName(number), number, false)
        case .kill: ("kill", EPERM, true)
        case .foreign, .unknown: ("ENOSYS", ENOSYS, false)
        // No violations.
        case .allow, .log: ("EPERM", EPERM, false)
        }
    }

    /// The calling process as it is called inside.
    private static func describe(_ process: Int32) -> JobReport.Violation.Process? {
        do {
            let status = try ProcessStatus(process: "\(process)")
            // By scalars: a carriage return and the line's end are one character.
            let name = try readText("/proc/\(process)/comm").unicodeScalars.prefix { $0 != "\n" }
            return JobReport.Violation.Process(pid: status.innermostID, command: String(name))
        } catch {
            return nil  // gone
        }
    }
}
