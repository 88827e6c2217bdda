/// A seccomp profile as container engines read it: `linux.seccomp` of the OCI runtime specification, or the form of Docker and Podman, whose entries
/// depend on capabilities, architecture and kernel. Everything that was written is kept, so that it can be written again.
public struct OCIProfile: Sendable, Equatable {
    /// For a call that nothing names; never `allow`.
    public internal(set) var defaultAction: SystemCallPolicy.Action
    /// `SCMP_ARCH_…`; empty where `archMap` says it, or where nothing does and the machine's own is meant.
    public internal(set) var architectures: [String] = []
    public internal(set) var archMap: [ArchitectureMap] = []
    /// `SECCOMP_FILTER_FLAG_…` without an effect on what is allowed.
    public internal(set) var flags: [String] = []
    public internal(set) var entries: [Entry]

    /// An architecture, and those whose programs it also runs. brig never allows a call through these.
    public struct ArchitectureMap: Sendable, Equatable {
        public let architecture: String
        public let subArchitectures: [String]
    }

    /// One of `syscalls`.
    public struct Entry: Sendable, Equatable {
        public internal(set) var names: [String]
        public internal(set) var action: SystemCallPolicy.Action
        /// All must hold; but where two compare the same argument, any of them (``alternatives``).
        public internal(set) var comparisons: [Comparison] = []
        public internal(set) var comment: String?
        /// The entry counts where all of this holds.
        public internal(set) var includes = Circumstances()
        /// The entry counts where none of this holds.
        public internal(set) var excludes = Circumstances()

        /// Lists of comparisons of which one must hold as a whole. Engines hand comparisons of the same argument to libseccomp one by one, as rules of
        /// their own, because a rule of it compares an argument once.
        var alternatives: [[Comparison]] {
            Set(comparisons.map(\.index)).count == comparisons.count ? [comparisons] : comparisons.map { [$0] }
        }
    }

    /// One of `args`.
    public struct Comparison: Sendable, Equatable {
        /// 0 to 5
        public let index: UInt8
        public let operation: Operation
        /// For `maskedEqual` the mask.
        public let value: UInt64
        /// For `maskedEqual` what the masked argument must be; 0 otherwise.
        public let valueTwo: UInt64
    }

    public enum Operation: String, Sendable, CaseIterable {
        case notEqual = "SCMP_CMP_NE"
        case less = "SCMP_CMP_LT"
        case lessOrEqual = "SCMP_CMP_LE"
        case equal = "SCMP_CMP_EQ"
        case greaterOrEqual = "SCMP_CMP_GE"
        case greater = "SCMP_CMP_GT"
        case maskedEqual = "SCMP_CMP_MASKED_EQ"
    }

    /// `includes` or `excludes`
    public struct Circumstances: Sendable, Equatable {
        /// As written, with `CAP_`.
        public internal(set) var capabilities: [String] = []
        /// `amd64`, `arm64` …, as engines name them.
        public internal(set) var architectures: [String] = []
        public internal(set) var minimumKernel: KernelVersion?

        public var isEmpty: Bool { capabilities.isEmpty && architectures.isEmpty && minimumKernel == nil }
    }

    /// Where a job runs: what `includes` and `excludes` are held against.
    public struct Context: Sendable {
        /// As engines name it: `amd64`, `arm64`.
        public let architecture: String
        /// Bit N: capability N is retained.
        public let capabilities: UInt64
        public let kernel: KernelVersion

        public init(architecture: String, capabilities: UInt64, kernel: KernelVersion) {
            self.architecture = architecture
            self.capabilities = capabilities
            self.kernel = kernel
        }
    }
}

extension OCIProfile.Entry {
    /// Whether the entry counts there: one fact of `excludes` is enough to leave it out, all of `includes` are needed.
    public func applies(in context: OCIProfile.Context) -> Bool {
        if excludes.architectures.contains(context.architecture) || excludes.capabilities.contains(where: context.retains) { return false }
        if let kernel = excludes.minimumKernel, context.kernel >= kernel { return false }
        if !includes.architectures.isEmpty, !includes.architectures.contains(context.architecture) { return false }
        if let kernel = includes.minimumKernel, context.kernel < kernel { return false }
        return includes.capabilities.allSatisfy(context.retains)
    }
}

extension OCIProfile.Context {
    func retains(_ capability: String) -> Bool {
        PolicyNames.capability(capability).map { $0 < 64 && capabilities >> UInt64($0) & 1 != 0 } ?? false
    }
}
