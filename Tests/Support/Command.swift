internal import CTestSupport
internal import Glibc

/// A program that a test runs to its end, with everything it wrote.
public struct Command: Sendable {
    public var executable: String
    public var arguments: [String]
    /// The whole environment; nil: that of the test.
    public var environment: [String: String]?
    public var input: [UInt8] = []
    /// Seconds, times ``timeFactor``, after which the program's process group is killed.
    public var timeLimit: Double = 30
    /// Descriptors of the test that the program gets under the given numbers (3 and up).
    public var descriptors: [(ours: Int32, theirs: Int32)] = []
    public var workingDirectory: String?

    /// - Parameter executable: a path, or a name that is looked up in PATH.
    public init(_ executable: String, _ arguments: [String] = [], environment: [String: String]? = nil) {
        self.executable = executable
        self.arguments = arguments
        self.environment = environment
    }

    /// What became of it.
    public struct Outcome: Sendable {
        /// Nil where a signal ended it.
        public let exitCode: Int32?
        public let signal: Int32?
        public let output: [UInt8]
        public let errorOutput: [UInt8]
        public let timedOut: Bool
        /// Seconds from the spawn to the end.
        public let seconds: Double
        /// Largest resident set of the program or of one of its waited-for children, in bytes.
        public let maxResidentBytes: UInt64
        /// User and system time of the program and its waited-for children, in seconds.
        public let cpuSeconds: Double

        /// Standard output as text, invalid UTF-8 repaired.
        public var text: String { String(decoding: output, as: UTF8.self) }
        /// Standard error as text, invalid UTF-8 repaired.
        public var errorText: String { String(decoding: errorOutput, as: UTF8.self) }
        public var lines: [String] { text.split(separator: "\n").map(String.init) }
        public var succeeded: Bool { exitCode == 0 }
    }

    /// Spawns the program, feeds it, collects what it writes, and waits. Output that a child left behind writes later than one second
    /// after the program's own end is not waited for.
    public func run() throws -> Outcome {
        let start = now()
        let input = try Pipe()
        let output = try Pipe()
        let errors = try Pipe()
        let pid = try spawn(input: input, output: output, errors: errors)
        input.closeReading()
        output.closeWriting()
        errors.closeWriting()
        // Without a process group of its own the program could outlive the test in a child.
        var pump = Pump(input: input, output: output, errors: errors, pending: self.input)
        var status: Int32 = 0
        var usage = rusage()
        var ended: Double?
        var timedOut = false
        while true {
            pump.turn(milliseconds: ended == nil ? 20 : 5)
            if ended == nil, unsafe wait4(pid, &status, WNOHANG, &usage) == pid { ended = now() }
            if let ended, pump.isDone || now() - ended > 1 { break }
            if ended == nil, !timedOut, now() - start > timeLimit * timeFactor {
                timedOut = true
                kill(-pid, SIGKILL)
            }
        }
        let signal = status & 0x7f
        let cpu = Double(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) + Double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6
        return Outcome(
            exitCode: signal == 0 ? (status >> 8) & 0xff : nil, signal: signal == 0 ? nil : signal, output: pump.outputBytes, errorOutput: pump.errorBytes, timedOut: timedOut,
            seconds: (ended ?? now()) - start, maxResidentBytes: UInt64(usage.ru_maxrss) * 1024, cpuSeconds: cpu)
    }

    private func spawn(input: borrowing Pipe, output: borrowing Pipe, errors: borrowing Pipe) throws -> pid_t {
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_adddup2(&actions, input.reading, 0)
        unsafe posix_spawn_file_actions_adddup2(&actions, output.writing, 1)
        unsafe posix_spawn_file_actions_adddup2(&actions, errors.writing, 2)
        var first: Int32 = 3
        for (ours, theirs) in descriptors.sorted(by: { $0.theirs < $1.theirs }) {
            unsafe posix_spawn_file_actions_adddup2(&actions, ours, theirs)
            first = max(first, theirs + 1)
        }
        // The test's own descriptors are of no concern to the program.
        unsafe test_spawn_close_from(&actions, first)
        if let workingDirectory { unsafe test_spawn_directory(&actions, workingDirectory) }

        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        defer { unsafe posix_spawnattr_destroy(&attributes) }
        unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP) | Int16(POSIX_SPAWN_SETSIGMASK) | Int16(POSIX_SPAWN_SETSIGDEF))
        unsafe posix_spawnattr_setpgroup(&attributes, 0)
        var none = sigset_t()
        var all = sigset_t()
        unsafe sigemptyset(&none)
        unsafe sigfillset(&all)
        unsafe posix_spawnattr_setsigmask(&attributes, &none)
        unsafe posix_spawnattr_setsigdefault(&attributes, &all)

        var pid: pid_t = 0
        let failure = unsafe withCStrings([executable] + arguments) { argv in
            guard let environment else { return unsafe posix_spawnp(&pid, executable, &actions, &attributes, argv, environ) }
            return unsafe withCStrings(environment.map { "\($0.key)=\($0.value)" }.sorted()) { envp in
                unsafe posix_spawnp(&pid, executable, &actions, &attributes, argv, envp)
            }
        }
        guard failure == 0 else { throw FixtureError("spawn \(executable): errno \(failure)") }
        return pid
    }
}

/// Monotonic seconds.
private func now() -> Double {
    var time = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

private func withCStrings<Result>(_ strings: [String], _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Result) -> Result {
    var pointers: [UnsafeMutablePointer<CChar>?] = unsafe strings.map { unsafe strdup($0) }
    unsafe pointers.append(nil)
    let count = strings.count
    defer { for index in 0..<count { unsafe free(pointers[index]) } }
    return unsafe pointers.withUnsafeMutableBufferPointer { unsafe body($0.baseAddress.unsafelyUnwrapped) }
}

/// Both ends of a pipe, closed on exec.
private final class Pipe {
    private(set) var reading: Int32 = -1
    private(set) var writing: Int32 = -1

    init() throws {
        var ends: [Int32] = [-1, -1]
        guard unsafe test_pipe(&ends) == 0 else { throw FixtureError("pipe2: errno \(errno)") }
        reading = ends[0]
        writing = ends[1]
    }

    func closeReading() {
        if reading >= 0 { close(reading) }
        reading = -1
    }

    func closeWriting() {
        if writing >= 0 { close(writing) }
        writing = -1
    }

    deinit {
        closeReading()
        closeWriting()
    }
}

/// Moves bytes between the test and the program without either waiting for the other.
private struct Pump {
    let input: Pipe
    let output: Pipe
    let errors: Pipe
    var pending: [UInt8]
    var outputBytes: [UInt8] = []
    var errorBytes: [UInt8] = []

    init(input: Pipe, output: Pipe, errors: Pipe, pending: [UInt8]) {
        self.input = input
        self.output = output
        self.errors = errors
        self.pending = pending
        signal(SIGPIPE, SIG_IGN)
        _ = fcntl(input.writing, F_SETFL, O_NONBLOCK)
        if pending.isEmpty { input.closeWriting() }
    }

    /// Both outputs have been closed by everyone.
    var isDone: Bool { output.reading < 0 && errors.reading < 0 }

    mutating func turn(milliseconds: Int32) {
        var polls = [
            pollfd(fd: output.reading, events: Int16(POLLIN), revents: 0),
            pollfd(fd: errors.reading, events: Int16(POLLIN), revents: 0),
            pollfd(fd: input.writing, events: Int16(POLLOUT), revents: 0),
        ]
        guard unsafe poll(&polls, 3, milliseconds) > 0 else { return }
        if polls[0].revents != 0 { Self.drain(output, into: &outputBytes) }
        if polls[1].revents != 0 { Self.drain(errors, into: &errorBytes) }
        if polls[2].revents != 0 { feed() }
    }

    private static func drain(_ pipe: Pipe, into bytes: inout [UInt8]) {
        var chunk = [UInt8](repeating: 0, count: 65536)
        let count = unsafe chunk.withUnsafeMutableBytes { unsafe read(pipe.reading, $0.baseAddress, $0.count) }
        if count > 0 { bytes += chunk.prefix(count) }
        if count == 0 || (count < 0 && errno != EINTR) { pipe.closeReading() }
    }

    private mutating func feed() {
        let count = unsafe pending.withUnsafeBytes { unsafe write(input.writing, $0.baseAddress, $0.count) }
        if count > 0 { pending.removeFirst(count) }
        if pending.isEmpty || (count < 0 && errno != EAGAIN && errno != EINTR) { input.closeWriting() }
    }
}
