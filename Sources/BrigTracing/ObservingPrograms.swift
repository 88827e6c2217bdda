/// The programs that keep paths and addresses: what a call was given when it began, and what came of it when it ended.
struct ObservingPrograms: ~Copyable {
    /// A call that is looked at.
    struct Target: Sendable {
        enum Flags: Sendable {
            case none
            case argument(Int)
            /// `struct open_how`, in memory.
            case structure(Int)
            case constant(UInt32)
        }
        let number: UInt32
        let kind: RecordedCalls.Observation.Kind
        /// Which argument is the address of the path, or of the socket address.
        let pointer: Int
        let flags: Flags
        /// Which argument is the size in bytes; nil for a text.
        let size: Int?
    }

    /// What programs keep for a call that is under way, and in its first part the key that is counted.
    enum Entry {
        static let kind: Int32 = 0
        static let flags: Int32 = 4
        static let result: Int32 = 8
        /// 1: the memory could not be read without waiting for it.
        static let isUnread: Int32 = 12
        static let bytes: Int32 = 16
        static let byteCount: Int32 = 240
        static let keySize = 256
        static let pointer: Int32 = 256
        static let size: Int32 = 264
        static let valueSize = 272
    }

    /// `struct sockaddr_storage`
    private static let maximumAddress: Int32 = 128
    static let underWayCapacity = 4096
    static let capacity = 4096

    let layout: KernelLayout
    /// Calls under way, by process and thread id.
    let underWay: TracingMap
    let observations: TracingMap
    let scratch: TracingMap

    // MARK: Entry into a call

    /// Goes after the counting: r7 are the registers, r8 the number.
    func enter(_ code: inout TracingAssembler, _ targets: [Target], _ state: borrowing TracingMap) {
        let fill = code.label(), skip = code.label()
        let labels = targets.map { _ in code.label() }
        for (target, label) in zip(targets, labels) { code.jump(.r8, .equal, Int32(target.number), label) }
        code.jump(skip)
        for (target, label) in zip(targets, labels) {
            code.place(label)
            code.store(.double, .frame, -112, value: Int32(target.kind.rawValue))
            flags(&code, target.flags)
            code.store(.double, .frame, -128, value: 0)
            if let size = target.size {
                code.load(.double, .r1, .r7, layout.arguments[size])
                code.moveWord(.r1, .r1)
                let fits = code.label()
                code.jump(.r1, .less, Self.maximumAddress + 1, fits)
                code.move(.r1, Self.maximumAddress)
                code.place(fits)
                code.store(.double, .frame, -128, .r1)
            }
            code.load(.double, .r9, .r7, layout.arguments[target.pointer])
            code.jump(fill)
        }
        code.place(fill)
        code.store(.word, .frame, -140, value: 0)
        code.map(.r1, scratch)
        code.move(.r2, .frame)
        code.add(.r2, -140)
        code.call(.mapLookup)
        code.jump(.r0, .equal, 0, skip)
        code.move(.r8, .r0)
        // Keys are compared as a whole: nothing of an earlier one may be left.
        for place in stride(from: Int32(0), to: Int32(Entry.valueSize), by: 8) { code.store(.double, .r8, place, value: 0) }
        for (place, slot) in [(Entry.kind, Int32(-112)), (Entry.flags, -120)] {
            code.load(.word, .r1, .frame, slot)
            code.store(.word, .r8, place, .r1)
        }
        code.store(.double, .r8, Entry.pointer, .r9)
        code.load(.double, .r1, .frame, -128)
        code.store(.double, .r8, Entry.size, .r1)
        read(&code, .r8)
        code.call(.currentProcess)
        code.store(.double, .frame, -48, .r0)
        code.map(.r1, underWay)
        code.move(.r2, .frame)
        code.add(.r2, -48)
        code.move(.r3, .r8)
        code.move(.r4, 0)
        code.call(.mapUpdate)
        code.jump(.r0, .equal, 0, skip)
        lose(&code, .r8, state)
        code.place(skip)
    }

    private func flags(_ code: inout TracingAssembler, _ flags: Target.Flags) {
        code.store(.double, .frame, -120, value: 0)
        switch flags {
        case .none: break
        case .constant(let value): code.store(.double, .frame, -120, value: Int32(bitPattern: value))
        case .argument(let index):
            code.load(.double, .r1, .r7, layout.arguments[index])
            code.store(.double, .frame, -120, .r1)
        case .structure(let index):
            code.move(.r1, .frame)
            code.add(.r1, -120)
            code.move(.r2, 8)
            code.load(.double, .r3, .r7, layout.arguments[index])
            code.call(.readUser)
        }
    }

    /// Reads the memory that the entry at a register names; notes where that fails.
    private func read(_ code: inout TracingAssembler, _ entry: TracingRegister) {
        let isText = code.label(), isRead = code.label(), done = code.label()
        code.load(.double, .r3, entry, Entry.pointer)
        code.move(.r1, entry)
        code.add(.r1, Entry.bytes)
        code.load(.double, .r2, entry, Entry.size)
        code.jump(.r2, .equal, 0, isText)
        code.jump(.r2, .greater, Self.maximumAddress, done)
        code.call(.readUser)
        code.jump(isRead)
        code.place(isText)
        code.move(.r2, Entry.byteCount)
        code.call(.readUserText)
        code.place(isRead)
        let isGood = code.label()
        code.jump(.r0, .signedGreaterOrEqual, 0, isGood)
        code.store(.word, entry, Entry.isUnread, value: 1)
        code.jump(done)
        code.place(isGood)
        code.store(.word, entry, Entry.isUnread, value: 0)
        code.place(done)
    }

    // MARK: End of a call

    /// At the tracepoint sys_exit: registers and result.
    func exit(_ state: borrowing TracingMap) -> TracingAssembler {
        var code = TracingAssembler()
        let leave = code.label()
        code.load(.double, .r8, .r1, 8)
        take(&code, state, leave) { code in code.call(.currentProcess) }
        let isGood = code.label()
        code.move(.r1, 0)
        code.jump(.r8, .signedGreaterOrEqual, 0, isGood)
        code.move(.r1, .r8)
        code.negate(.r1)
        code.place(isGood)
        code.store(.word, .r9, Entry.result, .r1)
        let isRead = code.label()
        code.load(.word, .r1, .r9, Entry.isUnread)
        code.jump(.r1, .equal, 0, isRead)
        // The call itself has brought the memory in by now.
        read(&code, .r9)
        code.place(isRead)
        count(&code, state)
        code.place(leave)
        code.leave()
        return code
    }

    /// At the tracepoint sched_process_exec: the task, its id before (a thread takes over that of its process), and the program. The memory that named
    /// it is gone; the kernel's copy of the name is not.
    func executed(_ state: borrowing TracingMap) -> TracingAssembler {
        var code = TracingAssembler()
        let leave = code.label()
        code.load(.double, .r8, .r1, 8)
        code.load(.double, .r7, .r1, 16)
        take(&code, state, leave) { code in
            code.call(.currentProcess)
            code.shiftRight(.r0, 32)
            code.shiftLeft(.r0, 32)
            code.moveWord(.r8, .r8)
            code.add(.r0, .r8)
        }
        code.store(.word, .r9, Entry.result, value: 0)
        code.load(.double, .r3, .r7, layout.programFileName)
        code.move(.r1, .r9)
        code.add(.r1, Entry.bytes)
        code.move(.r2, Entry.byteCount)
        let isRead = code.label()
        code.load(.word, .r4, .r9, Entry.isUnread)
        code.jump(.r4, .equal, 0, isRead)
        code.call(.readKernelText)
        code.jump(.r0, .equal, 0, isRead)
        code.store(.word, .r9, Entry.isUnread, value: 0)
        code.place(isRead)
        count(&code, state)
        code.place(leave)
        code.leave()
        return code
    }

    /// Loads r9: the entry of the call that ends, whose key `id` leaves in r0. Goes to `leave` where there is none.
    private func take(_ code: inout TracingAssembler, _ state: borrowing TracingMap, _ leave: TracingAssembler.Label, id: (inout TracingAssembler) -> Void) {
        code.value(.r1, of: state)
        code.load(.word, .r1, .r1, CountingProgram.State.namespace)
        code.jump(.r1, .equal, 0, leave)
        id(&code)
        code.store(.double, .frame, -48, .r0)
        code.map(.r1, underWay)
        code.move(.r2, .frame)
        code.add(.r2, -48)
        code.call(.mapLookup)
        code.jump(.r0, .equal, 0, leave)
        code.move(.r9, .r0)
    }

    /// Counts the entry at r9 and forgets it.
    private func count(_ code: inout TracingAssembler, _ state: borrowing TracingMap) {
        let found = code.label(), done = code.label()
        CountingProgram.find(&code, observations, key: { code in code.move(.r2, .r9) }, found: found, done: done)
        lose(&code, .r9, state)
        code.jump(done)
        code.place(found)
        code.move(.r1, 1)
        code.addAtomically(.r0, 0, .r1)
        code.place(done)
        code.map(.r1, underWay)
        code.move(.r2, .frame)
        code.add(.r2, -48)
        code.call(.mapDelete)
    }

    /// One more of the entry's kind that has no place.
    private func lose(_ code: inout TracingAssembler, _ entry: TracingRegister, _ state: borrowing TracingMap) {
        code.load(.word, .r1, entry, Entry.kind)
        code.and(.r1, 3)
        code.shiftLeft(.r1, 3)
        code.value(.r0, of: state, at: CountingProgram.State.lostObservations)
        code.add(.r0, .r1)
        code.move(.r1, 1)
        code.addAtomically(.r0, 0, .r1)
    }
}
