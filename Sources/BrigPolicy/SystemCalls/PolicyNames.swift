internal import CBrigLinux
internal import CBrigPolicies
internal import CLibcap
internal import Glibc

/// Names that stand for numbers in a policy, other than those of system calls.
public enum PolicyNames {
    /// The number of a capability (linux/capability.h): `CAP_NET_RAW` or `NET_RAW`, in exactly these letters. Nil for another name.
    public static func capability(_ name: String) -> UInt32? {
        let short = name.hasPrefix("CAP_") ? name.dropFirst(4) : name[...]
        guard !short.isEmpty, short.utf8.allSatisfy({ 0x41...0x5A ~= $0 || 0x30...0x39 ~= $0 || $0 == 0x5F }) else { return nil }
        var number: cap_value_t = -1
        // libcap wants the prefix and ignores case.
        guard unsafe cap_from_name("cap_\(short)", &number) == 0 else { return nil }
        return UInt32(exactly: number)
    }

    /// The name of a capability with its prefix (`CAP_NET_RAW`); nil where libcap has none.
    public static func capabilityName(_ number: UInt32) -> String? {
        guard let name = unsafe cap_to_name(cap_value_t(number)) else { return nil }
        defer { _ = unsafe cap_free(name) }
        let text = unsafe String(cString: name)
        // For a number that it has no name for, libcap gives back the number.
        return text.hasPrefix("cap_") ? text.uppercased() : nil
    }

    /// All capability names that libcap knows, for suggestions.
    static var capabilities: [String] { (0..<64).compactMap { capabilityName($0) } }

    /// Error numbers are below this (asm-generic/errno.h ends at 133).
    private static let errnoBound: Int32 = 134

    /// The error number of a name (`ENOSYS`); nil for another name.
    static func errno(_ name: String) -> Int32? {
        unsafe name.withCString { wanted in
            for number in 1..<errnoBound {
                if let known = unsafe brig_errno_name(number), unsafe strcmp(known, wanted) == 0 { return number }
            }
            return nil
        }
    }

    static var errnos: [String] { (1..<errnoBound).compactMap { unsafe brig_errno_name($0).map { unsafe String(cString: $0) } } }

    /// The value of a constant that rules may name (`CLONE_NEWUSER`); nil for another name.
    public static func constant(_ name: String) -> UInt64? {
        guard let constant = unsafe brig_constant_named(name) else { return nil }
        return unsafe constant.pointee.value
    }

    static var constants: [String] { (0..<brig_constant_count).compactMap { index in unsafe brig_constant_at(index).map { unsafe String(cString: $0.pointee.name) } } }
}
