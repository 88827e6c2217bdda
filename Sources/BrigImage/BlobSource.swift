internal import BrigSystem
internal import CBrigLinux
internal import Glibc

/// Where manifests and layers are read from: a directory, or an archive of one. Paths are relative, checked by ``EntryPath``.
protocol BlobSource: AnyObject {
    /// A small file; nil where there is none.
    func document(_ path: String) throws(ImageError) -> [UInt8]?
    /// The content of the named files, in whatever order they come; files that are missing are left out.
    func forEach(_ paths: Set<String>, _ body: (String, any ByteStream) throws(ImageError) -> Void) throws(ImageError)
}

/// A directory, read without leaving it.
final class DirectorySource: BlobSource {
    private let directory: Int32
    private let limits: UnpackLimits
    private let progress: (UInt64) -> Void

    init(_ directory: Int32, limits: UnpackLimits, progress: @escaping (UInt64) -> Void) {
        self.directory = directory
        self.limits = limits
        self.progress = progress
    }

    private func open(_ path: String) throws(ImageError) -> FileDescriptor? {
        let checked = try EntryPath(Array(path.utf8), of: "file", limits: limits)
        let descriptor = unsafe brig_unpack_open_beneath(directory, checked.path, O_RDONLY | O_NONBLOCK, 0)
        if descriptor < 0, errno == ENOENT { return nil }
        let file = FileDescriptor(owning: try attempt("openat2", quoted(path)) { descriptor })
        var status = stat()
        try attempt("fstat", quoted(path)) { unsafe fstat(file.number, &status) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw ImageError(.malformed, "\(quoted(path)) is no regular file") }
        return file
    }

    func document(_ path: String) throws(ImageError) -> [UInt8]? {
        guard let file = try open(path) else { return nil }
        return try readAll(FileStream(file.number, subject: quoted(path)), limit: limits.documentBytes, subject: quoted(path))
    }

    func forEach(_ paths: Set<String>, _ body: (String, any ByteStream) throws(ImageError) -> Void) throws(ImageError) {
        for path in paths.sorted() {
            guard let file = try open(path) else { continue }
            try body(path, FileStream(file.number, subject: quoted(path), progress: progress))
        }
    }
}

/// All bytes of a stream, if they are not too many.
func readAll(_ stream: any ByteStream, limit: Int, subject: String) throws(ImageError) -> [UInt8] {
    var bytes: [UInt8] = []
    while true {
        let block = unsafe try stream.next()
        if unsafe block.isEmpty { return bytes }
        guard bytes.count + block.count <= limit else { throw ImageError(.limit, "\(subject) has more than \(limit) bytes, which is too long for a manifest") }
        unsafe bytes.append(contentsOf: block)
    }
}
