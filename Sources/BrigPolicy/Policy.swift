public import BrigSystem

/// A policy that has been validated: every name resolved, every value in range. Only the validator makes one; after it nothing is checked again.
public struct Policy: Sendable, Equatable {
    public internal(set) var name: String?
    public internal(set) var description: String?
    public internal(set) var rootfs: RootFileSystem
    public internal(set) var mounts: [Mount]
    public internal(set) var process: ProcessSettings
    public internal(set) var network: Network
    public internal(set) var systemCalls: SystemCallPolicy
    public internal(set) var capabilities: CapabilityPolicy
    public internal(set) var appArmor: AppArmorPolicy
    public internal(set) var limits: Limits
    public internal(set) var onViolation: ViolationResponse

    /// Where it came from, and the digests of what was read and of what it resolved to.
    public internal(set) var origin: Origin
}

/// A value, and whether a host that cannot enforce it must refuse the job (`required`) or may run it with a note under `degraded`.
public struct Demand<Value: Sendable & Equatable>: Sendable, Equatable {
    public let value: Value
    public let isRequired: Bool

    public init(_ value: Value, isRequired: Bool = true) {
        self.value = value
        self.isRequired = isRequired
    }
}

extension Policy {
    /// What was read and what it became.
    public struct Origin: Sendable, Equatable {
        /// The built-in name, or the path as given.
        public let path: String
        public let isBuiltIn: Bool
        /// SHA-256 of the file's bytes, lower-case hexadecimal.
        public let sha256: String
        /// SHA-256 of the resolved policy (bases merged, flags applied) in canonical JSON.
        public let resolvedSHA256: String
        /// Command line flags that replaced fields, as JSON pointers with the flag, in the order given.
        public let overrides: [Override]
        /// Who said what the job's process is.
        public internal(set) var process: ProcessSources

        public struct Override: Sendable, Equatable {
            /// `/limits/memory`
            public let pointer: String
            /// `--memory`
            public let flag: String
        }
    }

    /// `rootfs`
    public struct RootFileSystem: Sendable, Equatable {
        public internal(set) var image: ImageReference
        /// `sha256:` and 64 hexadecimal digits, or nil.
        public internal(set) var digest: String?
        public internal(set) var isScratch: Bool
        /// Bound of the scratch layer, in bytes and in inodes.
        public internal(set) var scratchSize: ByteCount
        public internal(set) var scratchInodes: UInt64
    }

    /// `rootfs.image`
    public enum ImageReference: Sendable, Equatable {
        case host
        /// `dir:PATH`
        case directory(String)
        /// `tar:PATH`
        case tar(String)
        /// `docker-archive:PATH[:TAG]`
        case dockerArchive(path: String, tag: String?)
        /// `oci:DIR[:TAG]`
        case oci(path: String, tag: String?)
        /// `squashfs:FILE`, `erofs:FILE`
        case file(String, FileSystem)
        /// The name or `sha256:` id of an imported image.
        case stored(String)

        /// A file system that a file can be.
        public enum FileSystem: String, Sendable, CaseIterable { case squashfs, erofs }
    }

    /// One of `mounts`. Always nosuid and nodev.
    public struct Mount: Sendable, Equatable {
        public enum Kind: Sendable, Equatable {
            /// A file or directory of the host (absolute path).
            case bind(source: String)
            /// A fresh file system in memory, at most `size` bytes.
            case tmpfs(size: ByteCount)
        }
        public internal(set) var kind: Kind
        /// Absolute path in the job's root.
        public internal(set) var target: String
        public internal(set) var isReadOnly: Bool
        public internal(set) var isExecutable: Bool
    }

    /// `process`
    public struct ProcessSettings: Sendable, Equatable {
        public internal(set) var user: Identity
        public internal(set) var group: Identity
        public internal(set) var workingDirectory: String
        public internal(set) var hostName: String
        public internal(set) var umask: UInt32
        /// `argv[0]` where it differs from the program.
        public internal(set) var arguments0: String?
        /// The whole environment, sorted by name.
        public internal(set) var environment: [EnvironmentVariable]
        /// Names that are copied from the caller where it has them.
        public internal(set) var inheritEnvironment: [String]
        /// A reaper as pid 1.
        public internal(set) var hasInit: Bool
    }

    /// A user or group inside the job: a number (0 to 65535), or a name to be looked up in the image's own passwd or group file.
    public enum Identity: Sendable, Equatable {
        case number(UInt32)
        case name(String)
    }

    public struct EnvironmentVariable: Sendable, Equatable {
        public let name: String
        public let value: String

        public init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    /// `namespaces.network`
    public enum Network: Sendable, Equatable {
        /// A fresh one with only the loopback device, up.
        case none
        /// That of a running job.
        case job(String)
        /// The host's own (the policy says `acceptRisk`).
        case host
    }

    /// `capabilities`
    public struct CapabilityPolicy: Sendable, Equatable {
        /// Bit N set: capability number N (linux/capability.h) is retained.
        public internal(set) var retained: UInt64
        public internal(set) var isAmbient: Bool
    }

    /// `apparmor`
    public struct AppArmorPolicy: Sendable, Equatable {
        /// The profile entered at exec; nil where the policy says `unconfined`.
        public internal(set) var profile: String?
        public internal(set) var isRequired: Bool
    }

    /// `limits`. Nil: no limit asked for.
    public struct Limits: Sendable, Equatable {
        public internal(set) var memory: Demand<ByteCount>?
        /// Swap on top of memory; 0 unless the policy says otherwise.
        public internal(set) var swap: Demand<ByteCount>
        /// Whether a job that reaches its memory ceiling is ended as a whole (true) or loses the process that the kernel picks.
        public internal(set) var oomGroup: Bool
        public internal(set) var pids: Demand<UInt64>?
        /// Cores, in thousandths (1500: one and a half).
        public internal(set) var milliCPUs: Demand<UInt64>?
        public internal(set) var cpuTime: Demand<Duration>?
        public internal(set) var wallTime: Duration?
        /// Captured bytes of standard output and error, each.
        public internal(set) var output: ByteCount
        /// What happens when a captured stream exceeds `output`: keep head and tail and count (`truncate`), or end the job (`kill`).
        public internal(set) var onOutput: OutputResponse
        public internal(set) var fileSize: ByteCount?
        public internal(set) var openFiles: UInt64?
        public internal(set) var coreSize: ByteCount
        public internal(set) var stack: ByteCount?
        public internal(set) var lockedMemory: ByteCount
        public internal(set) var realtimePriority: UInt64
        public internal(set) var io: [IOLimit]
    }

    public enum OutputResponse: String, Sendable, CaseIterable { case truncate, kill }

    /// One of `limits.io`.
    public struct IOLimit: Sendable, Equatable {
        public enum Target: Sendable, Equatable {
            /// `MAJOR:MINOR`
            case device(major: UInt32, minor: UInt32)
            /// The device that holds this absolute path.
            case path(String)
        }
        public internal(set) var target: Target
        public internal(set) var readBytesPerSecond: UInt64?
        public internal(set) var writeBytesPerSecond: UInt64?
        public internal(set) var readOperationsPerSecond: UInt64?
        public internal(set) var writeOperationsPerSecond: UInt64?
        public internal(set) var isRequired: Bool
    }

    /// `onViolation`: after a denied call is recorded, return the errno or end the job.
    public enum ViolationResponse: String, Sendable, CaseIterable { case deny, kill }
}
