internal import BrigSystem
internal import CBrigLinux
internal import CSeccomp
internal import Glibc

/// What the process that reads archives gives up before it reads the first byte.
///
/// In this order: room (limits of memory, files, time), the file system (its own mount namespace with the target as root, then Landlock),
/// capabilities but those that set owners and modes, new privileges, system calls. One of pivot and Landlock must hold, the rest must.
enum Confinement {
    /// Confines the calling process for good.
    ///
    /// - Parameters:
    ///   - writable: a directory, the only place where anything may be written; -1 for none. Gets the number to use from now on.
    ///   - readable: a directory that may be read; -1 for none.
    static func enter(writable: inout Int32, readable: Int32, limits: UnpackLimits) throws(ImageError) {
        try limitRoom(limits)
        let target = writable >= 0 ? writable : readable
        var root: Int32 = -1
        if target >= 0 { root = brig_unpack_pivot(target) }
        let pivoted = root >= 0
        if pivoted, writable >= 0 { writable = root }
        try require("dropping capabilities") { brig_unpack_drop_capabilities(kept) }
        try require("giving up new privileges") { brig_unpack_no_new_privileges() }
        if brig_unpack_landlock(writable, readable) < 0 {
            let reason = errnoName(errno)
            guard pivoted || target < 0 else {
                throw ImageError(
                    .confinement, "unpacking cannot be confined: no mount namespace and no Landlock (\(reason))",
                    hint: "allow user namespaces, or run a kernel with Landlock (5.13)")
            }
        }
        try filterSystemCalls()
    }

    /// CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_FOWNER and CAP_FSETID: of the process's own namespace, where it has one.
    private static let kept: UInt64 = 1 << 0 | 1 << 1 | 1 << 3 | 1 << 4

    private static func require(_ what: String, _ body: () -> Int32) throws(ImageError) {
        guard body() < 0 else { return }
        throw ImageError(.confinement, "unpacking cannot be confined: \(what) failed: \(errnoText(errno))")
    }

    private static func limitRoom(_ limits: UnpackLimits) throws(ImageError) {
        let rooms: [(resource: __rlimit_resource, value: UInt64)] = [
            // zstd asks for up to 128 MiB of window; the rest is libraries that are mapped.
            (RLIMIT_AS, 1 << 30), (RLIMIT_CORE, 0), (RLIMIT_NOFILE, 1024), (RLIMIT_FSIZE, limits.layerBytes.bytes),
        ]
        for (resource, value) in rooms {
            var room = rlimit(rlim_cur: rlim_t(value), rlim_max: rlim_t(value))
            try require("a resource limit") { unsafe setrlimit(__rlimit_resource_t(resource.rawValue), &room) }
        }
        alarm(UInt32(clamping: limits.seconds))
    }

    /// System calls that unpacking makes. Every other one fails with EPERM: no sockets, no programs, no processes, no signals to others.
    private static let allowed = [
        "read", "readv", "pread64", "write", "writev", "pwrite64", "lseek", "close", "dup", "fcntl", "open", "openat", "openat2", "fstat", "lstat", "stat", "newfstatat", "statx",
        "getdents64", "readlinkat", "mkdirat", "unlinkat", "linkat", "symlinkat", "renameat", "renameat2", "ftruncate", "fallocate", "fchmod", "fchown", "fchownat", "utimensat",
        "fsetxattr", "fgetxattr", "flistxattr", "fsync", "fdatasync", "syncfs", "sync_file_range", "sendto", "recvfrom", "sendmsg", "recvmsg",
        "brk", "mmap", "munmap", "mremap", "madvise", "futex", "sched_yield", "set_robust_list", "rseq", "getrandom", "clock_gettime", "gettimeofday", "rt_sigprocmask", "rt_sigaction", "rt_sigreturn",
        "getpid", "gettid", "getuid", "geteuid", "restart_syscall", "exit", "exit_group",
    ]

    private static func filterSystemCalls() throws(ImageError) {
        let failure = ImageError(.confinement, "unpacking cannot be confined: the system call filter cannot be installed")
        guard let filter = unsafe seccomp_init(SCMP_ACT_ERRNO_EPERM) else { throw failure }
        defer { unsafe seccomp_release(filter) }
        for name in allowed {
            let number = unsafe seccomp_syscall_resolve_name(name)
            // A name of another architecture (`open` on arm64) has no number here.
            guard number >= 0 else { continue }
            guard unsafe seccomp_rule_add_array(filter, SCMP_ACT_ALLOW_, number, 0, nil) == 0 else { throw failure }
        }
        unsafe try allowWhiteouts(filter, failure)
        unsafe try allowThreads(filter, failure)
        guard unsafe seccomp_load(filter) == 0 else { throw failure }
    }

    /// clone(2) of a thread of this process, with the flags of the C library and no others; it falls back from clone3(2), whose flags lie in memory.
    private static func allowThreads(_ filter: scmp_filter_ctx, _ failure: ImageError) throws(ImageError) {
        let flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID
        var exact = [scmp_arg_cmp(arg: 0, op: SCMP_CMP_EQ, datum_a: UInt64(UInt32(bitPattern: flags)), datum_b: 0)]
        let clone = unsafe seccomp_syscall_resolve_name("clone")
        guard unsafe seccomp_rule_add_array(filter, SCMP_ACT_ALLOW_, clone, 1, &exact) == 0 else { throw failure }
        let clone3 = unsafe seccomp_syscall_resolve_name("clone3")
        if clone3 >= 0 { guard unsafe seccomp_rule_add_array(filter, SCMP_ACT_ERRNO_ENOSYS, clone3, 0, nil) == 0 else { throw failure } }
    }

    /// mknodat(2) of the device 0:0 alone: a whiteout. And mprotect(2) that makes nothing executable.
    private static func allowWhiteouts(_ filter: scmp_filter_ctx, _ failure: ImageError) throws(ImageError) {
        var device = [
            scmp_arg_cmp(arg: 2, op: SCMP_CMP_MASKED_EQ, datum_a: UInt64(S_IFMT), datum_b: UInt64(S_IFCHR)),
            scmp_arg_cmp(arg: 3, op: SCMP_CMP_EQ, datum_a: 0, datum_b: 0),
        ]
        let mknodat = unsafe seccomp_syscall_resolve_name("mknodat")
        guard unsafe seccomp_rule_add_array(filter, SCMP_ACT_ALLOW_, mknodat, 2, &device) == 0 else { throw failure }
        var protection = [scmp_arg_cmp(arg: 2, op: SCMP_CMP_MASKED_EQ, datum_a: UInt64(PROT_EXEC), datum_b: 0)]
        let mprotect = unsafe seccomp_syscall_resolve_name("mprotect")
        guard unsafe seccomp_rule_add_array(filter, SCMP_ACT_ALLOW_, mprotect, 1, &protection) == 0 else { throw failure }
    }
}

// Macros with arguments, which Swift does not import: SCMP_ACT_ALLOW and SCMP_ACT_ERRNO(…).
private let SCMP_ACT_ALLOW_: UInt32 = 0x7fff_0000
private let SCMP_ACT_ERRNO_EPERM: UInt32 = 0x0005_0000 | UInt32(EPERM)
private let SCMP_ACT_ERRNO_ENOSYS: UInt32 = 0x0005_0000 | UInt32(ENOSYS)
