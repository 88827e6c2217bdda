internal import BrigSystem

/// A program for `seccomp(SECCOMP_SET_MODE_FILTER)`, complete but for a fresh key.
public struct SeccompFilter: Sendable, Equatable {
    /// The kernel's limit (BPF_MAXINSNS, linux/bpf_common.h).
    public static let maximumCount = 4096

    /// Where the two halves of the launch key stand, as immediates.
    public struct KeySite: Sendable, Equatable {
        /// Index of the instruction that compares the low word.
        public let low: Int
        /// Index of the instruction that compares the high word.
        public let high: Int
    }

    /// At most `maximumCount`, in the layout of `struct sock_filter`.
    public private(set) var instructions: [BPFInstruction]
    public let keySites: [KeySite]
    /// Whether some answer is SECCOMP_RET_USER_NOTIF: the filter must be installed with SECCOMP_FILTER_FLAG_NEW_LISTENER, else those calls fail
    /// with ENOSYS. Which verdicts those are says `SeccompVerdict.isNotified`.
    public let needsListener: Bool

    init(instructions: [BPFInstruction], keySites: [KeySite], needsListener: Bool) {
        self.instructions = instructions
        self.keySites = keySites
        self.needsListener = needsListener
    }

    /// Replaces the launch key, for a filter that was compiled before.
    public mutating func setKey(_ key: LaunchKey) {
        for site in keySites {
            instructions[site.low].k = key.low
            instructions[site.high].k = key.high
        }
    }

    /// SHA-256 of `bytesWithoutKey`, 64 lower-case hexadecimal digits: what the report says was enforced.
    public var sha256: String { SHA256.hex(of: bytesWithoutKey) }

    /// The program as the kernel reads it, with zeros for the key, so that it is the same in every run of the same policy.
    public var bytesWithoutKey: [UInt8] {
        var plain = instructions
        for site in keySites {
            plain[site.low].k = 0
            plain[site.high].k = 0
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(plain.count * 8)
        for instruction in plain {
            bytes.append(UInt8(truncatingIfNeeded: instruction.code))
            bytes.append(UInt8(truncatingIfNeeded: instruction.code >> 8))
            bytes.append(instruction.jumpTrue)
            bytes.append(instruction.jumpFalse)
            for shift in [0, 8, 16, 24] as [UInt32] { bytes.append(UInt8(truncatingIfNeeded: instruction.k >> shift)) }
        }
        return bytes
    }
}
