import Glibc

/// What an import has read so far: one line that is rewritten on a terminal, a line every few seconds elsewhere. On standard error.
struct ImageProgress {
    private let isTerminal = isatty(2) == 1
    private let start = ImageProgress.now()
    private var shown = ImageProgress.now()

    mutating func show(_ bytes: UInt64) {
        let now = Self.now()
        guard now - shown >= (isTerminal ? 0.1 : 5) else { return }
        shown = now
        let text = "\(ImageText.size(bytes)) read, \(ImageText.size(UInt64(Double(bytes) / max(now - start, 0.001))))/s"
        write(isTerminal ? "\r\(text)\u{1B}[K" : "\(text)\n")
    }

    /// Leaves an empty line behind where there was one that was rewritten.
    func end() { if isTerminal { write("\r\u{1B}[K") } }

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
