internal import BrigPolicy

/// Denying rules that keep a job's hands off its init, process 1 of its namespace, which reports how the job ended.
///
/// Where init has the job's ids (an account without a range of them, or a job that is user 0), the kernel lets the job set its limits and priority: it asks for equal ids and for nothing
/// else. A process at its limit of processor time is killed by the kernel, init or not (kernel/time/posix-cpu-timers.c), and one that never runs has nothing to say in time.
enum InitGuard {
    private static let notPermitted: Int32 = 1

    static func rules(_ abi: SeccompABI) -> [SystemCallPolicy.Rule] {
        let isIntel = abi == .x86_64
        // prlimit64, sched_setparam, sched_setscheduler, sched_setaffinity, sched_setattr: the process comes first.
        let numbers: [UInt32] = isIntel ? [302, 142, 144, 203, 314] : [261, 118, 119, 122, 274]
        var rules = numbers.map { rule($0, equal(0, 1)) }
        // setpriority, ioprio_set: first what the number is of. A process, a group of processes, or all of a user, whom init is, too.
        for (number, process) in isIntel ? [(141 as UInt32, 0 as UInt64), (251, 1)] : [(140, 0), (30, 1)] {
            rules += [rule(number, equal(0, process), equal(1, 1)), rule(number, equal(0, process + 1), equal(1, 1)), rule(number, equal(0, process + 2))]
        }
        return rules
    }

    private static func rule(_ number: UInt32, _ conditions: SystemCallPolicy.Condition...) -> SystemCallPolicy.Rule {
        .init(number: number, action: .errno(notPermitted), conditions: conditions)
    }

    private static func equal(_ index: UInt8, _ value: UInt64) -> SystemCallPolicy.Condition { .init(index: index, comparison: .equal, value: value, isWord: true) }
}
