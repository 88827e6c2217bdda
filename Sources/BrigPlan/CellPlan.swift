public import CBrigCell
internal import CBrigLinux
internal import CSeccomp

/// The plan as the child reads it: one C struct and all that it points to, in one arena.
@unsafe public struct CellPlan: ~Copyable {
    private var arena = unsafe Arena()
    private let pointer: UnsafeMutablePointer<brig_plan>

    /// Descriptors that the launcher has opened for this launch.
    public struct Descriptors: Sendable {
        /// A version 2 cgroup's directory, or -1.
        public var cgroup: Int32 = -1
        /// `tasks` files of version 1 hierarchies.
        public var join: [Int32] = []
        /// The child's and the parent's end of the control socket.
        public var control: Int32 = -1
        public var parentControl: Int32 = -1
        public var standardStreams: [Int32] = [0, 1, 2]
        /// By step: the tree that was opened, or BRIG_SOURCE_FOLLOWS.
        public var trees: [Int: Int32] = [:]
        /// Standard input, where the child is to open it anew.
        public var input: InputFile?

        public init() {}
    }

    /// A file of the host that standard input reads, and where it is in it.
    public struct InputFile: Sendable, Equatable {
        /// Without symbolic links.
        public let directory: String
        public let name: String
        public let identity: FileIdentity
        public let offset: Int64

        public init(directory: String, name: String, identity: FileIdentity, offset: Int64) {
            self.directory = directory
            self.name = name
            self.identity = identity
            self.offset = offset
        }
    }

    public init(_ plan: LaunchPlan, _ descriptors: Descriptors, sharesMemory: Bool) {
        let lowered = unsafe arena.allocate(brig_plan.self, count: 1)
        unsafe pointer = lowered
        unsafe lowered.pointee.namespaces = plan.namespaces
        unsafe lowered.pointee.cgroup_fd = descriptors.cgroup
        let join = unsafe arena.allocate(Int32.self, count: descriptors.join.count)
        for (index, fd) in descriptors.join.enumerated() { unsafe join[index] = fd }
        unsafe lowered.pointee.join_fds = unsafe UnsafePointer(join)
        unsafe lowered.pointee.join_count = UInt32(descriptors.join.count)
        unsafe lowered.pointee.control_fd = descriptors.control
        unsafe lowered.pointee.parent_control_fd = descriptors.parentControl
        unsafe lowered.pointee.become_root = plan.identity.becomesRoot
        unsafe lowered.pointee.drop_groups = plan.identity.canDropGroups
        unsafe lowered.pointee.scratch_options = arena.options(plan.scratchOptions)
        unsafe lowered.pointee.read_only_root = plan.root.isReadOnly
        unsafe lowered.pointee.loopback = plan.hasFreshNetwork
        unsafe lowered.pointee.host_name = arena.string(plan.hostName)
        if let terminal = plan.terminal {
            unsafe lowered.pointee.terminal = true
            unsafe lowered.pointee.terminal_rows = terminal.rows
            unsafe lowered.pointee.terminal_columns = terminal.columns
        }
        unsafe lowered.pointee.stdio = (descriptors.standardStreams[0], descriptors.standardStreams[1], descriptors.standardStreams[2])
        if let input = descriptors.input {
            unsafe lowered.pointee.input_directory = arena.string(input.directory)
            unsafe lowered.pointee.input_name = arena.string(input.name)
            unsafe (lowered.pointee.input_major, lowered.pointee.input_minor) = input.identity.deviceNumbers
            unsafe lowered.pointee.input_inode = input.identity.inode
            unsafe lowered.pointee.input_offset = input.offset
        }
        unsafe lowered.pointee.`init` = plan.hasInit
        unsafe lowered.pointee.share_memory = sharesMemory
        unsafe lowered.pointee.file_mode_mask = plan.umask
        unsafe lowered.pointee.working_directory = arena.string(plan.workingDirectory)
        unsafe lowered.pointee.user = plan.identity.user
        unsafe lowered.pointee.group = plan.identity.group
        unsafe lowered.pointee.capabilities = plan.capabilities
        unsafe lowered.pointee.ambient = plan.isAmbient
        unsafe lowered.pointee.last_capability = plan.lastCapability
        if let command = plan.appArmorCommand { unsafe lowered.pointee.apparmor = arena.string(command) }
        unsafe lowered.pointee.candidates = arena.strings(plan.candidates)
        unsafe lowered.pointee.arguments = arena.strings(plan.arguments)
        unsafe lowered.pointee.environment = arena.strings(plan.environment)
        unsafe addLimits(plan.limits, lowered)
        unsafe addFilter(plan, lowered)
        unsafe addSteps(plan.root.steps, descriptors.trees, lowered)
    }

    /// For `brig_cell_start`; valid as long as this value.
    public var cell: UnsafePointer<brig_plan> { unsafe UnsafePointer(pointer) }

    private mutating func addLimits(_ limits: [ResourceLimit], _ lowered: UnsafeMutablePointer<brig_plan>) {
        let list = unsafe arena.allocate(brig_limit.self, count: limits.count)
        for (index, limit) in limits.enumerated() { unsafe list[index] = brig_limit(resource: limit.resource, value: limit.value) }
        unsafe lowered.pointee.limits = unsafe UnsafePointer(list)
        unsafe lowered.pointee.limit_count = UInt32(limits.count)
    }

    private mutating func addFilter(_ plan: LaunchPlan, _ lowered: UnsafeMutablePointer<brig_plan>) {
        let instructions = plan.filter.instructions
        let list = unsafe arena.allocate(brig_filter_instruction.self, count: instructions.count)
        for (index, one) in instructions.enumerated() {
            unsafe list[index] = brig_filter_instruction(code: one.code, jump_true: one.jumpTrue, jump_false: one.jumpFalse, value: one.k)
        }
        unsafe lowered.pointee.filter = unsafe UnsafePointer(list)
        unsafe lowered.pointee.filter_length = UInt16(instructions.count)
        // A call that waits for its answer is not given up for a signal other than a fatal one: it would be made, and counted, again.
        let listener = UInt32(SECCOMP_FILTER_FLAG_NEW_LISTENER) | UInt32(SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV)
        unsafe lowered.pointee.filter_flags = plan.filter.needsListener ? listener : 0
        unsafe lowered.pointee.launch_key = plan.launchKey.value
    }

    private mutating func addSteps(_ steps: [RootStep], _ trees: [Int: Int32], _ lowered: UnsafeMutablePointer<brig_plan>) {
        let list = unsafe arena.allocate(brig_step.self, count: steps.count)
        for (index, step) in steps.enumerated() {
            var one = unsafe brig_step()
            unsafe one.flags = step.flags.rawValue
            unsafe one.source_fd = trees[index] ?? -1
            unsafe one.attributes = step.attributes.rawValue
            if let identity = step.identity {
                unsafe (one.source_major, one.source_minor) = identity.deviceNumbers
                unsafe one.source_inode = identity.inode
            }
            unsafe one.target = arena.string(step.target)
            switch step.action {
            case .directory(let mode):
                unsafe one.kind = BRIG_STEP_DIRECTORY.rawValue
                unsafe one.mode = mode
            case .symbolicLink(let text):
                unsafe one.kind = BRIG_STEP_SYMLINK.rawValue
                unsafe one.source = arena.string(text)
            case .bind(let source):
                unsafe one.kind = BRIG_STEP_BIND.rawValue
                unsafe one.source = arena.string(source.path)
            case .scratch(let path):
                unsafe one.kind = BRIG_STEP_SCRATCH.rawValue
                unsafe one.source = arena.string(path)
            case .fileSystem(let type, let options):
                unsafe one.kind = BRIG_STEP_FILESYSTEM.rawValue
                unsafe one.source = arena.string(type)
                unsafe one.options = arena.options(options)
            case .overlay(let options):
                unsafe one.kind = BRIG_STEP_OVERLAY_ROOT.rawValue
                unsafe one.options = arena.options(options)
            case .mask: unsafe one.kind = BRIG_STEP_MASK.rawValue
            case .readOnly: unsafe one.kind = BRIG_STEP_READ_ONLY.rawValue
            }
            unsafe list[index] = unsafe one
        }
        unsafe lowered.pointee.steps = unsafe UnsafePointer(list)
        unsafe lowered.pointee.step_count = UInt32(steps.count)
    }
}
