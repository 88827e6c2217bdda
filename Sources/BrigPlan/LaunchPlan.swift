/// Who the job is: its ids, inside and outside.
public struct JobIdentity: Sendable, Equatable {
    public let user: UInt32
    public let group: UInt32
    public let userMap: IDMap
    public let groupMap: IDMap
    /// The set-up runs as user 0 of the namespace (where that is mapped).
    public let becomesRoot: Bool
    /// The caller's supplementary groups can be dropped (not with a group map that the account wrote itself, user_namespaces(7)).
    public let canDropGroups: Bool

    public init(user: UInt32, group: UInt32, userMap: IDMap, groupMap: IDMap, canDropGroups: Bool) {
        self.user = user
        self.group = group
        self.userMap = userMap
        self.groupMap = groupMap
        self.becomesRoot = userMap.outside(0) != nil && groupMap.outside(0) != nil
        self.canDropGroups = canDropGroups
    }
}

/// All that is decided before the launch: nothing in it depends on the job any more, and the child carries it out without a decision.
public struct LaunchPlan: Sendable {
    public var root: RootPlan
    public var identity: JobIdentity
    /// CLONE_NEW* of the fresh namespaces.
    public var namespaces: UInt64
    public var hasFreshNetwork: Bool
    public var hostName: String
    public var workingDirectory: String
    public var umask: UInt32
    public var hasInit: Bool
    public var capabilities: UInt64
    public var isAmbient: Bool
    /// The last capability that the kernel knows.
    public var lastCapability: UInt32
    public var limits: [ResourceLimit]
    public var scratchOptions: [String]
    public var filter: SeccompFilter
    /// What the filter answers.
    public var verdicts: SeccompVerdicts
    /// What the policy says: something else only in an audit.
    public var policyVerdicts: SeccompVerdicts
    public var launchKey: LaunchKey
    /// What is written to the AppArmor exec attribute, or nil.
    public var appArmorCommand: String?
    /// Where the program may be, in the order of the search.
    public var candidates: [String]
    public var arguments: [String]
    /// `NAME=VALUE`
    public var environment: [String]
    /// Rows and columns of the job's own terminal, where it gets one.
    public var terminal: TerminalSize?

    public struct TerminalSize: Sendable, Equatable {
        public let rows: UInt16
        public let columns: UInt16
        public init(rows: UInt16, columns: UInt16) {
            self.rows = rows
            self.columns = columns
        }
    }
}

/// One of setrlimit(2), soft and hard alike.
public struct ResourceLimit: Sendable, Equatable {
    /// `openFiles`, as in the policy.
    public let name: String
    /// RLIMIT_*
    public let resource: UInt32
    public let value: UInt64
}

/// What the command line asks to be run.
public struct Command: Sendable, Equatable {
    public let program: String
    public let arguments: [String]

    public init(program: String, arguments: [String]) {
        self.program = program
        self.arguments = arguments
    }
}
