internal import CArchive
internal import Glibc

/// Reads an archive over libarchive: the entries of a tar, or the one content of a compressed file.
///
/// Strict: what libarchive only warns of is an error here, apart from names that are not in the locale's character set, which are bytes to us.
@safe
struct ArchiveReader: ~Copyable {
    /// What libarchive shall read; anything else is malformed.
    enum Kind {
        /// A tar as it is (ustar, pax, GNU), not compressed.
        case tar
        /// One stream with or without gzip, zstd or xz around it.
        case compressed
    }

    private let handle: Handle

    /// What libarchive's call-backs need; it keeps the error that made a read fail.
    private final class Input {
        let stream: any ByteStream
        var failure: ImageError?
        init(_ stream: any ByteStream) { self.stream = stream }
    }

    /// - Parameter subject: what is read, for messages.
    init(_ kind: Kind, _ stream: any ByteStream, subject: String) throws(ImageError) {
        guard let archive = unsafe archive_read_new() else { throw ImageError(.system, "no memory to read \(subject)") }
        let handle = unsafe Handle(archive, Input(stream), subject: subject)
        try handle.support(kind)
        try handle.open()
        self.handle = handle
    }

    /// What libarchive has allocated, freed once, and what it calls back.
    @safe
    private final class Handle {
        let archive: OpaquePointer
        private let input: Input
        private let subject: String

        @unsafe
        init(_ archive: OpaquePointer, _ input: Input, subject: String) {
            unsafe self.archive = unsafe archive
            self.input = input
            self.subject = subject
        }

        deinit { _ = unsafe archive_read_free(archive) }

        func support(_ kind: Kind) throws(ImageError) {
            switch kind {
            case .tar:
                try require(unsafe archive_read_support_format_tar(archive))
            case .compressed:
                // Without the libraries of these formats libarchive would start programs and warn of it.
                try require(unsafe archive_read_support_filter_gzip(archive))
                try require(unsafe archive_read_support_filter_zstd(archive))
                try require(unsafe archive_read_support_filter_xz(archive))
                try require(unsafe archive_read_support_format_raw(archive))
            }
            try require(unsafe archive_read_support_format_empty(archive))
        }

        func open() throws(ImageError) {
            let client = unsafe Unmanaged.passUnretained(input).toOpaque()
            let status = unsafe archive_read_open2(
                archive, client, nil,
                { _, client, block in
                    let input = unsafe Unmanaged<Input>.fromOpaque(client.unsafelyUnwrapped).takeUnretainedValue()
                    do throws(ImageError) {
                        let bytes = unsafe try input.stream.next()
                        unsafe block?.pointee = bytes.baseAddress
                        return bytes.count
                    } catch {
                        input.failure = error
                        return -1
                    }
                },
                { _, client, count in unsafe Unmanaged<Input>.fromOpaque(client.unsafelyUnwrapped).takeUnretainedValue().stream.skip(count) }, nil)
            try require(status)
        }

        var message: String { unsafe archive_error_string(archive).map { unsafe String(cString: $0) } ?? "unknown error" }

        /// Everything but success is an error: a truncated, damaged or ambiguous archive.
        func require(_ status: Int32) throws(ImageError) {
            guard status != ARCHIVE_OK else { return }
            if let failure = input.failure { throw failure }
            throw ImageError(.malformed, "\(subject) cannot be read: \(quoted(message).dropFirst().dropLast())")
        }
    }

    private var archive: OpaquePointer { unsafe handle.archive }

    /// The next entry; nil at the end of the archive. It is good until the next call.
    mutating func nextEntry() throws(ImageError) -> ArchiveEntry? {
        var entry: OpaquePointer?
        let status = unsafe archive_read_next_header(archive, &entry)
        if status == ARCHIVE_EOF { return nil }
        // "Pathname can't be converted from UTF-8 to current locale": libarchive has kept the bytes, which are what we want.
        if status != ARCHIVE_WARN || !message.contains("can't be converted") { try require(status) }
        guard let entry = unsafe entry else { throw ImageError(.malformed, "the archive has an entry without a header") }
        return unsafe ArchiveEntry(entry)
    }

    /// The next block of the current entry's data and where in the file it belongs; nil at the end of the data.
    @unsafe
    mutating func nextBlock() throws(ImageError) -> (bytes: UnsafeRawBufferPointer, offset: Int64)? {
        var start: UnsafeRawPointer?
        var length = 0
        var offset: la_int64_t = 0
        let status = unsafe archive_read_data_block(archive, &start, &length, &offset)
        if status == ARCHIVE_EOF { return nil }
        try require(status)
        return unsafe (UnsafeRawBufferPointer(start: start, count: length), offset)
    }

    /// Lends the current entry's data as a stream, which ends when `body` has returned.
    mutating func withData(_ body: (any ByteStream) throws(ImageError) -> Void) throws(ImageError) {
        let data = unsafe EntryData(archive)
        defer { unsafe data.archive = nil }
        do throws(ImageError) {
            try body(data)
        } catch {
            // What libarchive has to say is nearer to the cause than what was made of a short stream.
            try require(data.status)
            throw error
        }
        try require(data.status)
    }

    @safe
    private final class EntryData: ByteStream {
        var archive: OpaquePointer?
        private(set) var status = ARCHIVE_OK
        private var end: Int64 = 0

        @unsafe
        init(_ archive: OpaquePointer) { unsafe self.archive = unsafe archive }

        @unsafe
        func next() throws(ImageError) -> UnsafeRawBufferPointer {
            var start: UnsafeRawPointer?
            var length = 0
            var offset: la_int64_t = 0
            while status == ARCHIVE_OK, let archive = unsafe archive {
                let result = unsafe archive_read_data_block(archive, &start, &length, &offset)
                if result == ARCHIVE_EOF { break }
                status = result
                guard status == ARCHIVE_OK else { break }
                guard offset == end else { throw ImageError(.unsupported, "the archive holds a layer as a sparse file") }
                end = offset + Int64(length)
                if length > 0 { return unsafe UnsafeRawBufferPointer(start: start, count: length) }
            }
            return unsafe UnsafeRawBufferPointer(start: nil, count: 0)
        }
    }

    private var message: String { handle.message }

    private func require(_ status: Int32) throws(ImageError) { try handle.require(status) }
}

/// What a compressed stream holds, or a stream that is not compressed as it is.
final class InflatedStream: ByteStream {
    private var reader: ArchiveReader
    private var isOpen: Bool

    init(_ base: any ByteStream, subject: String) throws(ImageError) {
        reader = try ArchiveReader(.compressed, base, subject: subject)
        isOpen = try reader.nextEntry() != nil
    }

    @unsafe
    func next() throws(ImageError) -> UnsafeRawBufferPointer {
        while isOpen {
            // The raw format gives blocks in order and without holes; an empty one says nothing.
            if let block = unsafe try reader.nextBlock() {
                if unsafe !block.bytes.isEmpty { return unsafe block.bytes }
            } else {
                isOpen = false
            }
        }
        return unsafe UnsafeRawBufferPointer(start: nil, count: 0)
    }
}
