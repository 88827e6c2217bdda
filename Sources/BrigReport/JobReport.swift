/// What one job was, did, used and was held to. One JSON object; see the reference page for every figure's source.
///
/// A figure that the host cannot give is nil here, null in the JSON, with an entry in `unavailable` under its JSON pointer.
public struct JobReport: Sendable, Equatable {
    public static let version = 1

    public var brig: Build
    public var job: Job
    public var policy: PolicyIdentity?
    public var image: Image?
    public var process: ProcessSettings?
    public var host: Host
    public var result: JobResult
    public var time = Times()
    public var resources = Resources()
    public var output = Output()
    public var violations: [Violation] = []
    public var systemCalls = SystemCalls()
    public var enforcement: Enforcement?
    public var degraded: [Degradation] = []
    /// JSON pointer of a null figure, and why it is null.
    public var unavailable: [String: String] = [:]

    public init(brig: Build, job: Job, policy: PolicyIdentity?, image: Image?, host: Host, result: JobResult) {
        self.brig = brig
        self.job = job
        self.policy = policy
        self.image = image
        self.host = host
        self.result = result
    }
}

extension JobReport {
    /// `brig`
    public struct Build: Sendable, Equatable {
        public var version: String
        public var commit: String?
        public init(version: String, commit: String?) {
            self.version = version
            self.commit = commit
        }
    }

    /// `job`
    public struct Job: Sendable, Equatable {
        public var id: String
        public var command: [String]
        /// RFC 3339, UTC, milliseconds.
        public var startedAt: String
        public var labels: [String: String]
        public init(id: String, command: [String], startedAt: String, labels: [String: String]) {
            self.id = id
            self.command = command
            self.startedAt = startedAt
            self.labels = labels
        }
    }

    /// `policy`
    public struct PolicyIdentity: Sendable, Equatable {
        public struct Override: Sendable, Equatable {
            public var pointer: String
            public var flag: String
            public init(pointer: String, flag: String) {
                self.pointer = pointer
                self.flag = flag
            }
        }
        public var name: String?
        public var path: String
        public var isBuiltIn: Bool
        public var sha256: String
        public var resolvedSHA256: String
        public var overrides: [Override]
        public init(name: String?, path: String, isBuiltIn: Bool, sha256: String, resolvedSHA256: String, overrides: [Override]) {
            self.name = name
            self.path = path
            self.isBuiltIn = isBuiltIn
            self.sha256 = sha256
            self.resolvedSHA256 = resolvedSHA256
            self.overrides = overrides
        }
    }

    /// `image`
    public struct Image: Sendable, Equatable {
        public var reference: String
        public var digest: String?
        public var layers: Int?
        public init(reference: String, digest: String? = nil, layers: Int? = nil) {
            self.reference = reference
            self.digest = digest
            self.layers = layers
        }
    }

    /// `process`
    public struct ProcessSettings: Sendable, Equatable {
        /// Who said so: `command-line`, `policy`, `image`, `built-in-policy`, `caller` or `default`.
        public typealias Source = String

        /// Program and arguments.
        public var arguments: [String]
        public var argumentsSource: Source
        public var workingDirectory: String
        public var workingDirectorySource: Source
        /// As numbered inside the job.
        public var user: UInt32
        public var userSource: Source
        public var group: UInt32
        public var groupSource: Source
        /// By the variable's name; values may be secrets.
        public var environment: [String: Source]

        public init(
            arguments: (value: [String], source: Source), workingDirectory: (value: String, source: Source), user: (value: UInt32, source: Source), group: (value: UInt32, source: Source),
            environment: [String: Source]
        ) {
            (self.arguments, argumentsSource) = arguments
            (self.workingDirectory, workingDirectorySource) = workingDirectory
            (self.user, userSource) = user
            (self.group, groupSource) = group
            self.environment = environment
        }
    }

    /// `host`
    public struct Host: Sendable, Equatable {
        public var kernel: String
        public var architecture: String
        /// 1, 2, or nil where no cgroup controller was used.
        public var cgroupVersion: Int?
        public init(kernel: String, architecture: String, cgroupVersion: Int?) {
            self.kernel = kernel
            self.architecture = architecture
            self.cgroupVersion = cgroupVersion
        }
    }

    /// `result`
    public struct JobResult: Sendable, Equatable {
        public var reason: Reason
        public var exitCode: Int?
        /// The signal's name (`SIGSEGV`).
        public var signal: String?
        public var isCoreDumped: Bool
        /// One sentence for a person.
        public var message: String
        /// What proves the reason.
        public var evidence: [String: EvidenceValue]
        public init(reason: Reason, exitCode: Int? = nil, signal: String? = nil, isCoreDumped: Bool = false, message: String, evidence: [String: EvidenceValue] = [:]) {
            self.reason = reason
            self.exitCode = exitCode
            self.signal = signal
            self.isCoreDumped = isCoreDumped
            self.message = message
            self.evidence = evidence
        }
    }

    public enum Reason: String, Sendable, CaseIterable {
        case exited, signaled
        case memoryLimit = "memory-limit"
        case pidsLimit = "pids-limit"
        case wallTime = "wall-time"
        case cpuTime = "cpu-time"
        case outputLimit = "output-limit"
        case policyViolation = "policy-violation"
        case cancelled
        case setupFailed = "setup-failed"
        case internalError = "internal-error"
    }

    public enum EvidenceValue: Sendable, Equatable {
        case text(String)
        case integer(Int64)
        case flag(Bool)
    }

    /// `time`, all in nanoseconds of the monotonic clock or of the scheduler.
    public struct Times: Sendable, Equatable {
        /// From the start of brig to the job's first instruction.
        public var setupNanos: UInt64?
        /// From the job's first instruction to its end.
        public var wallNanos: UInt64?
        public var userNanos: UInt64?
        public var systemNanos: UInt64?
        /// From the job's end to the moment this report was encoded.
        public var teardownNanos: UInt64?
        /// Where user and system time come from (`cpuacct`, `cpu.stat`, `rusage`).
        public var source: String?
        public init() {}
    }

    /// `resources`
    public struct Resources: Sendable, Equatable {
        public var memory = Memory()
        public var cpu = CPU()
        public var pids = PIDs()
        public var io = IO()
        public var pressure = Pressure()
        public var faults = Faults()
        public var network = NetworkTraffic()
        public var scratch = Scratch()
        public var timeline: [Sample] = []
        public init() {}
    }

    public struct Memory: Sendable, Equatable {
        public var peakBytes: UInt64?
        public var limitBytes: UInt64?
        public var anonPeakBytes: UInt64?
        public var oomKills: UInt64?
        public var limitHits: UInt64?
        public var swapPeakBytes: UInt64?
        /// Largest resident set of one process (getrusage(2)).
        public var maxResidentBytes: UInt64?
        /// The file that `peakBytes` was read from.
        public var source: String?
        public init() {}
    }

    public struct CPU: Sendable, Equatable {
        public var throttledNanos: UInt64?
        public var throttledPeriods: UInt64?
        public var voluntarySwitches: UInt64?
        public var involuntarySwitches: UInt64?
        public init() {}
    }

    public struct PIDs: Sendable, Equatable {
        public var peak: UInt64?
        public var limit: UInt64?
        public var limitHits: UInt64?
        public var source: String?
        public init() {}
    }

    public struct IO: Sendable, Equatable {
        public var readBytes: UInt64?
        public var writtenBytes: UInt64?
        public var readOperations: UInt64?
        public var writeOperations: UInt64?
        public var source: String?
        public init() {}
    }

    public struct Pressure: Sendable, Equatable {
        public var memorySomeMicros: UInt64?
        public var cpuSomeMicros: UInt64?
        public var ioSomeMicros: UInt64?
        public init() {}
    }

    public struct Faults: Sendable, Equatable {
        public var minor: UInt64?
        public var major: UInt64?
        public init() {}
    }

    public struct NetworkTraffic: Sendable, Equatable {
        public var receivedBytes: UInt64?
        public var sentBytes: UInt64?
        public init() {}
    }

    public struct Scratch: Sendable, Equatable {
        public var bytes: UInt64?
        public var inodes: UInt64?
        public init() {}
    }

    public struct Sample: Sendable, Equatable {
        public var atMillis: UInt64
        public var memoryBytes: UInt64?
        public var cpuMillis: UInt64?
        public var pids: UInt64?
        public init(atMillis: UInt64, memoryBytes: UInt64?, cpuMillis: UInt64?, pids: UInt64?) {
            self.atMillis = atMillis
            self.memoryBytes = memoryBytes
            self.cpuMillis = cpuMillis
            self.pids = pids
        }
    }

    /// `output`. Byte counts are nil where the stream was passed through.
    public struct Output: Sendable, Equatable {
        public var stdoutBytes: UInt64?
        public var stderrBytes: UInt64?
        public var droppedBytes: UInt64?
        public var stdout: Captured?
        public var stderr: Captured?
        public init() {}
    }

    /// A captured stream: its first and its last bytes.
    public struct Captured: Sendable, Equatable {
        public var head: [UInt8]
        public var tail: [UInt8]
        public var droppedBytes: UInt64
        public init(head: [UInt8], tail: [UInt8], droppedBytes: UInt64) {
            self.head = head
            self.tail = tail
            self.droppedBytes = droppedBytes
        }
    }

    /// One of `violations`.
    public struct Violation: Sendable, Equatable {
        public enum Kind: String, Sendable, CaseIterable {
            case systemCall = "syscall"
            case capability, apparmor, memory, pids, time, output
            case fileSize = "file-size"
        }
        public struct Process: Sendable, Equatable {
            /// As numbered inside the job.
            public var pid: Int?
            public var command: String?
            public init(pid: Int?, command: String?) {
                self.pid = pid
                self.command = command
            }
        }
        public var kind: Kind
        public var name: String
        public var number: UInt32?
        /// `x86_64`, `x32`, `i386`, `aarch64`, `arm`
        public var abi: String?
        /// Raw register values of the first occurrence.
        public var arguments: [UInt64]
        /// `EPERM`, `ENOSYS`, `kill`
        public var action: String
        public var process: Process?
        public var firstAtMillis: UInt64?
        public var count: UInt64
        public var isSaturated: Bool
        /// For kinds other than `syscall`: what was tried (operation, path, requested), by name.
        public var details: [String: String]
        public init(
            kind: Kind, name: String, number: UInt32? = nil, abi: String? = nil, arguments: [UInt64] = [], action: String, process: Process? = nil, firstAtMillis: UInt64? = nil,
            count: UInt64, isSaturated: Bool = false, details: [String: String] = [:]
        ) {
            self.kind = kind
            self.name = name
            self.number = number
            self.abi = abi
            self.arguments = arguments
            self.action = action
            self.process = process
            self.firstAtMillis = firstAtMillis
            self.count = count
            self.isSaturated = isSaturated
            self.details = details
        }
    }

    /// `enforcement`: read back from the kernel after the set-up and before the job's first instruction.
    public struct Enforcement: Sendable, Equatable {
        public struct Seccomp: Sendable, Equatable {
            public var mode: Int
            public var filters: Int?
            public var instructions: Int
            public var sha256: String
            public init(mode: Int, filters: Int?, instructions: Int, sha256: String) {
                self.mode = mode
                self.filters = filters
                self.instructions = instructions
                self.sha256 = sha256
            }
        }
        public struct Capabilities: Sendable, Equatable {
            public var bounding: UInt64
            public var permitted: UInt64
            public var effective: UInt64
            public var inheritable: UInt64
            public var ambient: UInt64
            /// Names of the effective set.
            public var names: [String]
            public init(bounding: UInt64, permitted: UInt64, effective: UInt64, inheritable: UInt64, ambient: UInt64, names: [String]) {
                self.bounding = bounding
                self.permitted = permitted
                self.effective = effective
                self.inheritable = inheritable
                self.ambient = ambient
                self.names = names
            }
        }
        public struct AppArmor: Sendable, Equatable {
            public var requested: String?
            public var current: String?
            public init(requested: String?, current: String?) {
                self.requested = requested
                self.current = current
            }
        }
        public struct Namespace: Sendable, Equatable {
            public var inode: UInt64
            /// Its inode differs from that of brig's own.
            public var isFresh: Bool
            public init(inode: UInt64, isFresh: Bool) {
                self.inode = inode
                self.isFresh = isFresh
            }
        }
        public struct Cgroup: Sendable, Equatable {
            public var version: Int
            public var memoryMax: UInt64?
            public var swapMax: UInt64?
            public var pidsMax: UInt64?
            /// `quota period` in microseconds, as the kernel writes it.
            public var cpuMax: String?
            /// A disk each, as io.max has it.
            public var ioMax: [String] = []
            public init(version: Int) { self.version = version }
        }
        public struct IDRange: Sendable, Equatable {
            public var inside: UInt32
            public var outside: UInt32
            public var count: UInt32
            public init(inside: UInt32, outside: UInt32, count: UInt32) {
                self.inside = inside
                self.outside = outside
                self.count = count
            }
        }

        /// `exec`: the job was stopped between exec and its first instruction; `before-exec`: just before the exec (another tracer was there).
        public var readAt: String
        public var seccomp: Seccomp
        public var capabilities: Capabilities
        public var noNewPrivileges: Bool
        public var appArmor: AppArmor
        /// By the name of /proc/PID/ns.
        public var namespaces: [String: Namespace]
        public var cgroup: Cgroup?
        public var idMap: [IDRange]
        public var groupMap: [IDRange]
        public var mounts: Int
        public init(
            readAt: String, seccomp: Seccomp, capabilities: Capabilities, noNewPrivileges: Bool, appArmor: AppArmor, namespaces: [String: Namespace], cgroup: Cgroup?,
            idMap: [IDRange],
            groupMap: [IDRange], mounts: Int
        ) {
            self.readAt = readAt
            self.seccomp = seccomp
            self.capabilities = capabilities
            self.noNewPrivileges = noNewPrivileges
            self.appArmor = appArmor
            self.namespaces = namespaces
            self.cgroup = cgroup
            self.idMap = idMap
            self.groupMap = groupMap
            self.mounts = mounts
        }
    }

    /// One of `degraded`: a protection that the policy did not require and this host could not give.
    public struct Degradation: Sendable, Equatable {
        public var protection: String
        public var reason: String
        public init(protection: String, reason: String) {
            self.protection = protection
            self.reason = reason
        }
    }
}
