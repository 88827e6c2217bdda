internal import BrigPolicy
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

    /// Whether a filter that leaves this much to the supervisor leaves it this call.
    public func isNotified(_ notified: SeccompNotified) -> Bool {
        switch notified {
        case .nothing: false
        case .violations: isViolation
        case .refusals: !runs
        case .all: true
        }
    }

    /// Whether the kernel is let to run the call.
    public var runs: Bool { self == .allow || self == .log }

    /// The filter's answer to the kernel: SECCOMP_RET_… of linux/seccomp.h.
    func answer(_ notified: SeccompNotified) -> UInt32 {
        if isNotified(notified) { return SECCOMP_RET_USER_NOTIF }
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

/// Which calls a filter leaves to the supervisor.
public enum SeccompNotified: Sendable, Equatable {
    case nothing
    /// Those that the policy refuses and means to be seen.
    case violations
    /// All that are not run: the others are counted where the kernel runs them.
    case refusals
    /// All but `SeccompOptions.unrecordedCalls`, which are treated as under `violations`, and the number -1, which never is.
    case all

    init(_ record: SystemCallPolicy.Record, tracesAllowed: Bool) {
        self =
            switch record {
            case .none: .nothing
            case .denied: .violations
            case .all: tracesAllowed ? .refusals : .all
            }
    }
}
