internal import BrigSystem
internal import Glibc

/// An archive of a docker-archive or an OCI layout, read twice: once for its manifests, once for the layers that are wanted.
final class ArchiveSource: BlobSource {
    private let file: Int32
    private let limits: UnpackLimits
    private let progress: (UInt64) -> Void
    private var documents: [String: [UInt8]] = [:]
    private var documentBytes = 0
    /// `docker save` wrote a layer that images share as a symbolic link.
    private var links: [String: String] = [:]
    private var names: Set<String> = []

    /// Looks through the archive.
    ///
    /// - Parameters:
    ///   - file: a file that can be read from its beginning more than once.
    ///   - form: with `.any` the first name that neither format has ends the search: then it is the archive of a root file system, and nil.
    init?(_ file: Int32, form: ImageSource.Form, limits: UnpackLimits, progress: @escaping (UInt64) -> Void) throws(ImageError) {
        self.file = file
        self.limits = limits
        self.progress = progress
        var reader = try open(subject: "the archive", progress: { _ in })
        while let entry = try reader.nextEntry() {
            let path = try EntryPath(entry.path, limits: limits)
            if path.isRoot { continue }
            let name = String(decoding: path.bytes, as: UTF8.self)
            if form == .any, !Self.belongs(name) { return nil }
            guard entry.kind != .directory else { continue }
            guard names.insert(name).inserted else { throw ImageError(.malformed, "the archive has two entries \(path.text)") }
            guard names.count <= limits.entries else { throw ImageError(.limit, "the archive has more than \(limits.entries) entries") }
            switch entry.kind {
            case .file: try read(entry, name, from: &reader)
            case .symbolicLink, .hardLink: links[name] = Self.resolved(entry.target, from: entry.kind == .hardLink ? "" : name)
            default: break
            }
        }
        if form == .any, !names.contains("manifest.json"), !names.contains("index.json") { return nil }
    }

    func document(_ path: String) throws(ImageError) -> [UInt8]? {
        let path = try follow(path)
        if let document = documents[path] { return document }
        guard names.contains(path) else { return nil }
        throw ImageError(.limit, "\(quoted(path)) is no JSON document of at most \(limits.documentBytes) bytes")
    }

    func forEach(_ paths: Set<String>, _ body: (String, any ByteStream) throws(ImageError) -> Void) throws(ImageError) {
        // Several of the paths can lead to one entry.
        var wanted: [String: [String]] = [:]
        for path in paths.sorted() { wanted[try follow(path), default: []].append(path) }
        var reader = try open(subject: "the archive", progress: progress)
        while !wanted.isEmpty, let entry = try reader.nextEntry() {
            let path = try EntryPath(entry.path, limits: limits)
            guard entry.kind == .file, let asked = wanted.removeValue(forKey: String(decoding: path.bytes, as: UTF8.self)) else { continue }
            guard asked.count == 1, let path = asked.first else {
                throw ImageError(.unsupported, "the archive has one layer under several names: \(asked.map(quoted).joined(separator: ", "))")
            }
            try reader.withData { (data) throws(ImageError) in try body(path, data) }
        }
    }

    private func open(subject: String, progress: @escaping (UInt64) -> Void) throws(ImageError) -> ArchiveReader {
        try attempt("lseek", subject) { lseek(file, 0, SEEK_SET) }
        let stream = FileStream(file, subject: subject, progress: progress)
        return try ArchiveReader(.tar, try isCompressed(file) ? InflatedStream(stream, subject: subject) : stream, subject: subject)
    }

    /// Keeps what looks like a JSON document and is short enough to be one.
    private func read(_ entry: ArchiveEntry, _ name: String, from reader: inout ArchiveReader) throws(ImageError) {
        let size = entry.size ?? 0
        guard size <= limits.documentBytes else {
            if name.hasSuffix(".json") { throw ImageError(.limit, "\(quoted(name)) has \(size) bytes, at most \(limits.documentBytes) are read") }
            return
        }
        var bytes: [UInt8] = []
        while let block = unsafe try reader.nextBlock() {
            if bytes.isEmpty, let first = unsafe block.bytes.first, first != UInt8(ascii: "{"), first != UInt8(ascii: "[") { return }
            unsafe bytes.append(contentsOf: block.bytes)
        }
        documentBytes += bytes.count
        guard documentBytes <= 4 * limits.documentBytes else { throw ImageError(.limit, "the archive has more than \(4 * limits.documentBytes) bytes of manifests") }
        documents[name] = bytes
    }

    private func follow(_ path: String) throws(ImageError) -> String {
        var path = String(decoding: try EntryPath(Array(path.utf8), of: "file", limits: limits).bytes, as: UTF8.self)
        for _ in 0..<4 {
            guard let target = links[path] else { return path }
            path = target
        }
        throw ImageError(.malformed, "\(quoted(path)) is a chain of links")
    }

    /// A link's target as a path of the archive, worked out on the names alone.
    private static func resolved(_ target: [UInt8], from name: String) -> String {
        var parts = name.split(separator: "/").dropLast().map(String.init)
        for part in String(decoding: target, as: UTF8.self).split(separator: "/") where part != "." {
            if part == ".." { _ = parts.popLast() } else { parts.append(String(part)) }
        }
        return parts.joined(separator: "/")
    }

    /// Names at the top of a docker-archive or an OCI layout.
    private static func belongs(_ name: String) -> Bool {
        var top = name.split(separator: "/")[0]
        if ["manifest.json", "repositories", "oci-layout", "index.json", "config.json", "blobs"].contains(top) { return true }
        if top.hasPrefix("sha256:") { top = top.dropFirst(7) }
        return Digest(hex: top.prefix(64)) != nil && ["", ".json", ".tar", ".tar.gz"].contains(top.dropFirst(64))
    }
}

/// Whether a file begins like gzip, zstd or xz.
func beginsCompressed(_ start: some Sequence<UInt8>) -> Bool {
    let magics: [[UInt8]] = [[0x1f, 0x8b], [0x28, 0xb5, 0x2f, 0xfd], [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]]
    return magics.contains { start.starts(with: $0) }
}

func isCompressed(_ file: Int32) throws(ImageError) -> Bool {
    var start = [UInt8](repeating: 0, count: 6)
    let count = try attempt("pread") { unsafe pread(file, &start, start.count, 0) }
    return beginsCompressed(start.prefix(count))
}
