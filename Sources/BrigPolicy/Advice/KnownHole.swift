/// A call, or some of its arguments, by which programs have got out of sandboxes or past their rules, and the way in which.
struct KnownHole: Sendable {
    let calls: [String]
    /// Which arguments; empty for any.
    let conditions: [SystemCallPolicy.Condition]
    let reason: String

    private init(_ calls: [String], _ reason: String, where conditions: SystemCallPolicy.Condition...) {
        self.calls = calls
        self.conditions = conditions
        self.reason = reason
    }

    private static func argument(_ index: UInt8, is name: String) -> SystemCallPolicy.Condition {
        .init(index: index, comparison: .equal, value: PolicyNames.constant(name) ?? 0, isWord: true)
    }

    private static func argument(_ index: UInt8, has name: String) -> SystemCallPolicy.Condition {
        let bits = PolicyNames.constant(name) ?? 0
        return .init(index: index, comparison: .maskedEqual, value: bits, mask: bits, isWord: true)
    }

    /// personality(2): all ones ask and change nothing.
    private static let isNoQuestion = SystemCallPolicy.Condition(index: 0, comparison: .notEqual, value: 0xFFFF_FFFF, isWord: true)

    static let all: [KnownHole] = [
        KnownHole(["clone3"], "its flags lie in memory, so no rule on clone holds for it; a new user namespace gives the job capabilities over what it makes there"),
        KnownHole(["clone", "unshare"], "with CLONE_NEWUSER it gives the job capabilities over mounts, networks and more of the kernel", where: argument(0, has: "CLONE_NEWUSER")),
        KnownHole(["setns"], "it enters namespaces of other processes"),
        KnownHole(
            ["io_uring_setup", "io_uring_enter", "io_uring_register"], "a ring opens files, connects and more without a system call: what the filter denies of that, it does not see"),
        KnownHole(["ptrace", "process_vm_readv", "process_vm_writev", "process_madvise"], "it reads and changes other processes of the job, whatever their filter"),
        KnownHole(["pidfd_getfd", "kcmp"], "it takes or compares descriptors of other processes"),
        KnownHole(["bpf"], "it loads programs into the kernel; its verifier has had many faults"),
        KnownHole(["perf_event_open"], "it measures the kernel and other programs, and has had many faults"),
        KnownHole(["userfaultfd"], "it halts the kernel in the middle of copying, which makes races in it winnable"),
        KnownHole(["add_key", "keyctl", "request_key"], "keyrings are not in a namespace, and have had many faults"),
        KnownHole(["ioctl"], "with TIOCSTI it types into the caller's terminal", where: argument(1, is: "TIOCSTI")),
        KnownHole(["ioctl"], "with TIOCLINUX it pastes into the console", where: argument(1, is: "TIOCLINUX")),
        KnownHole(["personality"], "with ADDR_NO_RANDOMIZE memory is laid out in a known way", where: argument(0, has: "ADDR_NO_RANDOMIZE"), isNoQuestion),
        KnownHole(["personality"], "with READ_IMPLIES_EXEC all readable memory can be executed", where: argument(0, has: "READ_IMPLIES_EXEC"), isNoQuestion),
        KnownHole(["socket"], "AF_VSOCK reaches the machine's host past every network namespace", where: argument(0, is: "AF_VSOCK")),
        KnownHole(["socket"], "AF_ALG reaches the kernel's ciphers, which have had many faults", where: argument(0, is: "AF_ALG")),
        KnownHole(
            [
                "mount", "umount2", "pivot_root", "move_mount", "open_tree", "fsopen", "fsconfig", "fsmount", "fspick", "mount_setattr", "open_tree_attr",
            ], "with the capabilities of a user namespace it changes what files the job sees, and reaches the parsers of file systems"),
        KnownHole(["open_by_handle_at"], "it opens files by number, past mounts and directories"),
        KnownHole(["init_module", "finit_module", "delete_module", "kexec_load", "kexec_file_load"], "it loads code into the kernel or in its place"),
        KnownHole(["iopl", "ioperm"], "it reaches the machine's devices"),
        KnownHole(["modify_ldt"], "it changes segments, by which sandboxes were left"),
        KnownHole(["fanotify_init", "fanotify_mark"], "it watches and holds up accesses to whole file systems"),
        KnownHole(["reboot", "swapon", "swapoff", "acct", "quotactl", "quotactl_fd", "syslog", "vhangup"], "it runs the machine; no job needs it"),
        KnownHole(["settimeofday", "clock_settime", "clock_adjtime", "adjtimex"], "it sets the machine's clock; no job needs it"),
        KnownHole(["prctl"], "with PR_SCHED_CORE it takes processor siblings away from the rest of the machine", where: argument(0, is: "PR_SCHED_CORE")),
        KnownHole(["lookup_dcookie", "uselib", "nfsservctl", "sysfs", "_sysctl", "vserver", "create_module", "query_module", "get_kernel_syms"], "no program of today uses it"),
    ]
}
