internal import BrigSystem
internal import Glibc

/// Bytes on their way from one terminal to another, which may not take them now. Nothing here waits: a terminal that has stopped holds its own bytes up
/// and no limit of the job.
struct TerminalFlow: ~Copyable {
    private let source: FileDescriptor
    private let target: FileDescriptor
    private var pending: ArraySlice<UInt8> = []

    /// - Parameter target: does not block.
    init(from source: consuming FileDescriptor, to target: consuming FileDescriptor) {
        self.source = source
        self.target = target
    }

    var sourceNumber: Int32 { source.number }
    var targetNumber: Int32 { target.number }
    var isHeldUp: Bool { !pending.isEmpty }

    /// Reads once, and writes what can be written. False where nothing will come any more: EIO is the end of the last process that had the job's terminal open.
    mutating func read(_ buffer: inout [UInt8]) throws(SystemError) -> Bool {
        let number = source.number
        let got = unsafe buffer.withUnsafeMutableBytes { unsafe Glibc.read(number, $0.baseAddress, $0.count) }
        if got < 0, errno == EAGAIN || errno == EINTR { return true }
        if got <= 0 { return false }
        pending = buffer[..<got]
        try write()
        return true
    }

    /// Writes what can be written of what was read.
    mutating func write() throws(SystemError) {
        let number = target.number
        while !pending.isEmpty {
            let count = unsafe pending.withUnsafeBytes { unsafe Glibc.write(number, $0.baseAddress, $0.count) }
            if count > 0 {
                pending = pending.dropFirst(count)
            } else if errno == EAGAIN {
                return
            } else if errno != EINTR {
                throw SystemError("write", "terminal", errno: errno)
            }
        }
    }
}

/// Between the caller's terminal and the job's.
final class TerminalRelay {
    /// What the job writes, to the caller's standard output.
    var screen: TerminalFlow
    /// What the caller types, to the job.
    var keyboard: TerminalFlow
    private var shared: SharedFlags?

    /// - Parameter master: the job's terminal, whose open file is this process's alone.
    init(master: OpenFile) throws(SystemError) {
        let number = master.number
        try check("fcntl", "terminal") { fcntl(number, F_SETFL, O_RDWR | O_NONBLOCK) }
        var shared: SharedFlags?
        let output = try Self.callerOutput(&shared)
        self.shared = shared
        screen = TerminalFlow(from: try Self.copy(of: number), to: output)
        keyboard = TerminalFlow(from: try Self.copy(of: 0), to: try Self.copy(of: number))
    }

    private static func copy(of number: Int32) throws(SystemError) -> FileDescriptor {
        FileDescriptor(owning: try check("fcntl", "terminal") { fcntl(number, F_DUPFD_CLOEXEC, 3) })
    }

    /// Standard output, not blocking. The flag belongs to the open file, which the caller shares: so the file is opened anew where it can be, and only
    /// otherwise (a socket, a terminal of another account) gets the flag for the time of the job.
    private static func callerOutput(_ shared: inout SharedFlags?) throws(SystemError) -> FileDescriptor {
        let own = try copy(of: 1)
        // A regular file always takes what is written, at the place that the caller's own offset says.
        if try own.status().kind == .regular { return own }
        let opened = unsafe Glibc.open("/proc/self/fd/1", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
        if opened >= 0 { return FileDescriptor(owning: opened) }
        shared = SharedFlags(own.number)
        return own
    }

    /// After the job's end: what it has written goes to the caller as long as the caller takes it.
    ///
    /// - Parameter patience: milliseconds in which a caller that has stopped may go on.
    func finish(_ buffer: inout [UInt8], patience: Int32) throws(SystemError) {
        while true {
            if screen.isHeldUp {
                var poll = pollfd(fd: screen.targetNumber, events: Int16(POLLOUT), revents: 0)
                guard unsafe Glibc.poll(&poll, 1, patience) > 0 else { return }
                try screen.write()
                continue
            }
            var poll = pollfd(fd: screen.sourceNumber, events: Int16(POLLIN), revents: 0)
            guard unsafe Glibc.poll(&poll, 1, 0) == 1, poll.revents & Int16(POLLIN) != 0, try screen.read(&buffer) else { return }
        }
    }
}

/// O_NONBLOCK on an open file that others share, taken back at the end.
private final class SharedFlags {
    private let number: Int32
    private let flags: Int32

    init?(_ descriptor: Int32) {
        number = fcntl(descriptor, F_DUPFD_CLOEXEC, 3)
        flags = fcntl(number, F_GETFL)
        if flags < 0 || flags & O_NONBLOCK != 0 || fcntl(number, F_SETFL, flags | O_NONBLOCK) < 0 { return nil }
    }

    deinit {
        _ = fcntl(number, F_SETFL, flags)
        _ = Glibc.close(number)
    }
}
