internal import BrigSystem
internal import CBrigLinux
internal import Glibc

/// A program that the kernel has checked; once attached it runs at one of the kernel's tracepoints for as long as this value lives.
struct TracingProgram: ~Copyable {
    private let program: FileDescriptor
    private var link: FileDescriptor?

    /// - Parameter point: the id of the tracepoint's type (`btf_trace_sys_enter`)
    init(_ assembler: TracingAssembler, at point: UInt32, named name: String) throws(TracingError) {
        let instructions = assembler.program()
        var log = [CChar](repeating: 0, count: 64 * 1024)
        let number = unsafe instructions.withUnsafeBytes { bytes in
            unsafe brig_tracing_load(bytes.baseAddress, UInt32(instructions.count), point, &log, UInt32(log.count))
        }
        guard number >= 0 else {
            let error = SystemError("bpf", "BPF_PROG_LOAD", errno: errno)
            let words = String(decoding: log.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self).split(separator: "\n").suffix(8).joined(separator: "; ")
            throw words.isEmpty ? TracingError(error) : TracingError("the kernel refuses the program for \(name): \(error.description): \(words)")
        }
        program = FileDescriptor(owning: number)
    }

    /// The program that a name in a bpf file system holds, and its attachment that a name beside it holds.
    init(named path: String) throws(SystemError) {
        let program = FileDescriptor(owning: try check("bpf", path) { unsafe brig_tracing_open(path) })
        let linkPath = Self.linkPath(path)
        let link = FileDescriptor(owning: try check("bpf", linkPath) { unsafe brig_tracing_open(linkPath) })
        self.program = program
        self.link = consume link
    }

    /// A name holds the program from now on.
    func keep(_ path: String) throws(SystemError) {
        let program = program.number
        try check("bpf", path) { unsafe brig_tracing_pin(program, path) }
    }

    /// A name beside that of the program holds its attachment from now on: it goes on being run when this value is gone.
    func keepAttached(_ path: String) throws(SystemError) {
        let attachment = attachment, path = Self.linkPath(path)
        try check("bpf", path) { unsafe brig_tracing_pin(attachment, path) }
    }

    private static func linkPath(_ path: String) -> String { "\(path)-link" }

    mutating func attach() throws(TracingError) {
        let number = program.number
        do throws(SystemError) {
            link = FileDescriptor(owning: try check("bpf", "BPF_RAW_TRACEPOINT_OPEN") { brig_tracing_attach(number) })
        } catch {
            throw TracingError(error)
        }
    }

    var isAttached: Bool { attachment >= 0 }

    /// Descriptor of its attachment; -1 where there is none.
    private var attachment: Int32 {
        switch link {
        case .some(let link): link.number
        case nil: -1
        }
    }

    /// It is not run any more, unless a name holds its attachment.
    mutating func detach() { link = nil }

    /// Times that it was skipped; it counts exactly only where this is 0. Nil where the kernel does not tell.
    var misses: UInt64? {
        var misses: UInt64 = 0
        return unsafe brig_tracing_misses(program.number, &misses) == 0 ? misses : nil
    }
}
