internal import BrigSystem

/// The program that runs at each entry into a system call (the tracepoint sys_enter, after the job's filter has let the call through) and counts it.
///
/// The kernel runs it with preemption off, so none is skipped; and it is attached before the job's first instruction, so none is missed.
struct CountingProgram: ~Copyable {
    /// What the programs share.
    struct Maps: ~Copyable {
        let lanes: Lanes
        /// Counts of native calls: for each lane, one for each number.
        let counts: TracingMap
        /// `ArgumentSelection`
        let selection: TracingMap
        /// Counts by number: calls that have no place in `counts`.
        let others: TracingMap
        /// Counts by number and kept arguments.
        let arguments: TracingMap
        /// `State`
        let state: TracingMap
        /// Tasks that were seen: see ``CountingProgram/match(_:_:)``.
        let known: TracingMap

        /// - Parameter map: makes or finds a map, by its name and shape
        init(_ lanes: Lanes, _ map: (_ name: String, _ shape: TracingMap.Shape) throws(SystemError) -> TracingMap) throws(SystemError) {
            let counts = try map("counts", .value(bytes: lanes.count * laneSize))
            let selection = try map("selection", .value(bytes: 2 * ArgumentSelection.callCount))
            let others = try map("others", .table(keySize: 8, entries: otherCapacity))
            let arguments = try map("arguments", .table(keySize: argumentKeySize, entries: argumentCapacity))
            let state = try map("state", .value(bytes: State.size))
            let known = try map("known", .value(bytes: 8 * knownCount))
            self.lanes = lanes
            self.counts = counts
            self.selection = selection
            self.others = others
            self.arguments = arguments
            self.state = state
            self.known = known
        }

        /// New ones.
        static func new() throws(TracingError) -> Maps {
            do throws(SystemError) { return try Maps(.current()) { _, shape throws(SystemError) in try TracingMap(shape) } } catch { throw TracingError(error) }
        }

        /// A name for each in a directory of a bpf file system.
        func keep(_ directory: String) throws(SystemError) {
            try counts.keep("\(directory)/counts")
            try selection.keep("\(directory)/selection")
            try others.keep("\(directory)/others")
            try arguments.keep("\(directory)/arguments")
            try state.keep("\(directory)/state")
            try known.keep("\(directory)/known")
        }
    }

    /// Places in the value of the map `state`, in bytes.
    enum State {
        /// Inode of the job's pid namespace; zero: count nothing.
        static let namespace: Int32 = 0
        static let lostCalls: Int32 = 8
        static let lostArguments: Int32 = 16
        /// One for each `Observation.Kind`, from 1.
        static let lostObservations: Int32 = 24
        static let size = 64
    }

    /// Places for tasks that are known; a power of two.
    private static let knownCount = 4096
    /// Kernel stacks lie at multiples of 16 KiB or more (THREAD_SIZE): what differs is above these bits.
    private static let stackBits: Int32 = 14
    static let laneSize = 8 * ArgumentSelection.callCount
    static let argumentKeySize = 56
    static let argumentCapacity = 4096
    static let otherCapacity = 1024

    let layout: KernelLayout
    /// Its first process is brig's own.
    let skipsInit: Bool

    /// Leaves the program for a task that is not the job's.
    ///
    /// A task is known by the place of its registers, which is on its own kernel stack: asking for the task itself takes more time than all the rest of the program.
    /// No task moves into the job or out of it. The stack of one that is gone may become another's, so a second program forgets each task that ends (``forget(_:)``).
    private func match(_ code: inout TracingAssembler, _ maps: borrowing Maps) {
        let isOurs = code.label(), isKnown = code.label(), next = code.label(), isOther = code.label(), leave = code.label()
        Self.findKnown(&code, maps)
        code.jump(.r3, .equal, .r2, isKnown)
        code.add(.r2, 1)
        code.jump(.r3, .equal, .r2, leave)
        code.value(.r1, of: maps.state)
        code.load(.word, .r1, .r1, State.namespace)
        code.jump(.r1, .equal, 0, leave)
        code.store(.double, .frame, -32, .r1)
        code.store(.double, .frame, -40, .r7)
        code.store(.double, .frame, -104, .r8)
        code.call(.currentTask)
        // The ids of the process, one for each namespace: that of the innermost is the last.
        // Read, not loaded: of a pointer that is loaded from a task the kernel looks up by name what it may be trusted with, some milliseconds long.
        code.move(.r3, .r0)
        code.add(.r3, layout.taskThreadID)
        readKernel(&code, to: -16, bytes: 8)
        code.load(.double, .r9, .frame, -16)
        code.move(.r3, .r9)
        code.add(.r3, layout.idLevel)
        code.store(.double, .frame, -24, value: 0)
        readKernel(&code, to: -24, bytes: 4)
        code.load(.word, .r2, .frame, -24)
        // The machine's own namespace is no job's: most programs leave here.
        code.jump(.r2, .equal, 0, isOther)
        code.and(.r2, 63)
        shift(&code, .r2, times: layout.idSize)
        code.move(.r3, .r9)
        code.add(.r3, layout.idNumbers)
        code.add(.r3, .r2)
        readKernel(&code, to: -16, bytes: layout.idSize)
        code.load(.double, .r8, .frame, -16 + layout.idNamespace)
        code.load(.word, .r9, .frame, -16 + layout.idNumber)
        compareInode(&code)
        if skipsInit {
            code.jump(.r0, .notEqual, 1, next)
            code.jump(.r9, .equal, 1, isOther)
            code.jump(isOurs)
        } else {
            code.jump(.r0, .equal, 1, isOurs)
        }
        code.place(next)
        // A namespace that the job has made lies below its own; there are at most 32 (MAX_PID_NS_LEVEL).
        code.move(.r7, 32)
        let again = code.label()
        code.place(again)
        code.move(.r3, .r8)
        code.add(.r3, layout.namespaceParent)
        readKernel(&code, to: -16, bytes: 8)
        code.load(.double, .r8, .frame, -16)
        code.jump(.r8, .equal, 0, isOther)
        compareInode(&code)
        code.jump(.r0, .equal, 1, isOurs)
        code.add(.r7, -1)
        code.jump(.r7, .notEqual, 0, again)
        code.place(isOther)
        remember(&code, maps, isOther: true)
        code.place(leave)
        code.leave()
        code.place(isOurs)
        remember(&code, maps, isOther: false)
        code.load(.double, .r8, .frame, -104)
        code.place(isKnown)
    }

    /// Brings back r7. The task is known from now on, if its registers are where they will be looked for at its end.
    private func remember(_ code: inout TracingAssembler, _ maps: borrowing Maps, isOther: Bool) {
        let skip = code.label()
        code.load(.double, .r7, .frame, -40)
        code.call(.currentTask)
        code.move(.r1, .r0)
        code.call(.registers)
        code.jump(.r0, .notEqual, .r7, skip)
        Self.findKnown(&code, maps)
        if isOther { code.add(.r2, 1) }
        code.store(.double, .r1, 0, .r2)
        code.place(skip)
    }

    /// For the registers at r7: r2 becomes what stands for their task, an even number, if it is the job's (one more if not); r1 the address of its place among
    /// those that are known, which it shares with others; r3 what is there. It is one word, so whoever writes it, it stands for one task or for none.
    private static func findKnown(_ code: inout TracingAssembler, _ maps: borrowing Maps) {
        code.value(.r1, of: maps.known)
        code.move(.r2, .r7)
        code.subtract(.r2, .r1)
        code.move(.r3, .r2)
        code.shiftRight(.r3, stackBits)
        code.and(.r3, Int32(knownCount - 1))
        code.shiftLeft(.r3, 3)
        code.add(.r1, .r3)
        code.load(.double, .r3, .r1, 0)
    }

    /// The program at the end of each task (the tracepoint sched_process_exit): after it the task makes no call, and its stack is still its own.
    ///
    /// Where another task gets the same place meanwhile, that one may be forgotten, and is looked at again. It runs between audits too: what is known must not
    /// outlast its task.
    static func forget(_ maps: borrowing Maps) -> TracingAssembler {
        var code = TracingAssembler()
        let isKnown = code.label(), leave = code.label()
        code.load(.double, .r1, .r1, 0)
        code.call(.registers)
        code.move(.r7, .r0)
        findKnown(&code, maps)
        code.jump(.r3, .equal, .r2, isKnown)
        code.add(.r2, 1)
        code.jump(.r3, .notEqual, .r2, leave)
        code.place(isKnown)
        code.store(.double, .r1, 0, value: 0)
        code.place(leave)
        code.leave()
        return code
    }

    /// r0 becomes 1 where r8 is the job's namespace.
    private func compareInode(_ code: inout TracingAssembler) {
        let done = code.label()
        code.move(.r3, .r8)
        code.add(.r3, layout.namespaceInode)
        code.store(.double, .frame, -24, value: 0)
        readKernel(&code, to: -24, bytes: 4)
        code.load(.word, .r1, .frame, -24)
        code.load(.double, .r2, .frame, -32)
        code.move(.r0, 0)
        code.jump(.r1, .notEqual, .r2, done)
        code.move(.r0, 1)
        code.place(done)
    }

    /// From the address in r3.
    private func readKernel(_ code: inout TracingAssembler, to place: Int32, bytes: Int32) {
        code.move(.r1, .frame)
        code.add(.r1, place)
        code.move(.r2, bytes)
        code.call(.readKernel)
    }

    private func shift(_ code: inout TracingAssembler, _ register: TracingRegister, times size: Int32) {
        // struct upid is a number and an address: 16 bytes.
        precondition(size == 16, "a process's id of \(size) bytes")
        code.shiftLeft(register, 4)
    }

    /// The program, and after the counting whatever `then` adds (r7 is the registers, r8 the number of a call below 512).
    ///
    /// Of a job only native calls come here: its filter refuses all others.
    func assemble(_ maps: borrowing Maps, then: (inout TracingAssembler, borrowing Maps) -> Void) -> TracingAssembler {
        var code = TracingAssembler()
        // The context: the registers and the number.
        code.load(.double, .r7, .r1, 0)
        code.load(.double, .r8, .r1, 8)
        code.moveWord(.r8, .r8)
        match(&code, maps)

        let isOther = code.label(), done = code.label()
        code.jump(.r8, .greaterOrEqual, Int32(ArgumentSelection.callCount), isOther)
        count(&code, maps)
        keepArguments(&code, maps, done)
        code.place(done)
        then(&code, maps)
        code.leave()

        code.place(isOther)
        code.store(.double, .frame, -48, .r8)
        Self.increment(&code, maps.others, keyAt: -48, orElse: maps.state, State.lostCalls)
        code.leave()
        return code
    }

    private func count(_ code: inout TracingAssembler, _ maps: borrowing Maps) {
        code.call(.processorNumber)
        code.and(.r0, Int32(maps.lanes.count - 1))
        code.shiftLeft(.r0, Int32(Self.laneSize.trailingZeroBitCount))
        code.value(.r1, of: maps.counts)
        code.add(.r1, .r0)
        code.move(.r2, .r8)
        code.shiftLeft(.r2, 3)
        code.add(.r1, .r2)
        if maps.lanes.areShared {
            code.move(.r2, 1)
            code.addAtomically(.r1, 0, .r2)
        } else {
            // Nobody else is on this processor, and preemption is off.
            code.load(.double, .r2, .r1, 0)
            code.add(.r2, 1)
            code.store(.double, .r1, 0, .r2)
        }
    }

    private func keepArguments(_ code: inout TracingAssembler, _ maps: borrowing Maps, _ done: TracingAssembler.Label) {
        code.value(.r1, of: maps.selection)
        code.move(.r2, .r8)
        code.shiftLeft(.r2, 1)
        code.add(.r1, .r2)
        code.load(.half, .r9, .r1, 0)
        code.jump(.r9, .equal, 0, done)
        let key = Int32(-48 - Self.argumentKeySize)
        code.store(.double, .frame, key, .r8)
        for (index, register) in layout.arguments.enumerated() {
            let skip = code.label(), whole = code.label()
            let place = key + 8 + 8 * Int32(index)
            code.store(.double, .frame, place, value: 0)
            code.move(.r1, .r9)
            code.and(.r1, 1 << Int32(index))
            code.jump(.r1, .equal, 0, skip)
            code.load(.double, .r2, .r7, register)
            code.move(.r1, .r9)
            code.and(.r1, 1 << Int32(index + 8))
            code.jump(.r1, .equal, 0, whole)
            code.moveWord(.r2, .r2)
            code.place(whole)
            code.store(.double, .frame, place, .r2)
            code.place(skip)
        }
        Self.increment(&code, maps.arguments, keyAt: key, orElse: maps.state, State.lostArguments)
    }

    /// Adds one to the count of a key on the stack; where the table is full, to a counter of the state.
    static func increment(_ code: inout TracingAssembler, _ table: borrowing TracingMap, keyAt place: Int32, orElse state: borrowing TracingMap, _ lost: Int32) {
        let found = code.label(), done = code.label()
        let key: (inout TracingAssembler) -> Void = { code in
            code.move(.r2, .frame)
            code.add(.r2, place)
        }
        find(&code, table, key: key, found: found, done: done)
        code.value(.r0, of: state, at: lost)
        code.place(found)
        code.move(.r1, 1)
        code.addAtomically(.r0, 0, .r1)
        code.place(done)
    }

    /// Goes to `found` with the address of a key's count in r0, to `done` where the key was new and has its first count, and on where there is no room.
    static func find(
        _ code: inout TracingAssembler, _ table: borrowing TracingMap, key: (inout TracingAssembler) -> Void, found: TracingAssembler.Label, done: TracingAssembler.Label
    ) {
        code.map(.r1, table)
        key(&code)
        code.call(.mapLookup)
        code.jump(.r0, .notEqual, 0, found)
        code.store(.double, .frame, -8, value: 1)
        code.map(.r1, table)
        key(&code)
        code.move(.r3, .frame)
        code.add(.r3, -8)
        code.move(.r4, 1)  // BPF_NOEXIST: another processor may just have made it
        code.call(.mapUpdate)
        code.jump(.r0, .equal, 0, done)
        code.map(.r1, table)
        key(&code)
        code.call(.mapLookup)
        code.jump(.r0, .notEqual, 0, found)
    }
}
