internal import BrigSystem
internal import CBrigLinux

/// Counts the calls of one job in the kernel, by programs at its tracepoints: an allowed call costs some nanoseconds more, and no switch to this process.
///
/// Attached until it is released, unless it is kept (``KeptTracer``). While it is, every program of the machine passes the tracepoint on each of its calls and is told apart there.
public final class CallTracer {
    /// What is kept besides counts.
    public struct Observed: OptionSet, Sendable {
        public let rawValue: UInt8
        public init(rawValue: UInt8) { self.rawValue = rawValue }

        public static let files = Observed(rawValue: 1)
        public static let programs = Observed(rawValue: 2)
        public static let addresses = Observed(rawValue: 4)
    }

    private let maps: CountingProgram.Maps
    private var counting: CountingPrograms
    /// Where they are kept beyond this job: the lock on them, and how often they had been skipped.
    private let kept: Kept?
    private let observing: Observing?

    /// What is there only where observations are kept.
    private final class Observing {
        let programs: ObservingPrograms
        var exit: TracingProgram
        var executed: TracingProgram

        init(programs: consuming ObservingPrograms, exit: consuming TracingProgram, executed: consuming TracingProgram) {
            self.programs = programs
            self.exit = exit
            self.executed = executed
        }
    }

    private final class Kept {
        let lock: FileDescriptor
        let earlierMisses: UInt64?

        init(lock: consuming FileDescriptor, earlierMisses: UInt64?) {
            self.lock = lock
            self.earlierMisses = earlierMisses
        }
    }

    /// Longest path that is kept, in bytes; of a longer one its beginning.
    public static let pathLength = Int(ObservingPrograms.Entry.byteCount) - 1

    /// Takes the programs that are kept attached, or has the kernel check others; they count nothing yet.
    ///
    /// - Parameter skipsInit: the first process of the job's pid namespace is brig's own, and not counted
    /// - Throws: where this account or kernel does not allow it
    public init(skipsInit: Bool, observed: Observed) throws(TracingError) {
        if skipsInit, observed.isEmpty, let hold = KeptTracer.take() {
            kept = Kept(lock: hold.lock, earlierMisses: hold.earlierMisses)
            maps = hold.maps
            counting = hold.programs
            observing = nil
            return
        }
        kept = nil
        let layout = try KernelLayout()
        let maps = try CountingProgram.Maps.new()
        let program = CountingProgram(layout: layout, skipsInit: skipsInit)
        if observed.isEmpty {
            counting = try CountingPrograms(program.assemble(maps) { _, _ in }, maps, layout)
            observing = nil
        } else {
            let programs = try Self.observing(layout)
            let exit = try TracingProgram(programs.exit(maps.state), at: layout.exit, named: "sys_exit")
            let executed = try TracingProgram(programs.executed(maps.state), at: layout.executed, named: "sched_process_exec")
            let targets = ObservingPrograms.Target.of(observed)
            counting = try CountingPrograms(program.assemble(maps) { code, maps in programs.enter(&code, targets, maps.state) }, maps, layout)
            observing = Observing(programs: programs, exit: exit, executed: executed)
        }
        self.maps = maps
    }

    private static func observing(_ layout: KernelLayout) throws(TracingError) -> ObservingPrograms {
        do throws(SystemError) {
            return ObservingPrograms(
                layout: layout, underWay: try TracingMap(.table(keySize: 8, valueSize: ObservingPrograms.Entry.valueSize, entries: ObservingPrograms.underWayCapacity)),
                observations: try TracingMap(.table(keySize: ObservingPrograms.Entry.keySize, entries: ObservingPrograms.capacity)),
                scratch: try TracingMap(.perProcessor(bytes: ObservingPrograms.Entry.valueSize)))
        } catch {
            throw TracingError(error)
        }
    }

    /// Attaches the programs, where they are not yet: from now on each call of the machine passes them. They count nothing before ``start(namespace:)``.
    public func attach(_ selection: ArgumentSelection) throws(TracingError) {
        do throws(SystemError) { try maps.selection.set(selection.bytes) } catch { throw TracingError(error) }
        try observing?.exit.attach()
        try observing?.executed.attach()
        try counting.attach()
    }

    /// From now on the calls of a job are counted.
    ///
    /// - Parameter namespace: the inode of its pid namespace (/proc/PID/ns/pid)
    public func start(namespace: UInt32) throws(TracingError) {
        var state = [UInt8](repeating: 0, count: CountingProgram.State.size)
        unsafe state.withUnsafeMutableBytes { unsafe $0.storeBytes(of: namespace, toByteOffset: Int(CountingProgram.State.namespace), as: UInt32.self) }
        do throws(SystemError) { try maps.state.set(state) } catch { throw TracingError(error) }
    }

    /// What was counted. The job must be gone.
    public func finish() throws(TracingError) -> RecordedCalls {
        counting.detach()
        observing?.exit.detach()
        observing?.executed.detach()
        do throws(SystemError) {
            let recorded = try read()
            if kept != nil { try maps.state.clearValue() }
            return recorded
        } catch {
            throw TracingError(error)
        }
    }

    private func read() throws(SystemError) -> RecordedCalls {
        var recorded = RecordedCalls()
        let counts = try maps.counts.get()
        for number in 0..<ArgumentSelection.callCount {
            let count = (0..<maps.lanes.count).reduce(UInt64(0)) { $0 + counts.load($1 * CountingProgram.laneSize + 8 * number, as: UInt64.self) }
            if count > 0 { recorded.calls[.init(interface: .native, number: UInt32(number))] = count }
        }
        for (key, value) in try maps.others.entries() {
            recorded.calls[.init(interface: .native, number: key.load(0, as: UInt32.self))] = value.load(0, as: UInt64.self)
        }
        for (key, value) in try maps.arguments.entries() {
            let values = (0..<6).map { key.load(8 + 8 * $0, as: UInt64.self) }
            recorded.arguments[.init(number: key.load(0, as: UInt32.self), values: values)] = value.load(0, as: UInt64.self)
        }
        let state = try maps.state.get()
        recorded.uncountedCalls = state.load(Int(CountingProgram.State.lostCalls), as: UInt64.self)
        recorded.uncountedArguments = state.load(Int(CountingProgram.State.lostArguments), as: UInt64.self)
        try readObservations(&recorded, state)
        let earlier: UInt64? = if let kept { kept.earlierMisses } else { 0 }
        let misses = counting.misses.flatMap { now in earlier.map { now - $0 } }
        if misses != 0 { recorded.gaps.append(misses.map { "the kernel skipped the counting programs \($0) times" } ?? "the kernel does not tell whether it skipped the counting programs") }
        if recorded.uncountedCalls > 0 { recorded.gaps.append("\(recorded.uncountedCalls) calls with numbers that no call has were too many to tell apart") }
        return recorded
    }

    private func readObservations(_ recorded: inout RecordedCalls, _ state: [UInt8]) throws(SystemError) {
        guard let observing else { return }
        typealias Entry = ObservingPrograms.Entry
        func add(_ key: [UInt8], _ count: UInt64, isOver: Bool) {
            guard let kind = RecordedCalls.Observation.Kind(rawValue: key.load(Int(Entry.kind), as: UInt32.self)) else { return }
            let isUnread = key.load(Int(Entry.isUnread), as: UInt32.self) != 0
            var bytes = Array(key[Int(Entry.bytes)..<Entry.keySize])
            switch kind {
            case .open, .execute: bytes = Array(bytes.prefix { $0 != 0 })
            // The family says how long an address is.
            case .connect, .bind: break
            }
            let observation = RecordedCalls.Observation(
                kind: kind, flags: key.load(Int(Entry.flags), as: UInt32.self), result: isOver ? key.load(Int(Entry.result), as: Int32.self) : nil, bytes: isUnread ? nil : bytes)
            recorded.observations[observation, default: 0] += count
        }
        for (key, value) in try observing.programs.observations.entries() { add(key, value.load(0, as: UInt64.self), isOver: true) }
        // What the job's end has interrupted.
        for (_, value) in try observing.programs.underWay.entries() { add(value, 1, isOver: false) }
        for kind in [RecordedCalls.Observation.Kind.open, .execute, .connect, .bind] {
            let lost = state.load(Int(CountingProgram.State.lostObservations) + 8 * Int(kind.rawValue & 3), as: UInt64.self)
            if lost > 0 { recorded.uncountedObservations[kind] = lost }
        }
    }
}
