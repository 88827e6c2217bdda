internal import BrigPolicy

/// Denying rules that keep set-user-id and set-group-id bits off files, and capabilities of files where the job could set those.
///
/// Numbers are those of the kernel's tables (arch/x86/entry/syscalls/syscall_64.tbl, include/uapi/asm-generic/unistd.h), not of a library that may
/// be older than the kernel: a call that it does not know would be a hole.
enum SetIDGuard {
    /// A call with a mode in a register, and where.
    private struct ModeCall {
        let number: UInt32
        let mode: UInt8
        /// The argument of open flags: the mode counts only when the call creates a file.
        var flags: UInt8?
    }

    /// Directories are left out: the set-group-id bit on one only says which group new files get, and mkdir ignores the other.
    private static func modeCalls(_ abi: SeccompABI) -> [ModeCall] {
        let fchmodat2 = ModeCall(number: 452, mode: 2)
        return switch abi {
        case .x86_64:
            [
                ModeCall(number: 2, mode: 2, flags: 1),  // open
                ModeCall(number: 85, mode: 1),  // creat
                ModeCall(number: 90, mode: 1),  // chmod
                ModeCall(number: 91, mode: 1),  // fchmod
                ModeCall(number: 133, mode: 1),  // mknod
                ModeCall(number: 257, mode: 3, flags: 2),  // openat
                ModeCall(number: 259, mode: 2),  // mknodat
                ModeCall(number: 268, mode: 2),  // fchmodat
                fchmodat2,
            ]
        case .aarch64:
            [
                ModeCall(number: 33, mode: 2),  // mknodat
                ModeCall(number: 52, mode: 1),  // fchmod
                ModeCall(number: 53, mode: 2),  // fchmodat
                ModeCall(number: 56, mode: 3, flags: 2),  // openat
                fchmodat2,
            ]
        }
    }

    /// Calls whose mode lies in memory, where no filter sees it: io_uring_setup (a ring opens files past the filter) and openat2. The numbers
    /// are the same in every ABI.
    private static let opaqueCalls: [UInt32] = [425, 437]

    /// S_ISUID, S_ISGID
    private static let modeBits: [UInt64] = [0o4000, 0o2000]
    /// O_CREAT, and the bit that tells O_TMPFILE from O_DIRECTORY (__O_TMPFILE, asm-generic/fcntl.h; both ABIs take the generic values).
    private static let creatingBits: [UInt64] = [0o100, 0o20_000_000]

    private static let noSuchCall: Int32 = 38
    private static let notPermitted: Int32 = 1

    /// One rule a bit, as a rule holds when all of its conditions do.
    static func rules(_ abi: SeccompABI) -> [SystemCallPolicy.Rule] {
        var rules = opaqueCalls.map { SystemCallPolicy.Rule(number: $0, action: .errno(noSuchCall)) }
        for call in modeCalls(abi) {
            for bit in modeBits {
                let mode = isSet(bit, call.mode)
                guard let flags = call.flags else {
                    rules.append(.init(number: call.number, action: .errno(notPermitted), conditions: [mode]))
                    continue
                }
                for creating in creatingBits {
                    rules.append(.init(number: call.number, action: .errno(notPermitted), conditions: [mode, isSet(creating, flags)]))
                }
            }
        }
        return rules
    }

    /// setxattr, lsetxattr, fsetxattr, setxattrat: the attribute's name lies in memory, so that none can be set at all.
    static func attributeRules(_ abi: SeccompABI) -> [SystemCallPolicy.Rule] {
        let numbers: [UInt32] = abi == .x86_64 ? [188, 189, 190, 463] : [5, 6, 7, 463]
        return numbers.map { SystemCallPolicy.Rule(number: $0, action: .errno(notPermitted)) }
    }

    /// linux/capability.h
    private static let fileCapabilities: UInt64 = 1 << 31
    /// CLONE_NEWUSER, alone and as programs combine it.
    private static let newUserNamespaces: [UInt64] = [0x1000_0000, 0x1000_0011, 0x1002_0000, 0x1002_0011, 0x7e02_0000, 0x7e02_0011]

    /// Whether the job may have CAP_SETFCAP: retained, or as the root of a user namespace that it makes. In an id-mapped bind its root is then the
    /// owner of the source, whom the host believes (security/commoncap.c, cap_convert_nscap).
    static func mayGiveFilesCapabilities(_ retained: UInt64, _ verdicts: SeccompVerdicts, _ abi: SeccompABI) -> Bool {
        if retained & fileCapabilities != 0 { return true }
        let (clone, unshare): (UInt32, UInt32) = abi == .x86_64 ? (56, 272) : (220, 97)
        if verdicts.mayAllow(unshare) || verdicts.mayAllow(435) { return true }  // 435: clone3
        return newUserNamespaces.contains { flags in
            switch verdicts.verdict(architecture: abi.auditArchitecture, number: clone, arguments: [flags, 0, 0, 0, 0, 0]) {
            case .allow, .log: true
            default: false
            }
        }
    }

    private static func isSet(_ bit: UInt64, _ index: UInt8) -> SystemCallPolicy.Condition {
        .init(index: index, comparison: .maskedEqual, value: bit, mask: bit, isWord: true)
    }
}
