public import BrigPolicy
internal import BrigSystem
internal import CBrigLinux

/// What the host adds to a policy: all that a plan needs and a policy cannot say.
public struct LaunchContext: Sendable {
    public var identity: JobIdentity
    public var root: RootPlan
    /// The caller's variables that the policy inherits.
    public var inherited: [Policy.EnvironmentVariable]
    public var appArmorCommand: String?
    public var lastCapability: UInt32
    public var terminal: LaunchPlan.TerminalSize?
    /// Calls that the policy refuses run, but for those of `SystemCallPolicy.audited`, and all are recorded.
    public var isAudit: Bool
    /// Where all calls are recorded: those that run are counted in the kernel.
    public var tracesAllowed: Bool

    public init(
        identity: JobIdentity, root: RootPlan, inherited: [Policy.EnvironmentVariable], appArmorCommand: String?, lastCapability: UInt32, terminal: LaunchPlan.TerminalSize?,
        isAudit: Bool = false, tracesAllowed: Bool = false
    ) {
        self.identity = identity
        self.root = root
        self.inherited = inherited
        self.appArmorCommand = appArmorCommand
        self.lastCapability = lastCapability
        self.terminal = terminal
        self.isAudit = isAudit
        self.tracesAllowed = tracesAllowed
    }
}

extension LaunchPlan {
    /// Lowers a policy. Total but for a filter that exceeds the kernel's size.
    public init(_ policy: Policy, command: Command, context: LaunchContext) throws(SeccompError) {
        let key = LaunchKey()
        // What the launcher itself does between the filter and the job's first instruction.
        let launchCalls = [__NR_sendmsg, __NR_read, __NR_execveat, __NR_exit_group].map { UInt32($0) }
        var options = SeccompOptions(
            launchCalls: launchCalls, launchKey: key, tracesAllowed: context.tracesAllowed, asked: OwnFilters.asked(.native), forbidInitLimits: policy.process.hasInit,
            forbidSetIDBits: context.root.hasWritableBind)
        var asked = try SeccompVerdicts(policy.systemCalls, options)
        var verdicts = context.isAudit ? try SeccompVerdicts(policy.systemCalls.audited(), options) : asked
        if context.root.hasWritableBind, SetIDGuard.mayGiveFilesCapabilities(policy.capabilities.retained, verdicts, options.abi) {
            options.forbidFileAttributes = true
            asked = try SeccompVerdicts(policy.systemCalls, options)
            verdicts = context.isAudit ? try SeccompVerdicts(policy.systemCalls.audited(), options) : asked
        }
        policyVerdicts = asked
        let open = MountLock.openCalls(capabilities: policy.capabilities.retained, verdicts: verdicts)
        if !open.isEmpty { throw .opensMounts(calls: open.map { callName($0, options.abi) }) }

        self.filter = try SeccompCompiler.compile(verdicts)
        self.verdicts = verdicts
        launchKey = key
        root = context.root
        identity = context.identity
        hasFreshNetwork = policy.network == .none
        namespaces = Self.namespaces(policy)
        hostName = policy.process.hostName
        workingDirectory = policy.process.workingDirectory
        umask = policy.process.umask
        hasInit = policy.process.hasInit
        capabilities = policy.capabilities.retained
        isAmbient = policy.capabilities.isAmbient
        lastCapability = context.lastCapability
        limits = Self.limits(policy.limits)
        scratchOptions = ["size=\(policy.rootfs.scratchSize.bytes)", "nr_inodes=\(policy.rootfs.scratchInodes)", "mode=0755"]
        appArmorCommand = context.appArmorCommand
        terminal = context.terminal

        let variables = Self.environment(policy.process.environment, context.inherited)
        environment = variables.map { "\($0.name)=\($0.value)" }
        candidates = Self.candidates(command.program, path: variables.first { $0.name == "PATH" }?.value)
        arguments = [policy.process.arguments0 ?? command.program] + command.arguments
    }

    private static func namespaces(_ policy: Policy) -> UInt64 {
        // The cgroup namespace is made by the child once it is in its cgroup.
        var flags = CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS
        if policy.network == .none { flags |= CLONE_NEWNET }
        return UInt64(UInt32(bitPattern: flags))
    }

    private static func limits(_ limits: Policy.Limits) -> [ResourceLimit] {
        // Numbers of asm-generic/resource.h, which x86_64 and aarch64 share.
        let wanted: [(String, UInt32, UInt64?)] = [
            ("fileSize", 1, limits.fileSize?.bytes), ("stack", 3, limits.stack?.bytes), ("coreSize", 4, limits.coreSize.bytes), ("openFiles", 7, limits.openFiles),
            ("lockedMemory", 8, limits.lockedMemory.bytes), ("realtimePriority", 14, limits.realtimePriority),
        ]
        return wanted.compactMap { name, resource, value in value.map { ResourceLimit(name: name, resource: resource, value: $0) } }
    }

    /// The policy's own variables win over inherited ones.
    private static func environment(_ own: [Policy.EnvironmentVariable], _ inherited: [Policy.EnvironmentVariable]) -> [Policy.EnvironmentVariable] {
        own + inherited.filter { variable in !own.contains { $0.name == variable.name } }
    }

    /// The search of execvp(3), along the job's own PATH; an empty element of it, which would be the working directory, is left out.
    private static func candidates(_ program: String, path: String?) -> [String] {
        if program.utf8.contains(UInt8(ascii: "/")) { return [program] }
        let path = path ?? "/usr/local/bin:/usr/bin:/bin"
        return path.split(separator: ":").map { "\($0)/\(program)" }
    }
}
