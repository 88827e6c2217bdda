internal import BrigSystem
internal import Glibc

/// Bytes that come block by block. A block is good until the next one is asked for; blocks go from a file to libarchive without a copy.
protocol ByteStream: AnyObject {
    /// The next block; empty at the end.
    @unsafe
    func next() throws(ImageError) -> UnsafeRawBufferPointer
    /// Leaves out up to `count` bytes where that is cheaper than reading them; says how many.
    func skip(_ count: Int64) -> Int64
}

extension ByteStream {
    func skip(_ count: Int64) -> Int64 { 0 }

    /// Reads on to the end.
    func drain() throws(ImageError) {
        while unsafe try !next().isEmpty {}
    }
}

/// The content of a file, a pipe or a terminal, from where its descriptor stands.
@safe
final class FileStream: ByteStream {
    private let descriptor: Int32
    private let subject: String
    private let buffer: UnsafeMutableRawBufferPointer
    private let progress: (UInt64) -> Void

    /// - Parameters:
    ///   - descriptor: open for reading; it stays the caller's.
    ///   - progress: is told of the bytes of each block.
    init(_ descriptor: Int32, subject: String, progress: @escaping (UInt64) -> Void = { _ in }) {
        self.descriptor = descriptor
        self.subject = subject
        self.progress = progress
        unsafe buffer = .allocate(byteCount: 256 << 10, alignment: 4096)
    }

    deinit { unsafe buffer.deallocate() }

    func skip(_ count: Int64) -> Int64 {
        let here = lseek(descriptor, 0, SEEK_CUR)
        var status = stat()
        // Not past the end: what is missing there must be noticed.
        guard here >= 0, unsafe fstat(descriptor, &status) == 0, here + Int(count) <= status.st_size, lseek(descriptor, Int(count), SEEK_CUR) >= 0 else { return 0 }
        progress(UInt64(count))
        return count
    }

    @unsafe
    func next() throws(ImageError) -> UnsafeRawBufferPointer {
        let count = try attempt("read", subject) { unsafe read(descriptor, buffer.baseAddress, buffer.count) }
        progress(UInt64(count))
        return unsafe UnsafeRawBufferPointer(rebasing: buffer[..<count])
    }
}

/// Bytes in memory, in one block.
@safe
final class MemoryStream: ByteStream {
    private let buffer: UnsafeMutableRawBufferPointer
    private var isRead = false

    init(_ bytes: [UInt8]) {
        unsafe buffer = .allocate(byteCount: max(bytes.count, 1), alignment: 16)
        unsafe buffer.copyBytes(from: bytes)
        length = bytes.count
    }

    private let length: Int

    deinit { unsafe buffer.deallocate() }

    @unsafe
    func next() throws(ImageError) -> UnsafeRawBufferPointer {
        defer { isRead = true }
        return unsafe UnsafeRawBufferPointer(rebasing: buffer[..<(isRead ? 0 : length)])
    }
}

/// Takes the digest of what passes, counts it, and ends at a ceiling.
final class HashingStream: ByteStream {
    private let base: any ByteStream
    private let ceiling: Ceiling
    private let digest: RunningDigest?
    private(set) var count: UInt64 = 0

    /// When a stream is too long.
    struct Ceiling {
        var bytes: UInt64
        /// What there is too much of, for the message.
        var subject: String
        /// The compressed bytes read so far, and how many bytes each may give.
        var ratio: (limit: Int, compressed: () -> UInt64)?
    }

    /// - Parameters:
    ///   - hashes: false where nobody asks for the digest
    ///   - thread: takes the digest of a block while the block is being used
    init(_ base: any ByteStream, ceiling: Ceiling, hashes: Bool = true, thread: DigestThread? = nil) {
        self.base = base
        self.ceiling = ceiling
        digest = hashes ? RunningDigest(on: thread) : nil
    }

    @unsafe
    func next() throws(ImageError) -> UnsafeRawBufferPointer {
        // The base may put the next block where the last one is.
        digest?.settle()
        let block = unsafe try base.next()
        count += UInt64(block.count)
        guard count <= ceiling.bytes else { throw ImageError(.limit, "\(ceiling.subject) has more than \(ByteCount(ceiling.bytes)) bytes") }
        if let ratio = ceiling.ratio, count > 64 << 20, count / UInt64(ratio.limit) > ratio.compressed() {
            throw ImageError(.limit, "\(ceiling.subject) grows more than \(ratio.limit) times when it is decompressed")
        }
        unsafe digest?.update(block)
        return unsafe block
    }

    /// The digest of all that passed, where it was taken.
    func finish() -> Digest { Digest(finishing: digest?.finish() ?? SHA256()) }
}

/// A stream whose first block has been looked at.
@safe
final class PeekedStream: ByteStream {
    private let base: any ByteStream
    private var first: UnsafeRawBufferPointer?
    /// It begins as gzip, zstd or xz do.
    let isCompressed: Bool

    init(_ base: any ByteStream) throws(ImageError) {
        self.base = base
        let block = unsafe try base.next()
        isCompressed = unsafe beginsCompressed(block)
        unsafe first = unsafe block
    }

    func skip(_ count: Int64) -> Int64 { unsafe first == nil ? base.skip(count) : 0 }

    @unsafe
    func next() throws(ImageError) -> UnsafeRawBufferPointer {
        if let block = unsafe first {
            unsafe first = nil
            return unsafe block
        }
        return unsafe try base.next()
    }
}
