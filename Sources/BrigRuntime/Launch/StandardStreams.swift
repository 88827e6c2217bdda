internal import BrigPlan
internal import BrigSystem
internal import CBrigLinux
internal import Glibc

/// The descriptors that become the job's standard input, output and error; and brig's ends of the pipes where output is captured.
struct StandardStreams: ~Copyable {
    /// Above 2 each, so that the child can put them in place one by one.
    private(set) var job: [Int32] = []
    private(set) var output: FileDescriptor?
    private(set) var error: FileDescriptor?
    /// Standard input, where the child opens it anew.
    private(set) var input: CellPlan.InputFile?

    deinit {
        for descriptor in job { _ = Glibc.close(descriptor) }
    }

    init(captured: Bool, identity: JobIdentity) throws(LaunchError) {
        try addInput(identity)
        if captured {
            output = FileDescriptor(owning: try pipe())
            error = FileDescriptor(owning: try pipe())
        } else {
            job.append(try Self.caller(1))
            job.append(try Self.caller(2))
        }
    }

    /// The job's ends, once the child has its own copies: a pipe has no end while brig holds its writing side.
    mutating func closeJobEnds() {
        for descriptor in job { _ = Glibc.close(descriptor) }
        job = []
    }

    mutating func takeOutput() -> FileDescriptor? { output.take() }
    mutating func takeError() -> FileDescriptor? { error.take() }

    /// A copy of one of the caller's streams; /dev/null where the caller has closed it (see `holdStandardStreams`). A directory is refused: from its descriptor the job would
    /// reach all that lies beyond.
    private static func caller(_ number: Int32) throws(LaunchError) -> Int32 {
        let flags = fcntl(number, F_GETFL)
        if flags >= 0, flags & OpenFlags.path.rawValue == 0 {
            let stream = FileDescriptor(owning: try inStage("stdio") { () throws(SystemError) in try check("fcntl") { fcntl(number, F_DUPFD_CLOEXEC, 3) } })
            let status = try inStage("stdio") { () throws(SystemError) in try stream.status() }
            if status.kind == .directory { throw LaunchError("stdio", "standard stream \(number) is a directory", hint: "a job's streams are files, pipes, terminals or sockets") }
            return stream.release()
        }
        return try inStage("stdio") { () throws(SystemError) in
            let null = try FileDescriptor.open("/dev/null", .readWrite)
            return try null.duplicate().release()
        }
    }

    private mutating func addInput(_ identity: JobIdentity) throws(LaunchError) {
        let stream = FileDescriptor(owning: try Self.caller(0))
        let source = try inStage("stdio", hint: StandardInput.hint) { () throws(SystemError) in try StandardInput.source(stream, try stream.status(), identity: identity) }
        switch source {
        case .opened(let file): job.append(file)
        case .byChild(let file):
            input = file
            job.append(stream.release())
        case .asGiven: job.append(stream.release())
        }
    }

    private mutating func pipe() throws(LaunchError) -> Int32 {
        var ends: [Int32] = [-1, -1]
        try inStage("stdio") { () throws(SystemError) in try check("pipe2") { unsafe brig_pipe(&ends) } }
        let reader = FileDescriptor(owning: ends[0])
        let writer = FileDescriptor(owning: ends[1])
        let number = reader.number
        try inStage("stdio") { () throws(SystemError) in try check("fcntl") { fcntl(number, F_SETFL, O_NONBLOCK) } }
        job.append(try inStage("stdio") { () throws(SystemError) in try writer.duplicate().release() })
        return try inStage("stdio") { () throws(SystemError) in try reader.duplicate().release() }
    }
}
