internal import BrigSystem
internal import CBrigLinux
internal import Glibc

/// Where the running kernel keeps what the programs read, from its own description of its types (/sys/kernel/btf/vmlinux).
struct KernelLayout {
    // Offsets in bytes.
    let taskThreadID: Int32
    let idLevel: Int32
    let idNumbers: Int32
    /// Size of one of a process's ids, one for each pid namespace that it is in.
    let idSize: Int32
    let idNumber: Int32
    let idNamespace: Int32
    let namespaceParent: Int32
    let namespaceInode: Int32
    /// Registers of the six arguments, in `struct pt_regs`.
    let arguments: [Int32]
    let programFileName: Int32

    // Ids of types: the tracepoints.
    let enter: UInt32
    let exit: UInt32
    let executed: UInt32
    /// sched_process_exit
    let ended: UInt32

    /// What was looked up: offsets, then ids.
    private let words: [Int32]

    init() throws(TracingError) {
        let names = Self.members
        var members = unsafe names.map { unsafe brig_member(structure: $0.structure.text, member: $0.member.map { unsafe $0.text }, offset: -1) }
        let points = Self.points
        var types = unsafe points.map { unsafe brig_type(name: $0.text, id: 0) }
        unsafe try Self.look(&members, &types)
        let offsets = unsafe members.map { unsafe $0.offset }
        let ids = unsafe types.map { unsafe $0.id }
        for (name, offset) in zip(names, offsets) where offset < 0 {
            throw TracingError("this kernel has no \(name.structure).\(name.member.map { "\($0)" } ?? "")")
        }
        for (point, id) in zip(points, ids) where id == 0 { throw TracingError("this kernel has no tracepoint \(point)") }
        self.init(words: offsets + ids.map { Int32(bitPattern: $0) })
    }

    private init(words: [Int32]) {
        self.words = words
        let offsets = words
        (taskThreadID, idLevel, idNumbers, idSize, idNumber, idNamespace) = (offsets[0], offsets[1], offsets[2], offsets[3], offsets[4], offsets[5])
        (namespaceParent, namespaceInode, programFileName) = (offsets[6], offsets[7] + offsets[8], offsets[9])
        #if arch(x86_64)
        arguments = Array(offsets[10..<16])
        #else
        arguments = (0..<6).map { offsets[10] + 8 * $0 }
        #endif
        let ids = words.suffix(Self.points.count).map { UInt32(bitPattern: $0) }
        (enter, exit, executed, ended) = (ids[0], ids[1], ids[2], ids[3])
    }

    // MARK: As bytes

    static var byteCount: Int { names.count + 4 * (members.count + points.count) }

    /// What was looked up, by name, and what was found.
    var bytes: [UInt8] { Self.names + words.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> (8 * Int32($0))) } } }

    /// Nil where another version has looked up something else.
    init?(bytes: [UInt8]) {
        let names = Self.names
        guard bytes.count == Self.byteCount, bytes.starts(with: names) else { return nil }
        self.init(words: stride(from: names.count, to: bytes.count, by: 4).map { Int32(littleEndian: bytes.load($0, as: Int32.self)) })
    }

    private static var names: [UInt8] { Array((members.map { "\($0.structure).\($0.member.map { "\($0)" } ?? "")" } + points.map { "\($0)" }).joined(separator: "\n").utf8) }

    private static let points: [StaticString] = ["btf_trace_sys_enter", "btf_trace_sys_exit", "btf_trace_sched_process_exec", "btf_trace_sched_process_exit"]

    private static var members: [(structure: StaticString, member: StaticString?)] {
        let common: [(StaticString, StaticString?)] = [
            ("task_struct", "thread_pid"), ("pid", "level"), ("pid", "numbers"), ("upid", nil), ("upid", "nr"), ("upid", "ns"), ("pid_namespace", "parent"),
            ("pid_namespace", "ns"), ("ns_common", "inum"), ("linux_binprm", "filename"),
        ]
        #if arch(x86_64)
        return common + [
            ("pt_regs", "di"), ("pt_regs", "si"), ("pt_regs", "dx"), ("pt_regs", "r10"), ("pt_regs", "r8"), ("pt_regs", "r9"),
        ]
        #else
        return common + [("pt_regs", "regs")]
        #endif
    }

    /// Kernels since 6.16 let the description be mapped; of others it is copied.
    private static func look(_ members: inout [brig_member], _ types: inout [brig_type]) throws(TracingError) {
        let path = "/sys/kernel/btf/vmlinux"
        do throws(SystemError) {
            let file = try FileDescriptor.open(path, .read)
            let size = Int(try file.status().size)
            let mapped = unsafe mmap(nil, size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, file.number, 0)
            if let mapped = unsafe mapped, unsafe mapped != MAP_FAILED {
                defer { unsafe _ = munmap(mapped, size) }
                guard unsafe brig_kernel_types(mapped, size, &members, members.count, &types, types.count) == 0 else { throw SystemError("read", path, errno: EINVAL) }
                return
            }
            let bytes = try file.readAll(limit: 64 << 20, subject: path)
            guard unsafe brig_kernel_types(bytes, bytes.count, &members, members.count, &types, types.count) == 0 else { throw SystemError("read", path, errno: EINVAL) }
        } catch {
            throw error.errno == ENOENT ? TracingError("this kernel does not describe its types (\(path), CONFIG_DEBUG_INFO_BTF)") : TracingError(error)
        }
    }
}

extension StaticString {
    @unsafe
    fileprivate var text: UnsafePointer<CChar> { unsafe UnsafeRawPointer(utf8Start).assumingMemoryBound(to: CChar.self) }
}
