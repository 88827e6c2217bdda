internal import Glibc

/// Memory for one plan: handed out piece by piece, zeroed, given back all at once.
@unsafe struct Arena: ~Copyable {
    private var chunks: [UnsafeMutableRawPointer] = unsafe []
    private var next: UnsafeMutableRawPointer?
    private var remaining = 0
    private static let chunkSize = 64 * 1024

    deinit {
        for index in unsafe chunks.indices { unsafe free(chunks[index]) }
    }

    /// Room for `count` values, aligned for them.
    mutating func allocate<Value: BitwiseCopyable>(_ type: Value.Type, count: Int) -> UnsafeMutablePointer<Value> {
        let size = max(MemoryLayout<Value>.stride * count, 1)
        let room = (size + 15) & ~15
        if unsafe room > remaining { unsafe grow(toFit: room) }
        let start = unsafe next.unsafelyUnwrapped
        unsafe next = start + room
        unsafe remaining -= room
        return unsafe start.bindMemory(to: type, capacity: count)
    }

    /// A NUL-terminated copy. The text has no NUL of its own: the validator and the command line refuse it.
    mutating func string(_ text: String) -> UnsafePointer<CChar> {
        var text = text
        return text.withUTF8 { bytes in
            let copy = unsafe allocate(CChar.self, count: bytes.count + 1)
            if let start = bytes.baseAddress { unsafe memcpy(copy, start, bytes.count) }
            return unsafe UnsafePointer(copy)
        }
    }

    /// A list of strings ended by NULL.
    mutating func strings(_ texts: [String]) -> UnsafePointer<UnsafePointer<CChar>?> {
        let list = unsafe allocate(UnsafePointer<CChar>?.self, count: texts.count + 1)
        for (index, text) in texts.enumerated() { unsafe list[index] = string(text) }
        return unsafe UnsafePointer(list)
    }

    /// Options of a file system: NUL after each, and one more at the end.
    mutating func options(_ texts: [String]) -> UnsafePointer<CChar> {
        var bytes: [UInt8] = []
        for text in texts { bytes += Array(text.utf8) + [0] }
        let copy = unsafe allocate(CChar.self, count: bytes.count + 1)
        unsafe memcpy(copy, bytes, bytes.count)
        return unsafe UnsafePointer(copy)
    }

    private mutating func grow(toFit room: Int) {
        let size = unsafe max(room, Self.chunkSize)
        // Without memory for a plan there is no job; calloc fails only under an address space limit far too small for this program.
        guard let chunk = unsafe calloc(1, size) else { abort() }
        unsafe chunks.append(chunk)
        unsafe next = chunk
        unsafe remaining = size
    }
}
