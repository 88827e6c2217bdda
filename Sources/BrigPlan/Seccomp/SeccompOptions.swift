/// What a filter needs to know besides the policy.
public struct SeccompOptions: Sendable {
    public var abi: SeccompABI
    /// Numbers of the calls that the launcher makes between installing the filter and the job's first instruction, whatever the policy says. They
    /// carry `launchKey` in their sixth argument, which the kernel does not read for these calls; only calls of at most five arguments qualify.
    public var launchCalls: [UInt32]
    public var launchKey: LaunchKey
    /// Under record `all`: numbers that are not left to the supervisor when the policy allows them. A denial of them still is.
    public var unrecordedCalls: [UInt32]
    /// Under record `all`: calls that run are counted in the kernel, and only the others are left to the supervisor.
    public var tracesAllowed: Bool
    /// Calls that are left to the supervisor also when the policy allows them, unless nothing is.
    public var asked: [AskedCall]
    /// Refuse calls by which the job would set limits and priority of its init, process 1.
    public var forbidInitLimits: Bool
    /// Refuse calls that would set a set-user-id or set-group-id bit on a file.
    public var forbidSetIDBits: Bool
    /// Refuse calls that would set an extended attribute of a file, capabilities among them.
    public var forbidFileAttributes = false

    public init(
        abi: SeccompABI = .native, launchCalls: [UInt32] = [], launchKey: LaunchKey = LaunchKey(), unrecordedCalls: [UInt32] = [],
        tracesAllowed: Bool = false, asked: [AskedCall] = [], forbidInitLimits: Bool = false, forbidSetIDBits: Bool = false
    ) {
        self.abi = abi
        self.launchCalls = launchCalls
        self.launchKey = launchKey
        self.unrecordedCalls = unrecordedCalls
        self.tracesAllowed = tracesAllowed
        self.asked = asked
        self.forbidInitLimits = forbidInitLimits
        self.forbidSetIDBits = forbidSetIDBits
    }
}

/// A call with certain values of its first argument, of which the low 32 bits count.
public struct AskedCall: Sendable, Hashable {
    public let number: UInt32
    public let values: [UInt32]

    public init(number: UInt32, values: [UInt32]) {
        self.number = number
        self.values = values
    }

    /// Whether a call of that number, with that first argument, is meant.
    public func isMade(by number: UInt32, first argument: UInt64) -> Bool { number == self.number && values.contains(UInt32(truncatingIfNeeded: argument)) }
}

/// The 64 random bits by which the filter knows the launcher's own calls. Never zero: calls have a zero there by chance.
public struct LaunchKey: Sendable, Hashable {
    public let value: UInt64

    /// A fresh one, from the kernel's random numbers.
    public init() { value = UInt64.random(in: 1...UInt64.max) }

    /// Nil for zero.
    public init?(_ value: UInt64) {
        if value == 0 { return nil }
        self.value = value
    }

    var low: UInt32 { UInt32(truncatingIfNeeded: value) }
    var high: UInt32 { UInt32(truncatingIfNeeded: value >> 32) }
}
