/// One instruction of eBPF, laid out as the kernel's `struct bpf_insn` (linux/bpf.h): 8 bytes.
struct TracingInstruction: Equatable {
    var code: UInt8
    /// The destination in the low half, the source in the high half.
    var registers: UInt8
    var offset: Int16
    var immediate: Int32

    init(_ code: UInt8, _ destination: TracingRegister = .r0, _ source: UInt8 = 0, offset: Int16 = 0, immediate: Int32 = 0) {
        self.code = code
        registers = destination.rawValue | source << 4
        self.offset = offset
        self.immediate = immediate
    }
}

/// r0 holds results, r1 to r5 arguments of helpers (which destroy them), r6 to r9 survive; `frame` ends 512 bytes of stack.
enum TracingRegister: UInt8 {
    case r0, r1, r2, r3, r4, r5, r6, r7, r8, r9
    case frame
}

/// Widths of a load or store: BPF_W, BPF_H, BPF_B, BPF_DW.
enum TracingWidth: UInt8 {
    case word = 0x00
    case half = 0x08
    case byte = 0x10
    case double = 0x18
}

/// Functions of the kernel that a program may call (linux/bpf.h, `enum bpf_func_id`).
enum TracingHelper: Int32 {
    case mapLookup = 1
    case mapUpdate = 2
    case mapDelete = 3
    case processorNumber = 8
    case currentProcess = 14
    case readUser = 112
    case readKernel = 113
    case readUserText = 114
    case readKernelText = 115
    case currentTask = 158
    /// Of a task, where it entered the kernel; since Linux 5.15.
    case registers = 175
}

/// Comparisons of a register: BPF_JMP with a constant.
enum TracingComparison: UInt8 {
    case equal = 0x15
    case greater = 0x25
    case greaterOrEqual = 0x35
    case anyBit = 0x45
    case notEqual = 0x55
    case signedGreaterOrEqual = 0x75
    case less = 0xa5
}
