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

    /// Calls that the policy refuses run and are counted, and more than counts is kept.
    public struct Audit: Sendable, Equatable {
        public var keepsFiles: Bool
        public var keepsPrograms: Bool
        public var keepsAddresses: Bool
        /// Nil: eBPF where the host allows it.
        public var engine: RecordingEngine?

        public init(keepsFiles: Bool = false, keepsPrograms: Bool = false, keepsAddresses: Bool = false, engine: RecordingEngine? = nil) {
            self.keepsFiles = keepsFiles
            self.keepsPrograms = keepsPrograms
            self.keepsAddresses = keepsAddresses
            self.engine = engine
        }
    }

    public var policy: Policy
    /// Nil where the image's own is asked for.
    public var command: Command?
    public var streams: Streams
    public var labels: [String: String]
    /// CLOCK_MONOTONIC when brig was started, in nanoseconds.
    public var startedNanos: UInt64
    /// Nil: the policy is enforced.
    public var audit: Audit?

    public init(policy: Policy, command: Command?, streams: Streams = .passThrough, labels: [String: String] = [:], startedNanos: UInt64, audit: Audit? = nil) {
        self.policy = policy
        self.command = command
        self.streams = streams
        self.labels = labels
        self.startedNanos = startedNanos
        self.audit = audit
    }
}

/// What counts all calls of a job.
public enum RecordingEngine: String, Sendable, CaseIterable {
    /// Programs in the kernel.
    case ebpf
    /// The supervisor, asked about each call: for ordinary users.
    case notification = "seccomp-notify"
}
