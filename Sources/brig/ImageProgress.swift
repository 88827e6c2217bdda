import BrigImage
import Glibc

/// How far an import has come, on standard error: a bar that is drawn anew on a terminal, a line every few seconds elsewhere.
struct ImageProgress {
    private let isTerminal = isatty(2) == 1
    private let start = ImageProgress.now()
    private var shown: Double

    init() { shown = isTerminal ? 0 : start }

    mutating func show(_ reached: ImportProgress) {
        let now = Self.now()
        guard now - shown >= (isTerminal ? 0.1 : 5) else { return }
        shown = now
        let text = Self.text(reached, seconds: now - start)
        write(isTerminal ? "\r\(Self.bar(reached, columns: Self.columns() - text.count - 1))\(text)\u{1B}[K" : "\(text)\n")
    }

    /// Leaves an empty line behind where there was a bar.
    func end() { if isTerminal { write("\r\u{1B}[K") } }

    private static func text(_ reached: ImportProgress, seconds: Double) -> String {
        let rate = "\(ImageText.size(UInt64(Double(reached.bytes) / max(seconds, 0.001))))/s"
        guard let total = reached.total else { return "\(ImageText.size(reached.bytes)) read, \(rate)" }
        return "\(ImageText.size(reached.bytes)) of \(ImageText.size(total)) read, \(rate)"
    }

    /// `[####----]  50 % `, or nothing where the end is unknown or the terminal too narrow.
    private static func bar(_ reached: ImportProgress, columns: Int) -> String {
        let width = min(columns, 50) - 9
        guard let total = reached.total, total > 0, width >= 4 else { return "" }
        let done = min(Double(reached.bytes) / Double(total), 1)
        let filled = Int(done * Double(width))
        let percent = String(Int(done * 100))
        return "[\(String(repeating: "#", count: filled))\(String(repeating: "-", count: width - filled))] \(String(repeating: " ", count: 3 - percent.count))\(percent) % "
    }

    private static func columns() -> Int {
        var size = winsize()
        return unsafe ioctl(2, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0 ? Int(size.ws_col) : 80
    }

    private func write(_ text: String) {
        let bytes = Array(text.utf8)
        // It is for show: nothing depends on it.
        _ = unsafe Glibc.write(2, bytes, bytes.count)
    }

    private static func now() -> Double {
        var time = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
