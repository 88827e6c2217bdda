/// Calls by which a job has its calls answered before the policy's filter sees them, or against its word: a filter of its own (the strictest answer wins, and one that asks nobody is
/// stricter than one that asks the supervisor: seccomp(2)), dispatch to itself (prctl(2), PR_SET_SYSCALL_USER_DISPATCH), a tracer that emulates them, puts -1 in a call's place, which no filter is asked about, or sets a dispatch (ptrace(2)).
/// Nothing that the policy denies takes effect by these, and nothing of it is seen. So they are asked about where they are allowed, and a report is not complete once one was made.
public enum OwnFilters {
    /// seccomp with SECCOMP_SET_MODE_FILTER; prctl with PR_SET_SECCOMP and PR_SET_SYSCALL_USER_DISPATCH; ptrace with PTRACE_SYSCALL,
    /// PTRACE_SYSEMU, PTRACE_SYSEMU_SINGLESTEP and PTRACE_SET_SYSCALL_USER_DISPATCH_CONFIG.
    public static func calls(_ abi: SeccompABI) -> [AskedCall] {
        let (seccomp, prctl): (UInt32, UInt32) = abi == .x86_64 ? (317, 157) : (277, 167)
        return [AskedCall(number: seccomp, values: [1]), AskedCall(number: prctl, values: [22, 59]), AskedCall(number: ExitStops.ptrace(abi), values: [24, 31, 32, 0x4210])]
    }

    /// The same, and those that the supervisor grants one by one.
    static func asked(_ abi: SeccompABI) -> [AskedCall] {
        calls(abi).map { $0.number == ExitStops.ptrace(abi) ? AskedCall(number: $0.number, values: $0.values + ExitStops.call(abi).values) : $0 }
    }
}
