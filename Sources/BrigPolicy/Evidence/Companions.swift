/// Calls that a run may or may not make with the same program and input: by the moment, not by what the program does. They are allowed beside those
/// that were seen, with a sentence.
struct Companions: Sendable {
    /// One of these was seen.
    let seen: [String]
    let calls: [String]
    let reason: String

    /// Allowed always: which of them a program ends with may not have been seen, as where a limit has ended it.
    static let ends = ["exit", "exit_group"]

    static let all = [
        Companions(
            seen: ["poll", "ppoll", "nanosleep", "clock_nanosleep", "futex", "epoll_wait", "epoll_pwait", "select", "pselect6"], calls: ["restart_syscall"],
            reason: "the kernel has it called where a wait goes on after the process was stopped"),
        Companions(seen: ["rt_sigaction"], calls: ["rt_sigreturn"], reason: "a signal that has a handler may come at any moment"),
        Companions(
            seen: ["set_robust_list"], calls: ["futex", "madvise", "mmap", "mprotect", "munmap", "sched_yield"],
            reason: "whether threads wait for each other, and where the C library takes their memory from, differs from run to run"),
    ]
}
