internal import BrigPlan
internal import BrigPolicy
internal import BrigReport
internal import BrigSystem
internal import CBrigCell
internal import CBrigLinux
internal import Glibc

/// A job from clone3 to its end: one epoll loop on one thread.
final class RunningJob {
    /// Those by which a caller, a terminal or a timer ends brig: the job ends with a report. Any other would end brig without one.
    static let endingSignals = [SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGALRM]

    /// What an epoll token stands for.
    enum Token: UInt64 {
        case control = 1
        case process, signals, listener, wallTimer, ticks, memory, output, error, terminal, keyboard, screenRoom, keyboardRoom, accesses
    }

    let request: JobRequest
    let plan: LaunchPlan
    let demand: CgroupDemand
    let launcher: Launcher
    let sharedNetwork: SharedNetwork?
    let recording: CallRecording?
    /// Hears what AppArmor denies; nil where no profile is entered.
    let accesses: AccessWatch?
    let epoll: Epoll
    let signals: FileDescriptor
    var streams: StandardStreams
    var handover: Launcher.Handover?
    var listener: NotificationListener?
    var wallTimer: OpenFile?
    var ticks: OpenFile?
    var output: OutputCapture?
    var error: OutputCapture?
    var callerTerminal: CallerTerminal?
    var relay: TerminalRelay?
    var network: OpenFile?
    var enforcement: JobReport.Enforcement?
    var supervision: Supervision
    var timeline = Timeline()
    var startNanos: UInt64 = 0
    var endNanos: UInt64 = 0
    var scratchBaseline: (bytes: UInt64, inodes: UInt64) = (0, 0)
    var buffer = [UInt8](repeating: 0, count: 64 * 1024)
    /// Every call of the job is asked about, and the listener is served besides the loop.
    var isAskedAlways = false
    /// The child's side of the control socket has not been closed yet.
    var isControlOpen = true

    /// Starts the child, which waits for its first "go".
    init(
        _ request: JobRequest, plan: LaunchPlan, demand: CgroupDemand, cgroup: Cgroup, trees: borrowing SourceTrees, network: SharedNetwork?, recording: CallRecording?, accesses: AccessWatch?
    ) throws(LaunchError) {
        self.request = request
        self.plan = plan
        self.demand = demand
        self.recording = recording
        epoll = try inStage("epoll") { () throws(SystemError) in try Epoll() }
        let caught: [Int32] = Self.endingSignals + [SIGCHLD] + (request.streams == .terminal ? [SIGWINCH] : []) + [0]
        signals = FileDescriptor(owning: try inStage("signals") { () throws(SystemError) in try check("signalfd") { unsafe brig_signal_descriptor(caught) } })
        streams = try StandardStreams(captured: request.streams == .capture, identity: plan.identity)
        supervision = Supervision(cpuLimitNanos: request.policy.limits.cpuTime?.value.nanos, killsOnOutput: request.policy.limits.onOutput == .kill)

        var descriptors = CellPlan.Descriptors()
        descriptors.standardStreams = streams.job
        if request.streams != .terminal { descriptors.input = streams.input }
        switch cgroup {
        case .version1(let group): descriptors.join = group.tasks
        case .version2(let group): descriptors.cgroup = group.directory.number
        case .none: break
        }
        sharedNetwork = network
        self.accesses = accesses
        if let network {
            launcher = try network.during { () throws(LaunchError) in try Launcher(plan, descriptors, trees: trees, sharesMemory: Host.isRoot) }
        } else {
            launcher = try Launcher(plan, descriptors, trees: trees, sharesMemory: Host.isRoot)
        }
    }

    /// Leads the child to the job's first instruction. Whatever fails ends it.
    func start(_ cgroup: Cgroup, trees: inout SourceTrees, started: (Int32) throws(LaunchError) -> Void) throws(LaunchError) {
        try launcher.begin(trees: &trees, started: started)
        do throws(LaunchError) {
            streams.closeJobEnds()
            try prepare(cgroup)
            // While the child builds its root.
            try recording?.select(plan)
            try lead(cgroup)
        } catch {
            launcher.end()
            throw error
        }
    }

    private func prepare(_ cgroup: Cgroup) throws(LaunchError) {
        try watch(launcher.control.number, .control)
        try watch(launcher.pidfd.number, .process)
        try watch(signals.number, .signals)
        let limit = request.policy.limits.output.bytes
        if let pipe = streams.takeOutput() {
            try watch(pipe.number, .output)
            output = OutputCapture(pipe, limit: limit)
        }
        if let pipe = streams.takeError() {
            try watch(pipe.number, .error)
            error = OutputCapture(pipe, limit: limit)
        }
        if case .version1(let group) = cgroup, group.oomEvents >= 0 { try watch(group.oomEvents, .memory) }
    }

    func watch(_ number: Int32, _ token: Token) throws(LaunchError) {
        try inStage("epoll") { () throws(SystemError) in try epoll.add(number, token: token.rawValue) }
    }

    // MARK: From "ready" to the first instruction

    /// Longest time that a set-up may take before it is given up.
    private static let setupLimitNanos: UInt64 = 60_000_000_000

    private func lead(_ cgroup: Cgroup) throws(LaunchError) {
        try awaitReady()
        let isTraced = try launcher.traceExec()
        if !isTraced {
            if plan.appArmorCommand != nil {
                throw LaunchError("read-back", "the job cannot be stopped at its exec, so that its AppArmor label cannot be read back", hint: "another tracer is attached, or kernel.yama.ptrace_scope is 3")
            }
            try readBack("before-exec", cgroup)
        }
        try launcher.proceed()
        if isTraced {
            try awaitExecStop()
            try refuseOwnProgram()
            try readBack("exec", cgroup)
        } else {
            try awaitExec()
        }
        try startClocks()
        if let recording, let space = enforcement?.namespaces["pid"] { try recording.start(namespace: space.inode, isStopped: isTraced) }
        if isTraced { try launcher.release() }
    }

    /// Waits until the child says "ready".
    private func awaitReady() throws(LaunchError) {
        while true {
            for token in try nextEvents() {
                switch Token(rawValue: token) {
                case .control:
                    var descriptors: [Int32] = []
                    guard let (message, sender) = try launcher.receive(&descriptors) else { throw childVanished() }
                    guard message.kind == BRIG_MESSAGE_READY.rawValue else { throw failure(message) }
                    try take(try launcher.takeOver(sender, descriptors))
                    return
                case .process: throw try lastWord()
                case .signals: try cancelledDuringSetup()
                default: try duringSetup(token)
                }
            }
        }
    }

    private func take(_ handover: Launcher.Handover) throws(LaunchError) {
        if let descriptor = handover.listener { listener = try NotificationListener(descriptor, verdicts: plan.verdicts, architecture: Host.kernel().architecture, recording: recording) }
        let scratch = handover.scratch
        scratchBaseline = try inStage("ready") { () throws(SystemError) in try scratch.with { (file) throws(SystemError) in try fileSystemUse(file) } }
        self.handover = handover
    }

    private func awaitExecStop() throws(LaunchError) {
        while true {
            if let isStopped = try launcher.execStop() {
                if isStopped { return }
                throw try lastWord()
            }
            for token in try nextEvents() {
                switch Token(rawValue: token) {
                case .control:
                    var descriptors: [Int32] = []
                    guard let (message, _) = try launcher.receive(&descriptors) else { throw childVanished() }
                    throw failure(message)
                case .signals: try cancelledDuringSetup()
                default: try duringSetup(token)
                }
            }
        }
    }

    /// Without a tracer: the job has executed its program once it is no longer brig's. A failure is a message.
    private func awaitExec() throws(LaunchError) {
        let own = Self.program(of: getpid())
        let deadline = Clock.monotonicNanos() + Self.setupLimitNanos
        while Clock.monotonicNanos() < deadline {
            let program = Self.program(of: launcher.job)
            if program != nil, program != own { return }
            for token in try wait(milliseconds: 1) where token == Token.control.rawValue {
                var descriptors: [Int32] = []
                guard let (message, _) = try launcher.receive(&descriptors) else { throw childVanished() }
                if message.kind == BRIG_MESSAGE_EXITED.rawValue {
                    _ = supervision.handle(.exited(status: message.status))
                    return
                }
                throw failure(message)
            }
        }
        throw LaunchError("exec", "no exec within \(Self.setupLimitNanos / 1_000_000_000) s")
    }

    /// The file that a process executes; nil where it is gone.
    private static func program(of process: Int32) -> String? {
        do { return try readLink("/proc/\(process)/exe") } catch { return nil }
    }

    /// An interpreter line of the image can name /proc/self/exe, which at the exec still is brig's own file, on the host's own mount: the job could open
    /// it and, where the account owns it, write to it later.
    private func refuseOwnProgram() throws(LaunchError) {
        if try inStage("exec", { () throws(SystemError) in try OwnProgram.isExecuted(by: launcher.job) }) {
            throw LaunchError("exec", "\(plan.candidates.first ?? "the program") leads to brig's own file through /proc", hint: "its interpreter must be a program of the job's root")
        }
    }

    private func readBack(_ moment: String, _ cgroup: Cgroup) throws(LaunchError) {
        let read = try ReadBack.read(job: launcher.job, at: moment, plan: plan, appArmorRequested: plan.appArmorCommand == nil ? nil : request.policy.appArmor.profile, cgroup: cgroup)
        var differences = ReadBack.differences(read, plan: plan, demand: demand, cgroup: cgroup)
        if let sharedNetwork, read.namespaces["network"]?.inode != sharedNetwork.inode { differences.append("the network namespace is not that of the other job") }
        guard differences.isEmpty else {
            throw LaunchError("read-back", "the kernel does not hold the job to its policy: \(differences.joined(separator: "; "))", hint: "the job was not run; please report this")
        }
        enforcement = read
        if plan.hasFreshNetwork { network = OpenFile(try inStage("read-back") { () throws(SystemError) in try FileDescriptor.open("/proc/\(launcher.job)/net/dev", .read) }) }
    }

    private func startClocks() throws(LaunchError) {
        if let listener {
            isAskedAlways = listener.letsAllowedGoOn
            if !isAskedAlways { try watch(listener.descriptor.number, .listener) }
        }
        if let accesses, let number = accesses.descriptor {
            accesses.begin(JobMembers(main: launcher.job, namespace: enforcement?.namespaces["pid"]?.inode, identity: plan.identity))
            try watch(number, .accesses)
        }
        if request.streams == .terminal {
            callerTerminal = try CallerTerminal()
            if let terminal = handover?.terminal {
                let relay = try inStage("terminal") { () throws(SystemError) in try TerminalRelay(master: terminal) }
                try watch(relay.screen.sourceNumber, .terminal)
                try watch(relay.keyboard.sourceNumber, .keyboard)
                self.relay = relay
            }
        }
        // Before the limit's timer: a job that reaches its limit has used all of it.
        startNanos = Clock.monotonicNanos()
        if let limit = request.policy.limits.wallTime { wallTimer = try timer(limit.nanos, periodic: false, .wallTimer) }
        ticks = try timer(Timeline.firstIntervalNanos, periodic: true, .ticks)
    }

    func timer(_ nanos: UInt64, periodic: Bool, _ token: Token) throws(LaunchError) -> OpenFile {
        let timer = OpenFile(FileDescriptor(owning: try inStage("timer") { () throws(SystemError) in try check("timerfd_create") { brig_timer(nanos, periodic) } }))
        try watch(timer.number, token)
        return timer
    }

    // MARK: Failures of the set-up

    private func nextEvents() throws(LaunchError) -> [UInt64] {
        let tokens = try wait(milliseconds: Int32(Self.setupLimitNanos / 1_000_000))
        if tokens.isEmpty { throw LaunchError("setup", "the set-up took more than \(Self.setupLimitNanos / 1_000_000_000) s") }
        return tokens
    }

    func wait(milliseconds: Int32?) throws(LaunchError) -> [UInt64] {
        try inStage("epoll") { () throws(SystemError) in try epoll.wait(milliseconds: milliseconds) }
    }

    private func failure(_ message: brig_message) -> LaunchError {
        if message.kind == BRIG_MESSAGE_FAILED.rawValue { return ChildStage.error(message, plan: plan) }
        return LaunchError("setup", "the job's process ended during the set-up (\(Outcome.statusText(message.status)))\(memoryHint)")
    }

    /// The end of init may be seen before its last message.
    private func lastWord() throws(LaunchError) -> LaunchError {
        for _ in 0..<200 {
            for token in try wait(milliseconds: 5) where token == Token.control.rawValue {
                var descriptors: [Int32] = []
                if let (message, _) = try launcher.receive(&descriptors) { return failure(message) }
                return childVanished()
            }
        }
        return childVanished()
    }

    private func childVanished() -> LaunchError { LaunchError("setup", "the child ended during the set-up without a word\(memoryHint)") }

    private var memoryHint: String { demand.memory == nil ? "" : "; a memory ceiling below some MiB is reached by the set-up itself" }

    private func cancelledDuringSetup() throws(LaunchError) {
        for number in takeSignals() where Self.endingSignals.contains(number) {
            throw LaunchError("cancelled", "brig received \(signalName(number)) before the job started")
        }
    }

    private func duringSetup(_ token: UInt64) throws(LaunchError) {
        // Captured pipes are read from the start, so that they are never full; what else comes early waits.
        if token == Token.memory.rawValue { throw LaunchError("setup", "the memory ceiling was reached during the set-up\(memoryHint)") }
    }

    /// Numbers of the signals that have arrived.
    func takeSignals() -> [Int32] {
        var found: [Int32] = []
        while true {
            let number = brig_take_signal(signals.number)
            if number <= 0 { break }
            found.append(number)
        }
        return found
    }
}
