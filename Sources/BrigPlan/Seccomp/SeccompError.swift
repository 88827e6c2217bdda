internal import CSeccomp
internal import Glibc

/// A policy that cannot become a filter.
public enum SeccompError: Error, Sendable, Equatable, CustomStringConvertible {
    /// More than the kernel's 4096 instructions (BPF_MAXINSNS). The calls whose rules take the most come first.
    case tooLarge(instructions: Int, largest: [Contributor])
    /// The baseline or a launch call lies above every system call table.
    case numberTooHigh(UInt32)
    /// A condition on an argument other than 0 to 5.
    case argumentIndex(UInt8, call: String)
    /// CAP_SYS_ADMIN is retained beside calls with which the job could undo its own mounts.
    case opensMounts(calls: [String])

    /// A call and how many instructions its argument rules take.
    public struct Contributor: Sendable, Equatable {
        public let call: String
        public let instructions: Int
    }

    public var description: String {
        switch self {
        case .tooLarge(let count, let largest):
            let names = largest.map { "\($0.call) (\($0.instructions))" }.joined(separator: ", ")
            return "the system call filter needs \(count) instructions, the kernel takes \(SeccompFilter.maximumCount); "
                + "most go into the argument rules of \(names): use fewer values, or a mask"
        case .numberTooHigh(let number):
            return "system call number \(number) is above \(SeccompVerdicts.maximumNumber), the highest that a filter can hold"
        case .argumentIndex(let index, let call):
            return "a rule for \(call) compares argument \(index): a system call has arguments 0 to 5"
        case .opensMounts(let calls):
            return "with CAP_SYS_ADMIN and \(calls.joined(separator: ", ")) the job could make its read-only mounts writable, and look behind masks: "
                + "do not retain CAP_SYS_ADMIN, or deny these calls"
        }
    }
}

/// The name of a system call in an ABI, or `call N` where the library does not know it.
func callName(_ number: UInt32, _ abi: SeccompABI) -> String {
    guard let name = unsafe seccomp_syscall_resolve_num_arch(abi.auditArchitecture, Int32(bitPattern: number)) else { return "call \(number)" }
    defer { unsafe free(name) }
    return unsafe String(cString: name)
}
