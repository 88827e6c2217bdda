/// One instruction of classic BPF, laid out as the kernel's `struct sock_filter` (linux/filter.h): 8 bytes, aligned to 4.
///
/// An array of these is what `struct sock_fprog` points to.
public struct BPFInstruction: Sendable, Hashable {
    public let code: UInt16
    /// Instructions to skip when the condition holds, 0 to 255.
    public let jumpTrue: UInt8
    /// Instructions to skip when it does not, 0 to 255.
    public let jumpFalse: UInt8
    /// The immediate: an operand, an offset into `struct seccomp_data`, a distance, or an answer.
    public internal(set) var k: UInt32

    package init(_ code: UInt16, k: UInt32, jumpTrue: UInt8 = 0, jumpFalse: UInt8 = 0) {
        self.code = code
        self.jumpTrue = jumpTrue
        self.jumpFalse = jumpFalse
        self.k = k
    }
}

/// The instruction codes that the compiler uses: those of linux/bpf_common.h that seccomp accepts (kernel/seccomp.c, `seccomp_check_filter`).
///
/// Loads, comparisons with a constant, the mask and `ret` are also the ones that the kernel can run ahead for every number when the filter is
/// installed (`seccomp_is_const_allow`): a call that is always allowed then never runs the filter.
enum BPFCode {
    /// BPF_LD | BPF_W | BPF_ABS
    static let load: UInt16 = 0x20
    /// BPF_ALU | BPF_AND | BPF_K
    static let and: UInt16 = 0x54
    /// BPF_JMP | BPF_JA: the distance has 32 bits.
    static let jump: UInt16 = 0x05
    /// BPF_RET | BPF_K
    static let answer: UInt16 = 0x06
}

/// Comparisons of the accumulator with a constant, unsigned (BPF_JMP | … | BPF_K).
enum BPFComparison: UInt16 {
    case equal = 0x15
    case greater = 0x25
    case greaterOrEqual = 0x35
    /// Any of the bits is set.
    case anyBit = 0x45
}
