internal import Glibc

/// How the caller's standard streams are set: their status flags, and the modes of terminals. A job that has these streams too can change both, and the caller's
/// shell would be left with them: with reads that fail (O_NONBLOCK), or without echo.
struct CallerStreams {
    private struct Stream {
        let number: Int32
        let flags: Int32
        /// Of a terminal.
        let modes: termios?
    }

    private let streams: [Stream]

    init() {
        streams = (0...2).compactMap { (number: Int32) in
            let flags = fcntl(number, F_GETFL)
            return flags < 0 ? nil : Stream(number: number, flags: flags, modes: Self.modes(number))
        }
    }

    /// Sets again what is set otherwise now; the job must be gone. While brig is in the background of a terminal, its modes are somebody else's, and stay.
    func restore() {
        for stream in streams {
            if fcntl(stream.number, F_GETFL) != stream.flags { _ = fcntl(stream.number, F_SETFL, stream.flags) }
            guard var wanted = stream.modes, let modes = Self.modes(stream.number), !Self.areEqual(wanted, modes), Self.isInForeground(stream.number) else { continue }
            unsafe _ = tcsetattr(stream.number, TCSANOW, &wanted)
        }
    }

    private static func modes(_ number: Int32) -> termios? {
        var modes = termios()
        return unsafe tcgetattr(number, &modes) == 0 ? modes : nil
    }

    private static func areEqual(_ one: termios, _ other: termios) -> Bool {
        unsafe withUnsafeBytes(of: one) { one in unsafe withUnsafeBytes(of: other) { other in unsafe one.elementsEqual(other) } }
    }

    private static func isInForeground(_ number: Int32) -> Bool {
        let group = tcgetpgrp(number)
        // Of a terminal of another session there is no saying.
        return group < 0 || group == getpgrp()
    }
}
