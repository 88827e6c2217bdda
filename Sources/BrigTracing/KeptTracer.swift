internal import BrigSystem
internal import CBrigLinux
internal import Glibc

/// The counting programs and their maps, attached and held by names in the kernel's bpf file system: an audit finds them there, and need not have them checked.
///
/// Nothing is kept unless somebody asks for it, since every system call of the machine passes an attached program. One audit has it at a time; an audit beside
/// that one, one without an init, and one that keeps paths or addresses load their own. It is gone with the file system, at the latest when the machine restarts.
public enum KeptTracer {
    /// Where systemd mounts a bpf file system, and bpftool looks for one.
    static let fileSystem = "/sys/fs/bpf"
    /// The directory of the names, for its owner only.
    public static let directory = "\(fileSystem)/brig"

    /// Why an audit loads its own.
    public enum Obstacle: Error, Sendable, Equatable {
        case absent
        /// An audit has it.
        case busy
        /// This account may not look; nor may its audits use it.
        case closed
        /// Something else, such as another version's programs.
        case unusable(String)
    }

    // MARK: Keeping

    /// Has the kernel check the programs, and attaches them for audits from now on.
    ///
    /// - Throws: where that is not possible, or something is attached already
    public static func attach() throws(TracingError) {
        try checkFileSystem()
        let layout = try KernelLayout()
        let maps = try CountingProgram.Maps.new()
        let code = CountingProgram(layout: layout, skipsInit: true).assemble(maps) { _, _ in }
        var programs = try CountingPrograms(code, maps, layout)
        try programs.attach()
        do throws(SystemError) { try keep(maps, programs, layout, code) } catch { throw TracingError("\(error)") }
    }

    /// Others must not be able to take the names.
    private static func checkFileSystem() throws(TracingError) {
        let found: (isOfKernel: Bool, isOpen: Bool)
        do throws(SystemError) {
            let place = try FileDescriptor.open(fileSystem, [.path, .directory])
            let number = place.number
            found = (try check("fstatfs", fileSystem) { brig_tracing_is_file_system(number) } == 1, try place.status().mode & 0o022 != 0)
        } catch {
            throw TracingError("\(error)")
        }
        guard found.isOfKernel else { throw TracingError("\(fileSystem) is no bpf file system: mount one (mount -t bpf -o mode=700 bpf \(fileSystem))") }
        if found.isOpen { throw TracingError("others may make names in \(fileSystem): keep it to root (chmod 700 \(fileSystem))") }
        var status = stat()
        if unsafe lstat(directory, &status) == 0 { throw TracingError("\(directory) is there already: 'brig tracer detach' removes it") }
    }

    private static func keep(
        _ maps: borrowing CountingProgram.Maps, _ programs: borrowing CountingPrograms, _ layout: KernelLayout, _ code: TracingAssembler
    ) throws(SystemError) {
        // It gets its name when all but the attachment is there: whoever is killed meanwhile leaves at
        // most what forgets tasks attached. There are no dots in names here.
        let parts = "\(directory)-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
        try check("mkdir", parts) { unsafe mkdir(parts, 0o700) }
        do throws(SystemError) {
            try maps.keep(parts)
            for (name, bytes) in [("layout", layout.bytes), ("text", text(code, maps))] {
                let map = try TracingMap(.value(bytes: bytes.count))
                try map.set(bytes)
                try map.keep("\(parts)/\(name)")
            }
            try programs.keep(parts)
            try check("rename", directory) { unsafe rename(parts, directory) }
        } catch {
            do throws(SystemError) { try remove(parts) } catch {}  // what is left of it is attached to nothing
            throw error
        }
        try programs.keepAttached(directory)
    }

    /// Both programs, as bytes that are the same wherever they do the same.
    private static func text(_ code: TracingAssembler, _ maps: borrowing CountingProgram.Maps) -> [UInt8] {
        code.bytesWithoutMaps + CountingProgram.forget(maps).bytesWithoutMaps
    }

    /// Lets go of what is kept: the kernel detaches it when the audit that has it, if one has, is over.
    ///
    /// - Returns: whether there was something
    public static func detach() throws(TracingError) -> Bool {
        do throws(SystemError) {
            try remove(directory)
            return true
        } catch {
            if error.errno == ENOENT { return false }
            throw TracingError("\(error)")
        }
    }

    private static func remove(_ path: String) throws(SystemError) {
        let opened = try FileDescriptor.open(path, [.read, .directory, .noFollow])
        for name in try directoryEntries(opened, subject: path) {
            try check("unlinkat", "\(path)/\(name)") { unsafe unlinkat(opened.number, name, 0) }
        }
        try check("rmdir", path) { unsafe rmdir(path) }
    }

    // MARK: Using

    /// Nil where the next audit would use it.
    public static var obstacle: Obstacle? {
        do throws(Obstacle) {
            _ = try Hold(LOCK_SH)
            return nil
        } catch {
            return error
        }
    }

    /// What one audit has of it. The directory is locked for as long as it lives.
    struct Hold: ~Copyable {
        let maps: CountingProgram.Maps
        let programs: CountingPrograms
        /// Times that they were skipped before this audit; nil where the kernel does not tell.
        let earlierMisses: UInt64?
        let lock: FileDescriptor

        /// - Parameter kind: LOCK_EX to use it, LOCK_SH to look at it
        init(_ kind: Int32) throws(Obstacle) {
            do throws(SystemError) {
                let lock = try FileDescriptor.open(directory, [.read, .directory, .noFollow])
                let number = lock.number
                let status = try lock.status()
                let isOfKernel = try check("fstatfs", directory) { brig_tracing_is_file_system(number) } == 1
                guard isOfKernel, status.owner == geteuid(), status.mode & 0o077 == 0 else {
                    throw SystemError("open", directory, errno: EPERM)
                }
                try check("flock", directory) { flock(number, kind | LOCK_NB) }
                // Whatever becomes of the name, this is the directory that was looked at.
                let path = "/proc/self/fd/\(number)"
                let lanes = Lanes.current()
                let maps = try CountingProgram.Maps(lanes) { name, shape throws(SystemError) in try TracingMap(named: "\(path)/\(name)", shape) }
                let programs = try CountingPrograms(named: path)
                try Self.compare(path, maps)
                earlierMisses = programs.misses
                self.lock = lock
                self.maps = maps
                self.programs = programs
            } catch {
                switch error.errno {
                case ENOENT where error.subject == directory: throw .absent
                case EWOULDBLOCK: throw .busy
                case EACCES where error.subject == directory: throw .closed
                default: throw .unusable(error.description)
                }
            }
        }

        /// Whether the programs do what this version's would.
        private static func compare(_ path: String, _ maps: borrowing CountingProgram.Maps) throws(SystemError) {
            let words = try TracingMap(named: "\(path)/layout", .value(bytes: KernelLayout.byteCount)).get()
            guard let layout = KernelLayout(bytes: words) else { throw SystemError("bpf", "\(path)/layout", errno: ESTALE) }
            let expected = text(CountingProgram(layout: layout, skipsInit: true).assemble(maps) { _, _ in }, maps)
            guard try TracingMap(named: "\(path)/text", .value(bytes: expected.count)).get() == expected else { throw SystemError("bpf", "\(path)/text", errno: ESTALE) }
        }

        /// Makes everything as if nothing had been counted.
        func clear() throws(SystemError) {
            let wasLeft = try maps.state.get().load(Int(CountingProgram.State.namespace), as: UInt32.self) != 0
            try maps.state.clearValue()
            // The audit before did not end in order: a call of its job's may still be on its way through the program, and once more where it found its task known.
            if wasLeft { try check("membarrier") { brig_tracing_settle() } }
            try maps.known.clearValue()
            if wasLeft { try check("membarrier") { brig_tracing_settle() } }
            try maps.state.clearValue()
            try maps.counts.clearValue()
            try maps.others.clear()
            try maps.arguments.clear()
        }
    }

    /// Nothing where an audit must load its own.
    static func take() -> Hold? {
        for _ in 0..<10 {
            do {
                let hold = try Hold(LOCK_EX)
                try hold.clear()
                return hold
            } catch Obstacle.busy {
                // Somebody may only be looking.
                usleep(500)
            } catch {
                // Absent, or of another version: what is loaded instead does the same. `brig tracer status` says which.
                return nil
            }
        }
        return nil
    }
}
