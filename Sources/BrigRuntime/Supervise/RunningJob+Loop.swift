internal import BrigPlan
internal import BrigPolicy
internal import BrigReport
internal import BrigSystem
internal import BrigTracing
internal import CBrigCell
internal import CBrigLinux
internal import Glibc

extension RunningJob {
    /// Watches the job until nothing of it is left.
    func supervise(_ cgroup: Cgroup) throws(LaunchError) -> FinishedJob {
        while !supervision.isGone {
            do throws(LaunchError) {
                try answerAllCalls(cgroup)
            } catch {
                isAskedAlways = false
                apply(.failure(error), cgroup)
            }
            for token in try wait(milliseconds: nil) {
                do throws(LaunchError) {
                    for event in try events(of: token, cgroup) { apply(event, cgroup) }
                } catch {
                    // The job does not outlive what watches it.
                    apply(.failure(error), cgroup)
                }
            }
        }
        let (status, usage) = launcher.reap()
        if endNanos == 0 { endNanos = Clock.monotonicNanos() }
        try drainRest()
        return try finish(status, usage)
    }

    private func apply(_ event: Supervision.Event, _ cgroup: Cgroup) {
        let hadEnded = supervision.status != nil || supervision.cause != nil
        let actions = supervision.handle(event)
        if !hadEnded, supervision.status != nil || supervision.cause != nil { endNanos = Clock.monotonicNanos() }
        for action in actions {
            switch action {
            case .killAll:
                launcher.kill()
                // Init's end ends the namespace; this is faster where there are many processes.
                do { try cgroup.kill() } catch { continue }
            }
        }
    }

    private var elapsedMillis: UInt64 { (Clock.monotonicNanos() - startNanos) / 1_000_000 }

    /// What a ready descriptor means.
    private func events(of token: UInt64, _ cgroup: Cgroup) throws(LaunchError) -> [Supervision.Event] {
        switch Token(rawValue: token) {
        case .control: return try controlEvents()
        case .process:
            // Init's last message was sent before its end.
            let last = try controlEvents()
            return last + [.gone]
        case .signals: return signalEvents()
        case .listener: return try answerCalls()
        case .accesses:
            guard let denied = try accesses?.take(atMillis: elapsedMillis), request.policy.onViolation == .kill, request.audit == nil else { return [] }
            return [.deniedAccess(denied)]
        case .wallTimer:
            wallTimer = nil
            return [.wallTimer]
        case .ticks: return tick(cgroup)
        case .memory:
            guard case .version1(let group) = cgroup else { return [] }
            Self.drain(group.oomEvents)
            // Told also of a ceiling above; then the kernel chooses whom to end.
            return group.usage().isCeilingReached ? [.memoryCeiling] : []
        case .output: return try capture(output, "stdout")
        case .error: return try capture(error, "stderr")
        case .terminal, .keyboard, .screenRoom, .keyboardRoom:
            if let token = Token(rawValue: token) { try relayTerminals(token) }
            return []
        case nil: return []
        }
    }

    private func controlEvents() throws(LaunchError) -> [Supervision.Event] {
        guard isControlOpen else { return [] }
        var poll = pollfd(fd: launcher.control.number, events: Int16(POLLIN), revents: 0)
        guard unsafe Glibc.poll(&poll, 1, 0) == 1 else { return [] }
        var descriptors: [Int32] = []
        guard let (message, _) = try launcher.receive(&descriptors) else {
            isControlOpen = false
            try inStage("epoll") { () throws(SystemError) in try epoll.remove(launcher.control.number) }
            return []
        }
        for descriptor in descriptors { close(descriptor) }
        return message.kind == BRIG_MESSAGE_EXITED.rawValue ? [.exited(status: message.status)] : []
    }

    private func signalEvents() -> [Supervision.Event] {
        var events: [Supervision.Event] = []
        for number in takeSignals() {
            if number == SIGWINCH, let handover, let terminal = handover.terminal { CallerTerminal.resize(terminal) }
            if Self.endingSignals.contains(number) { events.append(.signal(number)) }
        }
        return events
    }

    /// Answers what waits, but not for ever: other events get their turn.
    private func answerCalls() throws(LaunchError) -> [Supervision.Event] {
        guard let listener else { return [] }
        // An audit goes on where the policy would end the job.
        let kills = request.policy.onViolation == .kill && request.audit == nil
        var poll = pollfd(fd: listener.descriptor.number, events: Int16(POLLIN), revents: 0)
        for _ in 0..<64 {
            guard unsafe Glibc.poll(&poll, 1, 0) == 1, poll.revents & Int16(POLLIN) != 0 else { break }
            if case .kill(let name) = try listener.answerOne(atMillis: elapsedMillis, killsOnViolation: kills) { return [.violation(call: name)] }
        }
        // Every task of the filter is gone: nothing more will come.
        if poll.revents & Int16(POLLHUP) != 0 { try inStage("epoll") { () throws(SystemError) in try epoll.remove(listener.descriptor.number) } }
        return []
    }

    /// Where every call of the job is asked about: answers until something else is to be looked at.
    private func answerAllCalls(_ cgroup: Cgroup) throws(LaunchError) {
        guard isAskedAlways, let listener else { return }
        let kills = request.policy.onViolation == .kill && request.audit == nil
        while true {
            switch try listener.serve(others: epoll.number, killsOnViolation: kills, atMillis: { elapsedMillis }) {
            case .answered(.kill(let name)): apply(.violation(call: name), cgroup)
            case .answered: continue
            case .others: return
            case .ended:
                isAskedAlways = false
                return
            }
        }
    }

    private func tick(_ cgroup: Cgroup) -> [Supervision.Event] {
        if let ticks { Self.drain(ticks.number) }
        var events: [Supervision.Event] = []
        let cpu = cgroup.cpuNanos()
        if let cpu, supervision.cpuLimitNanos != nil {
            events.append(.cpuTime(nanos: cpu))
        }
        let at = elapsedMillis
        let (memory, pids) = (cgroup.memoryBytes(), cgroup.pidsCurrent())
        timeline.tick { JobReport.Sample(atMillis: at, memoryBytes: memory, cpuMillis: cpu.map { $0 / 1_000_000 }, pids: pids) }
        if request.policy.onViolation == .kill, cgroup.usage().refusedForks(limit: enforcement?.cgroup?.pidsMax) > 0 { events.append(.pidsCeiling) }
        return events
    }

    private func capture(_ capture: OutputCapture?, _ name: String) throws(LaunchError) -> [Supervision.Event] {
        guard let capture else { return [] }
        do throws(SystemError) { try capture.drain(&buffer) } catch { throw LaunchError("output", error) }
        if !capture.isOpen { try inStage("epoll") { () throws(SystemError) in try epoll.remove(capture.descriptor.number) } }
        return capture.isExceeded ? [.outputExceeded(stream: name)] : []
    }

    /// Moves bytes between the caller's terminal and the job's. While one side is held up, the other is not read: it waits as a program at a stopped
    /// terminal does.
    private func move(_ flow: inout TerminalFlow, isRoom: Bool, _ input: Token, _ room: Token) throws(SystemError) {
        if isRoom {
            try flow.write()
            if flow.isHeldUp { return }
            try epoll.remove(flow.targetNumber)
            return try epoll.add(flow.sourceNumber, token: input.rawValue)
        }
        guard try flow.read(&buffer) else { return try epoll.remove(flow.sourceNumber) }
        if flow.isHeldUp {
            try epoll.remove(flow.sourceNumber)
            try epoll.addOutput(flow.targetNumber, token: room.rawValue)
        }
    }

    private func relayTerminals(_ token: Token) throws(LaunchError) {
        guard let relay else { return }
        try inStage("terminal") { () throws(SystemError) in
            switch token {
            case .keyboard, .keyboardRoom: try move(&relay.keyboard, isRoom: token == .keyboardRoom, .keyboard, .keyboardRoom)
            default: try move(&relay.screen, isRoom: token == .screenRoom, .terminal, .screenRoom)
            }
        }
    }

    /// How long a caller's terminal that has stopped may keep brig after the job's end.
    private static let terminalPatienceMillis: Int32 = 5000

    /// What the job wrote before its end is still in the pipes.
    private func drainRest() throws(LaunchError) {
        for capture in [output, error] {
            do throws(SystemError) { try capture?.drain(&buffer, rounds: 1 << 20) } catch { throw LaunchError("output", error) }
        }
        if let relay { try inStage("terminal") { () throws(SystemError) in try relay.finish(&buffer, patience: Self.terminalPatienceMillis) } }
        relay = nil
        callerTerminal = nil
    }

    private func finish(_ status: Int32, _ usage: rusage) throws(LaunchError) -> FinishedJob {
        guard let enforcement, let handover else { throw LaunchError("internal", "the job ended before it was read back") }
        var finished = FinishedJob(
            supervision: supervision, initStatus: status, enforcement: enforcement, resources: ProcessResources(usage), jobStartNanos: startNanos, jobEndNanos: endNanos,
            timeline: timeline.samples)
        let used = try inStage("scratch") { () throws(SystemError) in try handover.scratch.with { (file) throws(SystemError) in try fileSystemUse(file) } }
        finished.scratchBytes = used.bytes - min(used.bytes, scratchBaseline.bytes)
        finished.scratchInodes = used.inodes - min(used.inodes, scratchBaseline.inodes)
        if let network { finished.network = NetworkTraffic(try inStage("network") { () throws(SystemError) in try network.with { (file) throws(SystemError) in try file.readAll(limit: 1 << 20, subject: "net/dev") } }) }
        if let listener { finished.violations = listener.denied.list }
        finished.systemCalls = try systemCalls()
        if let accesses {
            try accesses.finish(atMillis: elapsedMillis)
            finished.violations += accesses.violations
            finished.violationsGap = accesses.gap
        }
        if let capture = output {
            finished.stdoutBytes = capture.total
            finished.stdout = capture.finish()
        }
        if let capture = error {
            finished.stderrBytes = capture.total
            finished.stderr = capture.finish()
        }
        return finished
    }

    /// `syscalls` of the report.
    private func systemCalls() throws(LaunchError) -> JobReport.SystemCalls {
        var calls = JobReport.SystemCalls()
        if let recording {
            let recorded = try recording.finish(listener?.tally?.finish() ?? RecordedCalls())
            let report = CallReport(plan: plan, recorded: recorded, selection: recording.selection)
            calls.recorded = .all
            calls.isEnforced = request.audit == nil
            calls.engine = recording.engine.rawValue
            calls.calls = report.calls()
            calls.gaps = recorded.gaps + ownFilterGap + Self.ringGap(calls.calls)
            if recording.keepsFiles { calls.files = report.files() }
            if recording.keepsPrograms { calls.executed = report.executed() }
            if recording.keepsAddresses { calls.addresses = report.addresses() }
            return calls
        }
        calls.recorded = request.policy.systemCalls.record == .none ? .none : .denied
        guard let listener else { return calls }
        calls.engine = RecordingEngine.notification.rawValue
        calls.calls = listener.denied.calls
        if listener.denied.overflow > 0 {
            calls.gaps = ["\(listener.denied.overflow) calls beyond \(DeniedCalls.capacity) distinct ones are only in violations, without their names"]
        }
        calls.gaps += ownFilterGap
        return calls
    }

    private var ownFilterGap: [String] {
        listener?.mayHideCalls == true ? ["the job asked for a filter of its own, or to answer its calls itself (seccomp(2), prctl(2), ptrace(2)): calls that are answered so are not seen here"] : []
    }

    /// A policy may allow rings.
    private static func ringGap(_ calls: [JobReport.Call]) -> [String] {
        calls.contains { $0.name == "io_uring_setup" && $0.ran } ? ["the job called io_uring_setup(2): what is done through a ring is no system call, and not seen here"] : []
    }

    private static func drain(_ number: Int32) {
        var count: UInt64 = 0
        unsafe _ = read(number, &count, 8)
    }
}
