internal import BrigSystem

/// The exit status of `brig run`, 0 to 255, in the manner of env(1), timeout(1) and the shells.
public struct ExitStatus: Sendable, Equatable {
    public let code: Int32

    public init(_ code: Int32) { self.code = code }

    /// brig could not run the job: policy, host or set-up.
    public static let failure = ExitStatus(125)
    /// The program is there and cannot be executed.
    public static let notExecutable = ExitStatus(126)
    /// The program is not there.
    public static let notFound = ExitStatus(127)
    /// A time limit was reached.
    public static let timedOut = ExitStatus(124)
    /// The memory ceiling was reached: what a shell shows for SIGKILL, as every out-of-memory kill does.
    public static let outOfMemory = ExitStatus(137)

    /// 128 and the signal's number.
    public static func signal(_ number: Int32) -> ExitStatus { ExitStatus(128 + number) }
}

extension JobReport.JobResult {
    /// Names in `evidence` that decide an exit status; the runtime writes them.
    public enum EvidenceName {
        /// The step of the set-up that failed, one of the child's stages; `exec` for the last one.
        public static let stage = "stage"
        /// The symbolic error number (`ENOENT`) with which it failed.
        public static let errno = "errno"
        /// The name of the signal by which brig was told to stop (`SIGTERM`).
        public static let cancelSignal = "cancelSignal"
    }

    /// What `brig run` exits with after this result.
    ///
    /// A job that ended by itself keeps its own status even where a limit was touched on the way: `reason` is decided from evidence, and
    /// only a reason that ended the job replaces the status.
    public var exitStatus: ExitStatus {
        switch reason {
        case .exited: exitCode.map { ExitStatus(Int32($0 & 0xFF)) } ?? .failure
        case .signaled: signal.flatMap(signalNumber).map(ExitStatus.signal) ?? .failure
        case .memoryLimit: .outOfMemory
        case .wallTime, .cpuTime: .timedOut
        case .pidsLimit: ownStatus ?? .signal(9)
        case .outputLimit: .signal(25)
        case .policyViolation: .signal(31)
        case .cancelled: .signal(evidence[EvidenceName.cancelSignal]?.text.flatMap(signalNumber) ?? 15)
        case .setupFailed: setupStatus
        case .internalError: .failure
        }
    }

    /// Whether `brig run` says on standard error why its status is what it is: whenever it is not the job's own code.
    public var needsExplanation: Bool { reason != .exited }

    private var ownStatus: ExitStatus? {
        if let exitCode { return ExitStatus(Int32(exitCode & 0xFF)) }
        return signal.flatMap(signalNumber).map(ExitStatus.signal)
    }

    /// Only the exec itself tells about the program; a failure of any earlier step is brig's.
    private var setupStatus: ExitStatus {
        guard evidence[EvidenceName.stage] == .text("exec") else { return .failure }
        switch evidence[EvidenceName.errno]?.text {
        case "ENOENT", "ENOTDIR": return .notFound
        case "EACCES", "ENOEXEC", "EISDIR", "ETXTBSY", "ELIBBAD", "EPERM", "ELOOP": return .notExecutable
        default: return .failure
        }
    }
}

extension JobReport.EvidenceValue {
    var text: String? { if case .text(let text) = self { text } else { nil } }
}
