import BrigPlan

/// The part of classic BPF that seccomp accepts, read from the kernel's own rules (net/core/filter.c bpf_check_classic, kernel/seccomp.c
/// seccomp_check_filter) and shared with nothing that the compiler uses.
struct BPFInterpreter {
    enum Invalid: Error, Equatable {
        case length(Int)
        case unknownCode(at: Int)
        case jumpOutOfRange(at: Int)
        case load(at: Int)
        case endsWithoutAnswer
    }

    let program: [BPFInstruction]

    /// - Throws: what the kernel would answer with EINVAL.
    init(_ program: [BPFInstruction]) throws(Invalid) {
        guard (1...4096).contains(program.count) else { throw .length(program.count) }
        for (place, instruction) in program.enumerated() {
            switch instruction.code {
            case 0x20:
                guard instruction.k < 64, instruction.k % 4 == 0 else { throw .load(at: place) }
            case 0x54, 0x06:
                break
            case 0x05:
                guard place + 1 + Int(instruction.k) < program.count else { throw .jumpOutOfRange(at: place) }
            case 0x15, 0x25, 0x35, 0x45:
                let furthest = Int(max(instruction.jumpTrue, instruction.jumpFalse))
                guard place + 1 + furthest < program.count else { throw .jumpOutOfRange(at: place) }
            default:
                throw .unknownCode(at: place)
            }
        }
        guard program[program.count - 1].code == 0x06 else { throw .endsWithoutAnswer }
        self.program = program
    }

    /// The filter's answer to a call. Every jump goes forward, so this ends.
    func answer(_ call: Call) -> UInt32 {
        var accumulator: UInt32 = 0
        var place = 0
        while true {
            let instruction = program[place]
            let k = instruction.k
            let holds: Bool
            place += 1
            switch instruction.code {
            case 0x20:
                accumulator = call.word(at: k)
                continue
            case 0x54:
                accumulator &= k
                continue
            case 0x05:
                place += Int(k)
                continue
            case 0x15: holds = accumulator == k
            case 0x25: holds = accumulator > k
            case 0x35: holds = accumulator >= k
            case 0x45: holds = accumulator & k != 0
            default: return k
            }
            place += Int(holds ? instruction.jumpTrue : instruction.jumpFalse)
        }
    }
}

/// One entry into the kernel, as `struct seccomp_data` has it.
struct Call: Sendable, CustomStringConvertible {
    var architecture: UInt32
    var number: UInt32
    var arguments: SeccompVerdicts.Arguments = .init(repeating: 0)

    /// The struct's 32-bit word at an offset in bytes; the instruction pointer is a value that no rule may depend on.
    func word(at offset: UInt32) -> UInt32 {
        switch offset {
        case 0: return number
        case 4: return architecture
        case 8, 12: return 0xdead_beef
        default:
            let argument = arguments[Int(offset - 16) / 8]
            return UInt32(truncatingIfNeeded: offset % 8 == 0 ? argument : argument >> 32)
        }
    }

    var description: String {
        let values = arguments.indices.map { "0x" + String(arguments[$0], radix: 16) }.joined(separator: ", ")
        return "0x\(String(architecture, radix: 16)): call \(number)(\(values))"
    }
}
