public import BrigPolicy
internal import CSeccomp

/// What the policy says to one call.
public enum SeccompVerdict: Sendable, Hashable {
    case allow
    /// Not run; the caller gets this error number.
    case errno(Int32)
    case kill
    /// Run, and logged by the kernel.
    case log
    /// Came through another ABI: not run, ENOSYS, recorded with the ABI's name.
    case foreign(ForeignABI)
    /// Absent by the policy, above its baseline, or -1: not run, ENOSYS as on an older kernel, no violation.
    case unknown

    init(_ action: SystemCallPolicy.Action) {
        switch action {
        case .allow: self = .allow
        case .errno(let number): self = .errno(number)
        case .absent: self = .unknown
        case .kill: self = .kill
        case .log: self = .log
        }
    }

    /// Whether the call is not run and the policy meant it to be seen.
    public var isViolation: Bool {
        switch self {
        case .errno, .kill, .foreign: true
        case .allow, .log, .unknown: false
        }
    }

    /// Whether a filter that records this much leaves the call to the supervisor. Always so under `all`, except for `unrecordedCalls` and the
    /// number -1, which are treated as under `denied`.
    public func isNotified(_ record: SystemCallPolicy.Record) -> Bool {
        switch record {
        case .none: false
        case .denied: isViolation
        case .all: true
        }
    }

    /// The filter's answer to the kernel: SECCOMP_RET_… of linux/seccomp.h.
    func answer(_ record: SystemCallPolicy.Record) -> UInt32 {
        if isNotified(record) { return SECCOMP_RET_USER_NOTIF }
        switch self {
        case .allow: return SECCOMP_RET_ALLOW
        case .log: return SECCOMP_RET_LOG
        case .kill: return SECCOMP_RET_KILL_PROCESS
        case .errno(let number): return SECCOMP_RET_ERRNO | UInt32(truncatingIfNeeded: number) & SECCOMP_RET_DATA
        case .foreign, .unknown: return SECCOMP_RET_ERRNO | SeccompVerdict.noSuchCall
        }
    }

    /// ENOSYS
    private static let noSuchCall: UInt32 = 38
}
