internal import BrigPolicy

/// Calls by which a tracer asks that its tracees stop at their end (PTRACE_O_TRACEEXIT, ptrace(2)).
///
/// Such a stop outlasts SIGKILL: it ends when the tracer says so, or ends itself. Two processes that trace each other in this way never end, whoever kills them, and neither does their pid
/// namespace. So in a job only one process at a time may ask for it, which the supervisor sees to; where it is asked about nothing, none may.
public enum ExitStops {
    /// PTRACE_O_TRACEEXIT (linux/ptrace.h), in the fourth argument of the requests that set options.
    private static let option: UInt64 = 0x40

    /// PTRACE_SETOPTIONS and PTRACE_SEIZE; on x86-64 also PTRACE_OLDSETOPTIONS (asm/ptrace-abi.h), which does what the first does.
    private static func requests(_ abi: SeccompABI) -> [UInt32] { [0x4200, 0x4206] + (abi == .x86_64 ? [21] : []) }

    static func ptrace(_ abi: SeccompABI) -> UInt32 { abi == .x86_64 ? 101 : 117 }

    static func call(_ abi: SeccompABI) -> AskedCall { AskedCall(number: ptrace(abi), values: requests(abi)) }

    /// Whether a native call sets a tracer's options.
    public static func mayBeAsked(by number: UInt32, _ arguments: SeccompVerdicts.Arguments) -> Bool { call(.native).isMade(by: number, first: arguments[0]) }

    /// Whether it asks for such stops.
    public static func areAsked(by number: UInt32, _ arguments: SeccompVerdicts.Arguments) -> Bool { mayBeAsked(by: number, arguments) && arguments[3] & option != 0 }

    /// Refuse them all.
    static func rules(_ abi: SeccompABI) -> [SystemCallPolicy.Rule] {
        requests(abi).map { request in
            .init(
                number: ptrace(abi), action: .errno(1),
                conditions: [
                    .init(index: 0, comparison: .equal, value: UInt64(request), isWord: true),
                    .init(index: 3, comparison: .maskedEqual, value: option, mask: option, isWord: false),
                ])
        }
    }
}
