/// Writes eBPF programs: one method an instruction, jumps by label.
struct TracingAssembler {
    struct Label: Equatable {
        fileprivate let index: Int
    }

    private(set) var instructions: [TracingInstruction] = []
    private var places: [Int?] = []
    private var jumps: [(instruction: Int, label: Label)] = []

    // MARK: Labels

    mutating func label() -> Label {
        places.append(nil)
        return Label(index: places.count - 1)
    }

    /// The label stands for the next instruction.
    mutating func place(_ label: Label) { places[label.index] = instructions.count }

    /// The program with its jumps filled in. A label that was never placed is a fault of the program's author.
    func program() -> [TracingInstruction] {
        var program = instructions
        for (instruction, label) in jumps {
            guard let place = places[label.index] else { preconditionFailure("a label without a place") }
            program[instruction].offset = Int16(place - instruction - 1)
        }
        return program
    }

    /// The program as bytes, with zeros for the numbers of its maps: the same for all programs that do the same.
    var bytesWithoutMaps: [UInt8] {
        var program = program()
        for index in program.indices where program[index].code == Self.wideMove { program[index].immediate = 0 }
        return unsafe program.withUnsafeBytes { unsafe Array($0) }
    }

    // MARK: Moves and arithmetic

    mutating func move(_ destination: TracingRegister, _ source: TracingRegister) { emit(0xbf, destination, source.rawValue) }
    mutating func move(_ destination: TracingRegister, _ value: Int32) { emit(0xb7, destination, immediate: value) }
    /// The low 32 bits; the others become zero.
    mutating func moveWord(_ destination: TracingRegister, _ source: TracingRegister) { emit(0xbc, destination, source.rawValue) }
    mutating func add(_ destination: TracingRegister, _ source: TracingRegister) { emit(0x0f, destination, source.rawValue) }
    mutating func add(_ destination: TracingRegister, _ value: Int32) { emit(0x07, destination, immediate: value) }
    mutating func subtract(_ destination: TracingRegister, _ source: TracingRegister) { emit(0x1f, destination, source.rawValue) }
    mutating func and(_ destination: TracingRegister, _ value: Int32) { emit(0x57, destination, immediate: value) }
    mutating func shiftLeft(_ destination: TracingRegister, _ bits: Int32) { emit(0x67, destination, immediate: bits) }
    mutating func shiftRight(_ destination: TracingRegister, _ bits: Int32) { emit(0x77, destination, immediate: bits) }
    mutating func negate(_ destination: TracingRegister) { emit(0x87, destination) }

    // MARK: Memory

    mutating func load(_ width: TracingWidth, _ destination: TracingRegister, _ base: TracingRegister, _ offset: Int32) {
        emit(0x61 | width.rawValue, destination, base.rawValue, offset: Int16(offset))
    }
    mutating func store(_ width: TracingWidth, _ base: TracingRegister, _ offset: Int32, _ source: TracingRegister) {
        emit(0x63 | width.rawValue, base, source.rawValue, offset: Int16(offset))
    }
    mutating func store(_ width: TracingWidth, _ base: TracingRegister, _ offset: Int32, value: Int32) {
        emit(0x62 | width.rawValue, base, offset: Int16(offset), immediate: value)
    }
    /// Adds to eight bytes of memory, whichever other processor does so too.
    mutating func addAtomically(_ base: TracingRegister, _ offset: Int32, _ source: TracingRegister) { emit(0xdb, base, source.rawValue, offset: Int16(offset)) }

    /// A map, for a helper.
    mutating func map(_ destination: TracingRegister, _ map: borrowing TracingMap) { wide(destination, 1, map.number, 0) }
    /// The address of the one value of an array map.
    mutating func value(_ destination: TracingRegister, of map: borrowing TracingMap, at offset: Int32 = 0) { wide(destination, 2, map.number, offset) }

    /// BPF_LD | BPF_DW | BPF_IMM
    private static let wideMove: UInt8 = 0x18

    private mutating func wide(_ destination: TracingRegister, _ kind: UInt8, _ low: Int32, _ high: Int32) {
        emit(Self.wideMove, destination, kind, immediate: low)
        emit(0x00, .r0, immediate: high)
    }

    // MARK: Control

    mutating func call(_ helper: TracingHelper) { emit(0x85, .r0, immediate: helper.rawValue) }

    mutating func leave() {
        move(.r0, 0)
        emit(0x95)
    }

    mutating func jump(_ label: Label) { jump(0x05, .r0, 0, label) }
    mutating func jump(_ register: TracingRegister, _ comparison: TracingComparison, _ value: Int32, _ label: Label) { jump(comparison.rawValue, register, value, label) }
    /// Against another register.
    mutating func jump(_ register: TracingRegister, _ comparison: TracingComparison, _ other: TracingRegister, _ label: Label) {
        jumps.append((instructions.count, label))
        emit(comparison.rawValue | 0x08, register, other.rawValue)
    }

    private mutating func jump(_ code: UInt8, _ register: TracingRegister, _ value: Int32, _ label: Label) {
        jumps.append((instructions.count, label))
        emit(code, register, immediate: value)
    }

    private mutating func emit(_ code: UInt8, _ destination: TracingRegister = .r0, _ source: UInt8 = 0, offset: Int16 = 0, immediate: Int32 = 0) {
        instructions.append(TracingInstruction(code, destination, source, offset: offset, immediate: immediate))
    }
}
