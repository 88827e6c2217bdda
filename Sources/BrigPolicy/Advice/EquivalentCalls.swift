/// Calls that do the same: to deny one of them and allow another denies nothing.
enum EquivalentCalls {
    static let all: [[String]] = [
        ["open", "openat", "openat2"], ["creat", "openat", "open"], ["execve", "execveat"], ["fork", "vfork", "clone", "clone3"], ["chmod", "fchmod", "fchmodat", "fchmodat2"],
        ["chown", "lchown", "fchown", "fchownat"], ["unlink", "unlinkat"], ["rmdir", "unlinkat"], ["rename", "renameat", "renameat2"], ["mkdir", "mkdirat"], ["mknod", "mknodat"],
        ["link", "linkat"], ["symlink", "symlinkat"], ["readlink", "readlinkat"], ["access", "faccessat", "faccessat2"], ["truncate", "ftruncate"],
        ["kill", "tkill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "pidfd_send_signal"], ["unshare", "clone3"], ["mount", "fsopen", "move_mount", "open_tree"],
        ["init_module", "finit_module"], ["kexec_load", "kexec_file_load"], ["settimeofday", "clock_settime"], ["adjtimex", "clock_adjtime"], ["ptrace", "process_vm_writev"],
        ["process_vm_readv", "ptrace"], ["sendto", "sendmsg", "sendmmsg"], ["recvfrom", "recvmsg", "recvmmsg"], ["accept", "accept4"], ["setuid", "setreuid", "setresuid"],
        ["setgid", "setregid", "setresgid"], ["setxattr", "lsetxattr", "fsetxattr", "setxattrat"], ["setrlimit", "prlimit64"], ["sched_setscheduler", "sched_setattr"],
        ["utime", "utimes", "utimensat", "futimesat"], ["mlock", "mlock2", "mlockall"], ["dup", "dup2", "dup3"], ["io_submit", "io_uring_enter"],
        // A ring does these without a call.
        ["connect", "io_uring_enter"], ["socket", "io_uring_enter"], ["openat", "io_uring_enter"], ["bind", "io_uring_enter"],
    ]

    /// Calls that do what a rule on another's arguments denies, since they take the same in memory, where no filter reads it, or for another purpose.
    private static let pastArguments = [
        "clone": ["clone3", "unshare"], "unshare": ["clone3"], "open": ["openat2", "io_uring_enter"], "openat": ["openat2", "io_uring_enter"], "socket": ["io_uring_enter"],
    ]

    /// The calls that do what one does; with `byArguments` those that do what some arguments of it do.
    static func others(_ name: String, byArguments: Bool) -> [String] {
        if byArguments { return pastArguments[name] ?? [] }
        var found: [String] = []
        for group in all where group.contains(name) { for other in group where other != name && !found.contains(other) { found.append(other) } }
        return found
    }
}
