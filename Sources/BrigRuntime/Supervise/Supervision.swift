internal import BrigPolicy

/// What has been decided about a running job, from the events so far. Pure: events in, actions out, no clock and no system call, so that it can
/// be run from a list of events.
struct Supervision: Equatable {
    enum Event: Equatable {
        /// Init's word: the job's main process has ended with this wait status.
        case exited(status: Int32)
        /// Init is gone, and with it every process.
        case gone
        case wallTimer
        /// CPU time of the tree so far.
        case cpuTime(nanos: UInt64)
        /// The memory ceiling was reached (version 1; version 2 kills by itself).
        case memoryCeiling
        /// The policy ends the job for a call.
        case violation(call: String)
        /// The policy ends the job for an access that AppArmor denied.
        case deniedAccess(String)
        /// The ceiling of processes was reached, and the policy ends the job for that.
        case pidsCeiling
        case outputExceeded(stream: String)
        /// brig was told to stop.
        case signal(Int32)
        /// Something that brig itself needs has failed.
        case failure(LaunchError)
    }

    enum Action: Equatable {
        case killAll
    }

    /// Why brig ended the job.
    enum Cause: Equatable {
        case wallTime
        case cpuTime(nanos: UInt64)
        case memory
        case violation(call: String)
        case deniedAccess(String)
        case pids
        case output(stream: String)
        case signal(Int32)
        case failure(LaunchError)
    }

    let cpuLimitNanos: UInt64?
    let killsOnOutput: Bool
    /// The first that came; what comes after it changes nothing any more.
    private(set) var cause: Cause?
    private(set) var status: Int32?
    private(set) var isGone = false
    private(set) var memoryCeilingReached = false

    init(cpuLimitNanos: UInt64?, killsOnOutput: Bool) {
        self.cpuLimitNanos = cpuLimitNanos
        self.killsOnOutput = killsOnOutput
    }

    mutating func handle(_ event: Event) -> [Action] {
        switch event {
        case .exited(let status):
            self.status = status
            return []
        case .gone:
            isGone = true
            return []
        case .memoryCeiling:
            memoryCeilingReached = true
            return end(.memory)
        case .wallTimer: return end(.wallTime)
        case .cpuTime(let nanos):
            guard let limit = cpuLimitNanos, nanos >= limit else { return [] }
            return end(.cpuTime(nanos: nanos))
        case .violation(let call): return end(.violation(call: call))
        case .deniedAccess(let access): return end(.deniedAccess(access))
        case .pidsCeiling: return end(.pids)
        case .outputExceeded(let stream): return killsOnOutput ? end(.output(stream: stream)) : []
        case .signal(let number): return end(.signal(number))
        case .failure(let error): return end(.failure(error))
        }
    }

    /// A job whose main process has ended by itself is over: nothing ends it for another reason.
    private mutating func end(_ cause: Cause) -> [Action] {
        if self.cause == nil, status == nil, !isGone { self.cause = cause }
        return isGone ? [] : [.killAll]
    }
}
