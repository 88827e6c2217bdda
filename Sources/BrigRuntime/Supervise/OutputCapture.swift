internal import BrigReport
internal import BrigSystem
internal import Glibc

/// One captured stream: its first and last bytes, and how many there were. Holds at most `limit` bytes however much comes.
final class OutputCapture {
    let descriptor: FileDescriptor
    private let headLimit: Int
    private let tailLimit: Int
    private var head: [UInt8] = []
    /// A ring once it is full.
    private var tail: [UInt8] = []
    private var tailStart = 0
    private(set) var total: UInt64 = 0
    private(set) var isOpen = true

    init(_ descriptor: consuming FileDescriptor, limit: UInt64) {
        self.descriptor = descriptor
        let bounded = Int(min(limit, UInt64(1 << 40)))
        headLimit = bounded - bounded / 2
        tailLimit = bounded / 2
    }

    var dropped: UInt64 { total - UInt64(head.count + tail.count) }
    var isExceeded: Bool { total > UInt64(headLimit + tailLimit) }

    /// Reads what is there. At most `rounds` times 64 KiB, so that other events get their turn.
    func drain(_ buffer: inout [UInt8], rounds: Int = 16) throws(SystemError) {
        for _ in 0..<rounds where isOpen {
            let number = descriptor.number
            let got = unsafe buffer.withUnsafeMutableBytes { unsafe read(number, $0.baseAddress, $0.count) }
            if got > 0 {
                keep(buffer[..<got])
            } else if got == 0 {
                isOpen = false
            } else if errno == EAGAIN {
                return
            } else if errno != EINTR {
                throw SystemError("read", "captured output", errno: errno)
            }
        }
    }

    private func keep(_ bytes: ArraySlice<UInt8>) {
        total += UInt64(bytes.count)
        var rest = bytes
        if head.count < headLimit {
            let part = rest.prefix(headLimit - head.count)
            head += part
            rest = rest.dropFirst(part.count)
        }
        if tailLimit == 0 { return }
        rest = rest.suffix(tailLimit)
        let room = min(tailLimit - tail.count, rest.count)
        if room > 0 {
            tail += rest.prefix(room)
            rest = rest.dropFirst(room)
        }
        while let first = rest.indices.first {
            let count = min(rest.count, tailLimit - tailStart)
            tail.replaceSubrange(tailStart..<tailStart + count, with: rest[first..<first + count])
            tailStart = (tailStart + count) % tailLimit
            rest = rest.dropFirst(count)
        }
    }

    /// What was kept.
    func finish() -> JobReport.Captured {
        let dropped = dropped
        let ordered = Array(tail[tailStart...] + tail[..<tailStart])
        return JobReport.Captured(head: dropped == 0 ? head + ordered : head, tail: dropped == 0 ? [] : ordered, droppedBytes: dropped)
    }
}
