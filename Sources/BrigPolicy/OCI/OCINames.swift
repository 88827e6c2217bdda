/// Words of profiles that stand for something of the machine.
enum OCINames {
    /// libseccomp's tokens (seccomp_arch_add(3)).
    static let architectures = [
        "SCMP_ARCH_X86", "SCMP_ARCH_X86_64", "SCMP_ARCH_X32", "SCMP_ARCH_ARM", "SCMP_ARCH_AARCH64", "SCMP_ARCH_LOONGARCH64", "SCMP_ARCH_M68K", "SCMP_ARCH_MIPS",
        "SCMP_ARCH_MIPS64", "SCMP_ARCH_MIPS64N32", "SCMP_ARCH_MIPSEL", "SCMP_ARCH_MIPSEL64", "SCMP_ARCH_MIPSEL64N32", "SCMP_ARCH_PARISC", "SCMP_ARCH_PARISC64", "SCMP_ARCH_PPC",
        "SCMP_ARCH_PPC64", "SCMP_ARCH_PPC64LE", "SCMP_ARCH_RISCV64", "SCMP_ARCH_S390", "SCMP_ARCH_S390X", "SCMP_ARCH_SH", "SCMP_ARCH_SHEB",
    ]

    /// As `includes` and `excludes` name them.
    static let machines = [
        "amd64", "x86", "x32", "arm", "arm64", "loong64", "loongarch64", "m68k", "mips", "mips64", "mips64n32", "mipsel", "mipsel64", "mipsel64n32", "mipsle", "mips64le", "parisc",
        "parisc64", "ppc", "ppc64", "ppc64le", "riscv64", "s390", "s390x", "sh", "sheb",
    ]

    /// This machine, in both languages.
    static var machine: String { SystemCallABI.native == .aarch64 ? "arm64" : "amd64" }
    static var architecture: String { SystemCallABI.native == .aarch64 ? "SCMP_ARCH_AARCH64" : "SCMP_ARCH_X86_64" }

    /// Actions that have no counterpart, and why.
    static let refusedActions = [
        "SCMP_ACT_KILL": "it ends one thread and leaves the rest of the job running: write SCMP_ACT_KILL_PROCESS",
        "SCMP_ACT_KILL_THREAD": "it ends one thread and leaves the rest of the job running: write SCMP_ACT_KILL_PROCESS",
        "SCMP_ACT_TRAP": "it sends SIGSYS to a handler of the program's own: write SCMP_ACT_ERRNO or SCMP_ACT_KILL_PROCESS",
        "SCMP_ACT_TRACE": "it asks a tracer, and brig attaches none: write SCMP_ACT_ERRNO",
        "SCMP_ACT_NOTIFY": "it asks another process, which brig does not do: write SCMP_ACT_ERRNO",
    ]

    static let actions = ["SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO", "SCMP_ACT_KILL_PROCESS", "SCMP_ACT_LOG"]
}
