#if _endian(big)
#error("the filter reads the low word of an argument first: little-endian machines only")
#endif

/// The ABI that a filter is for: the machine's own. Every other one is foreign.
public enum SeccompABI: Sendable, Hashable {
    case x86_64
    case aarch64

    /// That of the machine that this was built for.
    public static var native: SeccompABI {
        #if arch(x86_64)
        .x86_64
        #elseif arch(arm64)
        .aarch64
        #else
        #error("the system call filter knows x86_64 and aarch64")
        #endif
    }

    /// `seccomp_data.arch` of a call through this ABI: AUDIT_ARCH_… (linux/audit.h).
    public var auditArchitecture: UInt32 {
        switch self {
        case .x86_64: 0xc000_003e
        case .aarch64: 0xc000_00b7
        }
    }

    /// Set in the number of a call through x32, which shares its architecture with x86_64 (asm/unistd.h, __X32_SYSCALL_BIT).
    public static let x32Bit: UInt32 = 0x4000_0000

    /// What a tracer that wants a call skipped leaves as its number (-1). It has the x32 bit, but is no call of any ABI.
    public static let skippedNumber: UInt32 = .max
}

/// An ABI by which a job can enter the kernel besides the machine's own. No call through it is allowed.
public enum ForeignABI: Sendable, Hashable, CustomStringConvertible {
    case x32
    case i386
    case arm
    /// `seccomp_data.arch` as the kernel gave it.
    case other(UInt32)

    /// - Parameter auditArchitecture: `seccomp_data.arch`
    public init(auditArchitecture: UInt32) {
        switch auditArchitecture {
        case 0x4000_0003: self = .i386
        case 0x4000_0028: self = .arm
        default: self = .other(auditArchitecture)
        }
    }

    /// The name in reports: `x32`, `i386`, `arm`, or the number in hexadecimal.
    public var description: String {
        switch self {
        case .x32: "x32"
        case .i386: "i386"
        case .arm: "arm"
        case .other(let architecture): "0x" + String(architecture, radix: 16)
        }
    }
}
