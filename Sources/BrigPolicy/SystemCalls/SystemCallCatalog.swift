internal import CBrigPolicies
internal import CSeccomp
internal import Glibc

/// Names and numbers of the system calls. The machine's own come from a table in the executable, which costs nothing at start; those of foreign
/// ABIs and of calls that only other architectures have come from libseccomp.
public enum SystemCallCatalog {
    /// What an argument is to the kernel.
    public enum ArgumentKind: Sendable, Equatable {
        /// Only the low 32 bits are read: int, unsigned int, pid_t, uid_t ...
        case word
        case long
        /// Only the low 16 bits are read: umode_t.
        case mode
        /// An address, or for some operations one (ioctl, fcntl): no rule can judge what it points to.
        case pointer
    }

    /// A call that this catalog has a number for on some architecture.
    public struct Entry: Sendable {
        public let name: String
        /// Its number in the machine's own ABI; nil where it has none.
        public let number: UInt32?
        public var arguments: [ArgumentKind] { (0..<6).compactMap { argument($0) } }
        /// The letters of the table, the first argument's in the lowest byte.
        fileprivate let letters: UInt64
        let groups: UInt32
        /// Numbers by architecture, for the check against libseccomp.
        package let numbers: (x86_64: Int, aarch64: Int)
    }

    /// What a name stands for.
    public enum Meaning: Sendable, Equatable {
        case number(UInt32)
        /// A system call, but only other architectures have it.
        case elsewhere
        case unknown
    }

    /// Numbers are below this.
    static let numberBound = 512

    /// All calls that the table has, by name.
    public static var entries: [Entry] {
        (0..<brig_system_call_count).compactMap { index in unsafe brig_system_call_at(index).map { unsafe Entry($0) } }
    }

    /// The call of a name; nil where the table has none.
    public static func entry(_ name: String) -> Entry? {
        guard let call = unsafe brig_system_call_named(name) else { return nil }
        return unsafe Entry(call)
    }

    public static func meaning(of name: String) -> Meaning {
        if let call = unsafe brig_system_call_named(name) {
            return UInt32(exactly: unsafe brig_system_call_number(call)).map { .number($0) } ?? .elsewhere
        }
        // A negative number other than the error stands for a call of another architecture.
        return unsafe seccomp_syscall_resolve_name(name) == __NR_SCMP_ERROR ? .unknown : .elsewhere
    }

    /// The name of a call by its number in the machine's own ABI; nil for a number newer than the table.
    public static func name(of number: UInt32) -> String? {
        for index in 0..<brig_system_call_count {
            guard let call = unsafe brig_system_call_at(index) else { continue }
            if unsafe UInt32(exactly: brig_system_call_number(call)) == number { return unsafe String(cString: call.pointee.name) }
        }
        return nil
    }

    /// The name of a call by its number in some ABI, x32 numbers with their bit; nil for one that libseccomp does not know either.
    public static func name(of number: UInt32, abi: SystemCallABI) -> String? {
        abi == .native ? name(of: number) : libraryName(of: number, abi: abi)
    }

    /// The name by libseccomp's tables alone.
    package static func libraryName(of number: UInt32, abi: SystemCallABI) -> String? {
        // Negative numbers are the library's own, of calls that an ABI does not have.
        guard let number = Int32(exactly: number), let name = unsafe seccomp_syscall_resolve_num_arch(abi.token, number) else { return nil }
        defer { unsafe free(name) }
        return unsafe String(cString: name)
    }

    /// The call with the highest number: the default of `syscalls.baseline`.
    public static let newest: Entry = unsafe Entry(brig_system_call_newest())
}

extension SystemCallCatalog.Entry {
    @unsafe
    init(_ call: UnsafePointer<brig_system_call>) {
        name = unsafe String(cString: call.pointee.name)
        number = unsafe UInt32(exactly: brig_system_call_number(call))
        groups = unsafe call.pointee.groups
        numbers = unsafe (Int(call.pointee.x86_64), Int(call.pointee.aarch64))
        letters = unsafe withUnsafeBytes(of: call.pointee.arguments) { bytes in unsafe bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) } }
    }

    /// What the argument at an index, from 0, is to the kernel; nil where the call has no such argument.
    public func argument(_ index: Int) -> SystemCallCatalog.ArgumentKind? {
        switch UInt8(truncatingIfNeeded: letters >> UInt64(8 * index)) {
        case UInt8(ascii: "i"): .word
        case UInt8(ascii: "l"): .long
        case UInt8(ascii: "m"): .mode
        case UInt8(ascii: "p"): .pointer
        default: nil
        }
    }
}

/// An ABI through which a program can enter the kernel.
public enum SystemCallABI: String, Sendable, CaseIterable {
    case x86_64, x32, i386, aarch64, arm

    /// That of this executable.
    public static var native: SystemCallABI {
        #if arch(x86_64)
        .x86_64
        #elseif arch(arm64)
        .aarch64
        #else
        #error("brig knows the system calls of x86_64 and aarch64")
        #endif
    }

    /// The bit that marks a call number as x32 (arch/x86/include/uapi/asm/unistd.h).
    public static let x32Bit: UInt32 = 0x4000_0000

    /// The ABI of a seccomp event: its audit architecture (linux/audit.h) and, for x32, a bit of the number. Nil for one that a machine of this kind cannot have.
    public init?(auditArchitecture: UInt32, number: UInt32) {
        switch auditArchitecture {
        case 0xC000_003E: self = number & Self.x32Bit != 0 ? .x32 : .x86_64
        case 0x4000_0003: self = .i386
        case 0xC000_00B7: self = .aarch64
        case 0x4000_0028: self = .arm
        default: return nil
        }
    }

    /// libseccomp's token: the audit architecture, and for x32 the same machine with 32-bit addresses.
    package var token: UInt32 {
        switch self {
        case .x86_64: 0xC000_003E
        case .x32: 0x4000_003E
        case .i386: 0x4000_0003
        case .aarch64: 0xC000_00B7
        case .arm: 0x4000_0028
        }
    }
}
