import BrigReport
import Testing

@testable import BrigRuntime

/// The decision about a job's end, from recorded events.
struct SupervisionTests {
    private func after(_ events: [Supervision.Event], cpuLimit: UInt64? = nil, killsOnOutput: Bool = false) -> (Supervision, [Supervision.Action]) {
        var supervision = Supervision(cpuLimitNanos: cpuLimit, killsOnOutput: killsOnOutput)
        let actions = events.flatMap { supervision.handle($0) }
        return (supervision, actions)
    }

    @Test func theFirstCauseIsTheReason() {
        let (supervision, actions) = after([.wallTimer, .signal(15), .memoryCeiling, .gone])
        #expect(supervision.cause == .wallTime)
        #expect(actions == [.killAll, .killAll, .killAll])
    }

    @Test func whatEndedByItselfIsEndedForNothingElse() {
        let (supervision, _) = after([.exited(status: 0), .wallTimer, .violation(call: "ptrace"), .gone])
        #expect(supervision.cause == nil)
        #expect(supervision.status == 0)
    }

    @Test func cpuTimeCountsFromItsLimitOn() {
        #expect(after([.cpuTime(nanos: 999)], cpuLimit: 1000).0.cause == nil)
        #expect(after([.cpuTime(nanos: 1000)], cpuLimit: 1000).0.cause == .cpuTime(nanos: 1000))
        #expect(after([.cpuTime(nanos: .max)]).0.cause == nil)
    }

    @Test func outputEndsAJobOnlyWhereThePolicySaysSo() {
        #expect(after([.outputExceeded(stream: "stdout")]).1.isEmpty)
        #expect(after([.outputExceeded(stream: "stdout")], killsOnOutput: true).0.cause == .output(stream: "stdout"))
    }

    /// A job killed by its own SIGKILL, and one that the kernel killed for its memory, end with the same wait status.
    /// The third was killed for a ceiling above its own, and the fourth has none.
    @Test(arguments: [(0 as UInt64, false, 1 << 26 as UInt64?, "signaled"), (1, true, 1 << 26, "memory-limit"), (1, false, 1 << 26, "signaled"), (1, true, nil, "signaled")])
    func killedByWhomIsDecidedFromEvidence(_ oomKills: UInt64, _ isCeilingReached: Bool, _ limit: UInt64?, _ reason: String) {
        var usage = CgroupUsage()
        (usage.oomKills, usage.isCeilingReached) = (oomKills, isCeilingReached)
        let outcome = Outcome(
            supervision: after([.exited(status: 9), .gone]).0, initStatus: 0, usage: usage, memoryLimit: limit, cgroupVersion: 2, limits: Outcome.Limits(outputBytes: 0),
            filterKills: false)
        #expect(outcome.result().reason.rawValue == reason)
    }

    @Test(arguments: [(32 as UInt64?, 5 as UInt64), (31, 0), (nil, 5)]) func forksThatACeilingAboveRefusedAreNotTheJobs(_ peak: UInt64?, _ forks: UInt64) {
        var usage = CgroupUsage()
        (usage.pidsPeak, usage.pidsLimitHits) = (peak, 5)
        #expect(usage.refusedForks(limit: 32) == forks)
        #expect(usage.refusedForks(limit: nil) == 0)
    }

    @Test func anInitKilledFromOutsideIsNoEndOfTheJobs() {
        let outcome = Outcome(
            supervision: after([.gone]).0, initStatus: 9, usage: CgroupUsage(), memoryLimit: nil, cgroupVersion: nil, limits: Outcome.Limits(outputBytes: 0), filterKills: false)
        #expect(outcome.result().reason == .internalError)
    }

    @Test func aDeniedAccessThatEndsAJobIsAViolation() {
        let outcome = Outcome(
            supervision: after([.deniedAccess("open /proc/kcore"), .gone]).0, initStatus: 9, usage: CgroupUsage(), memoryLimit: nil, cgroupVersion: nil,
            limits: Outcome.Limits(outputBytes: 0), filterKills: false)
        #expect(outcome.result().reason == .policyViolation)
        #expect(outcome.result().message.contains("open /proc/kcore"))
        #expect(after([.exited(status: 0), .deniedAccess("open /proc/kcore"), .gone]).0.cause == nil)
    }
}
