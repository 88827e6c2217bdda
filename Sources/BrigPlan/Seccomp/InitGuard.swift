internal import BrigPolicy

/// Denying rules that keep a job's hands off its init, process 1 of its namespace, which reports how the job ended.
///
/// Where init has the job's ids (an account without a range of them, or a job that is user 0), the kernel lets the job set its limits: prlimit(2) asks for equal ids and for nothing
/// else, and a process at its limit of processor time is killed by the kernel, init or not (kernel/time/posix-cpu-timers.c).
enum InitGuard {
    private static let notPermitted: Int32 = 1

    static func rules(_ abi: SeccompABI) -> [SystemCallPolicy.Rule] {
        // prlimit64
        [.init(number: abi == .x86_64 ? 302 : 261, action: .errno(notPermitted), conditions: [.init(index: 0, comparison: .equal, value: 1, isWord: true)])]
    }
}
