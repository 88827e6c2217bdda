public import BrigPlan
public import BrigPolicy
internal import Glibc

/// One job, as the command line asks for it.
public struct JobRequest: Sendable {
    /// What becomes of standard output and error.
    public enum Streams: Sendable, Equatable {
        /// The job's streams are the caller's.
        case passThrough
        /// Kept, head and tail, for the report or for files.
        case capture
        /// The job gets a terminal of its own, which brig copies from and to the caller's.
        case terminal
    }

    public var policy: Policy
    /// Nil where the image's own is asked for.
    public var command: Command?
    public var streams: Streams
    public var labels: [String: String]
    /// CLOCK_MONOTONIC when brig was started, in nanoseconds.
    public var startedNanos: UInt64

    public init(policy: Policy, command: Command?, streams: Streams = .passThrough, labels: [String: String] = [:], startedNanos: UInt64) {
        self.policy = policy
        self.command = command
        self.streams = streams
        self.labels = labels
        self.startedNanos = startedNanos
    }
}
