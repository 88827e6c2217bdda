internal import Glibc

/// The caller's terminal where the job has it too, as standard stream: how it was set before.
///
/// A job can leave it stopped (tcflow(3)), and whoever writes to it would wait for ever, or taken for itself (TIOCEXCL), and nobody could open it. It can also leave it without echo, or its reads without waiting (O_NONBLOCK).
/// Those are set again only where brig is the one program in the foreground, with all three streams on the terminal: else what changed may be a pager's or
/// another program's doing. A terminal of the job's own (`--tty`) leaves nothing to mend.
struct SharedTerminal {
    private struct Settings {
        let modes: termios
        /// Streams that wait for input.
        let waiting: [Int32]
    }

    private static let streams: [Int32] = [0, 1, 2]
    /// Streams whose terminal is open to others.
    private let shared: [Int32]
    /// Where brig has the terminal alone.
    private let settings: Settings?

    /// Nil where no standard stream is a terminal.
    init?() {
        guard Self.streams.contains(where: { isatty($0) == 1 }) else { return nil }
        shared = Self.streams.filter { isatty($0) == 1 && !Self.isExclusive($0) }
        var modes = termios()
        guard Self.isAlone, unsafe tcgetattr(0, &modes) == 0 else {
            settings = nil
            return
        }
        settings = Settings(modes: modes, waiting: Self.streams.filter { fcntl($0, F_GETFL) & O_NONBLOCK == 0 })
    }

    /// The job must be gone.
    func restore() {
        // A process in the background would be stopped by what follows.
        var signals = sigset_t(), before = sigset_t()
        unsafe sigemptyset(&signals)
        unsafe sigaddset(&signals, SIGTTOU)
        unsafe sigprocmask(SIG_BLOCK, &signals, &before)
        defer { unsafe _ = sigprocmask(SIG_SETMASK, &before, nil) }
        for stream in Self.streams where isatty(stream) == 1 { _ = tcflow(stream, TCOON) }
        for stream in shared where Self.isExclusive(stream) { _ = ioctl(stream, UInt(TIOCNXCL)) }
        guard let settings, Self.isAlone else { return }
        var modes = settings.modes
        unsafe _ = tcsetattr(0, TCSANOW, &modes)
        for stream in settings.waiting {
            let flags = fcntl(stream, F_GETFL)
            if flags >= 0, flags & O_NONBLOCK != 0 { _ = fcntl(stream, F_SETFL, flags & ~O_NONBLOCK) }
        }
    }

    private static func isExclusive(_ stream: Int32) -> Bool {
        // TIOCGEXCL (asm-generic/ioctls.h), which is a macro of its own kind.
        var isExclusive: Int32 = 0
        return unsafe ioctl(stream, 0x8004_5440, &isExclusive) == 0 && isExclusive != 0
    }

    /// Whether brig leads the foreground of the terminal that is all its streams.
    private static var isAlone: Bool {
        guard tcgetpgrp(0) == getpid() else { return false }
        var terminal = stat()
        guard unsafe fstat(0, &terminal) == 0 else { return false }
        return streams.allSatisfy { stream in
            var status = stat()
            return unsafe fstat(stream, &status) == 0 && status.st_rdev == terminal.st_rdev && isatty(stream) == 1
        }
    }
}
