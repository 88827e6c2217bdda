internal import BrigPlan
internal import BrigSystem
internal import Glibc

/// The caller's terminal while a job with a terminal of its own runs: raw, so that every key reaches the job, and restored at the end.
final class CallerTerminal {
    private var saved: termios?

    /// - Throws: where standard input is no terminal.
    init() throws(LaunchError) {
        var settings = termios()
        guard unsafe tcgetattr(0, &settings) == 0 else {
            throw LaunchError("terminal", SystemError("tcgetattr", "standard input", errno: errno), hint: "--tty needs a terminal at standard input")
        }
        saved = settings
        var raw = settings
        unsafe cfmakeraw(&raw)
        unsafe _ = tcsetattr(0, TCSANOW, &raw)
    }

    deinit {
        if var saved { unsafe _ = tcsetattr(0, TCSANOW, &saved) }
    }

    /// Rows and columns of the terminal at standard input; 24 by 80 where it does not tell.
    static func size() -> LaunchPlan.TerminalSize {
        var size = winsize()
        guard unsafe ioctl(0, UInt(TIOCGWINSZ), &size) == 0, size.ws_row > 0 else { return LaunchPlan.TerminalSize(rows: 24, columns: 80) }
        return LaunchPlan.TerminalSize(rows: size.ws_row, columns: size.ws_col)
    }

    /// Gives the job's terminal the size of the caller's.
    static func resize(_ master: OpenFile) {
        let size = size()
        var wanted = winsize(ws_row: size.rows, ws_col: size.columns, ws_xpixel: 0, ws_ypixel: 0)
        // At worst the job goes on with the old size.
        unsafe _ = ioctl(master.number, UInt(TIOCSWINSZ), &wanted)
    }
}
