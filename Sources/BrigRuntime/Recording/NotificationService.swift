internal import BrigPlan
internal import BrigSystem
internal import BrigTracing
internal import CBrigLinux
internal import Glibc

/// Answers every call of one job, from the thread that makes it, and counts those that go on.
///
/// Another thread watches what else is to be looked at, and interrupts this one: asking after each call costs a tenth of the whole.
@safe
final class NotificationService {
    enum Result {
        /// Something else can be read.
        case others
        /// A call that must be looked at.
        case asked
        /// No task is left that could call.
        case ended
    }

    private let service: OpaquePointer

    /// - Parameters:
    ///   - others: what becomes readable where something else is to be looked at
    ///   - goesOn: calls that go on whatever their arguments, by number
    init(listener: Int32, others: Int32, goesOn: [Bool], kept: ArgumentSelection) throws(SystemError) {
        precondition(goesOn.count == Int(BRIG_COUNTED_CALLS) && kept.words.count == Int(BRIG_COUNTED_CALLS))
        guard let made = unsafe brig_notification_service(listener, others, SeccompABI.native.auditArchitecture, goesOn, kept.words) else {
            throw SystemError("start", "the thread that watches beside the listener", errno: errno)
        }
        unsafe service = made
    }

    deinit { unsafe brig_notification_service_end(service) }

    func serve(_ notification: inout seccomp_notif) throws(SystemError) -> Result {
        switch unsafe brig_notification_serve(service, &notification) {
        case 0: return .others
        case 1: return .asked
        case 2: return .ended
        default: throw SystemError("ioctl", "the listener", errno: errno)
        }
    }

    /// - Parameter values: what is kept of the arguments, zeros for the rest
    func letGoOn(_ number: UInt32, _ values: [UInt64]) { unsafe brig_notification_let(service, number, values) }

    /// Adds what was counted here.
    func add(to recorded: inout RecordedCalls) {
        for number in 0..<UInt32(BRIG_COUNTED_CALLS) {
            let count = unsafe brig_notification_count(service, number)
            if count > 0 { recorded.calls[.init(interface: .native, number: number), default: 0] += count }
        }
        var index: UInt32 = 0
        while let call = unsafe brig_notification_known(service, index) {
            let entry = unsafe call.pointee
            let values = [entry.values.0, entry.values.1, entry.values.2, entry.values.3, entry.values.4, entry.values.5]
            if entry.count > 0 { recorded.arguments[.init(number: entry.number, values: values), default: 0] += entry.count }
            index += 1
        }
    }
}
