internal import BrigJSON
internal import BrigSystem
internal import CBrigLinux
internal import Glibc

extension ImageStore {
    /// What came of importing one image of a source.
    public struct Imported: Sendable {
        public let image: StoredImage
        /// The names that it got by this import.
        public let names: [String]
        /// Of these, those that stood for another image until now, and for which.
        public let moved: [(name: String, from: Digest)]
        /// Layers that were unpacked now; the others were there.
        public let newLayers: Int
    }

    /// What the images of a source are called.
    enum Naming: Equatable {
        /// Nothing: they are found by their ids, and by their source.
        case nothing
        /// Whatever the source calls them. An archive is not trusted, and `takes` says whether it may take a name from another image.
        case source(takes: Bool)
        case name(String)
    }

    /// Imports the images of a source: all of them, or the one with the source's tag.
    ///
    /// - Parameters:
    ///   - name: the image's name, instead of those that the source has; then the source must hold one image. It may be another image's until now.
    ///   - takesNames: names that the source has may be other images' until now
    ///   - platform: `OS/ARCHITECTURE[/VARIANT]`, the machine's own by default: picks one image of an index.
    ///   - progress: is told from time to time how far it has come.
    /// - Throws: what is wrong with the source; the store then has nothing of it.
    public func importImages(
        from source: ImageSource, name: String? = nil, takesNames: Bool = false, platform: String? = nil, progress: @escaping (ImportProgress) -> Void = { _ in }
    ) throws(ImageError) -> [Imported] {
        let naming: Naming = if let name { .name(try ImageReference.normalized(name: name)) } else { .source(takes: takesNames) }
        return try importImages(from: source, naming, platform: platform, progress: progress)
    }

    private func importImages(
        from source: ImageSource, _ naming: Naming, platform: String? = nil, progress: @escaping (ImportProgress) -> Void = { _ in }
    ) throws(ImageError) -> [Imported] {
        if let platform, Platform(platform) == nil { throw ImageError(.badReference, "\(quoted(platform)) is no platform", hint: "linux/amd64") }
        let lock = try lock(.adding)
        defer { _ = lock.number }
        let opened = try open(source)
        let key = SourceKey(opened.descriptor.number, source: source, platform: platform)
        if let images = try known(key) { return try finish(images, newLayers: [], source: source, naming, staging: nil) }
        let staging = try makeStaging()
        do throws(ImageError) {
            let folder = try openDirectory("tmp/\(staging)")
            let result = try unpack(source, opened.descriptor.number, into: folder.number, platform: platform, progress: progress)
            try requireNames(result, of: source, naming)
            var newLayers: [Digest] = []
            for image in result { newLayers += try publishLayers(of: image, staging) }
            let imported = try finish(result, newLayers: newLayers, source: source, naming, staging: staging)
            try remember(key, opened.descriptor.number, source: source, platform: platform, result)
            try remove(staging: staging)
            return imported
        } catch {
            try remove(staging: staging)
            throw error
        }
    }

    /// The images of a source, imported on first use. They get no names: a job that is run on an archive changes nothing for other jobs.
    func importedIDs(of source: ImageSource) throws(ImageError) -> [Digest] {
        if source.path != "-" {
            let opened = try open(source)
            if let images = try known(SourceKey(opened.descriptor.number, source: source, platform: nil)) { return images.map(\.id) }
        }
        return try importImages(from: source, .nothing).map(\.image.id)
    }

    // MARK: Unpacking

    private func makeStaging() throws(ImageError) -> String {
        let name = Self.randomName()
        try attempt("mkdirat", "\(path)/tmp/\(name)") { unsafe mkdirat(directory.number, "tmp/\(name)", 0o700) }
        return name
    }

    func remove(staging: String) throws(ImageError) {
        let folder = try openDirectory("tmp")
        try TreeRemoval.remove(staging, in: folder.number)
    }

    private func unpack(
        _ source: ImageSource, _ input: Int32, into staging: Int32, platform: String?, progress: @escaping (ImportProgress) -> Void
    ) throws(ImageError) -> [ImageImporter.Image] {
        var status = stat()
        try attempt("fstat", source.description) { unsafe fstat(input, &status) }
        let isDirectory = status.st_mode & S_IFMT == S_IFDIR
        if isDirectory, try isRootDirectory(source, input) { return try packAndUnpack(input, into: staging, progress: progress) }
        guard !isDirectory || source.form != .tar else { throw ImageError(.badReference, "\(quoted(source.path)) is a directory, no archive", hint: "dir:PATH or oci:PATH") }
        var form = source.form
        var spooled: FileDescriptor?
        if !isDirectory, lseek(input, 0, SEEK_CUR) < 0, form != .tar {
            // Manifests may come after the layers: an archive from a pipe has to be kept until they have been read.
            spooled = try spool(input, beside: staging)
        }
        if form == .directory { form = .any }
        let request: JSONValue = [
            "do": "import", "form": .string(form.rawValue), "tag": source.tag.map { .string($0) } ?? .null, "platform": platform.map { .string($0) } ?? .null,
            "keepsOwners": .bool(geteuid() == 0), "limits": limits.json,
        ]
        let process = try ConfinedProcess(executable: executable, input: spooled?.number ?? input, output: staging)
        return try converse(process, request, progress: progress)
    }

    private func converse(_ process: borrowing ConfinedProcess, _ request: JSONValue, progress: @escaping (ImportProgress) -> Void) throws(ImageError) -> [ImageImporter.Image] {
        var images: [ImageImporter.Image] = []
        var reached = ImportProgress()
        _ = try process.run(request) { (message) throws(ImageError) in
            if let count = message["progress"]?.integer, count >= 0 {
                reached.bytes &+= UInt64(count)
                progress(reached)
            } else if let total = message["total"]?.integer, total > 0 {
                reached.total = UInt64(total)
            } else if let images = message["layers"]?.array {
                let known = try present(images.map { ($0.array ?? []).compactMap { $0.string.flatMap { Digest($0) } } })
                return ["present": .array(known.map { .string($0.description) })]
            } else if let image = message["image"] {
                images.append(try ImageImporter.Image(message: image))
            }
            return nil
        }
        return images
    }

    /// A directory is a root file system unless it is an OCI layout, or an unpacked docker-archive.
    private func isRootDirectory(_ source: ImageSource, _ directory: Int32) throws(ImageError) -> Bool {
        switch source.form {
        case .directory: true
        case .any: unsafe faccessat(directory, "oci-layout", F_OK, AT_SYMLINK_NOFOLLOW) != 0 && faccessat(directory, "manifest.json", F_OK, AT_SYMLINK_NOFOLLOW) != 0
        default: false
        }
    }

    /// A directory goes through the same door as an archive: one process packs it, another unpacks that.
    private func packAndUnpack(_ input: Int32, into staging: Int32, progress: @escaping (ImportProgress) -> Void) throws(ImageError) -> [ImageImporter.Image] {
        var ends: [Int32] = [-1, -1]
        try attempt("pipe") { unsafe pipe(&ends) }
        let reading = FileDescriptor(owning: ends[0])
        var writing: FileDescriptor? = FileDescriptor(owning: ends[1])
        let packer = try ConfinedProcess(executable: executable, input: input, output: ends[1])
        let unpacker = try ConfinedProcess(executable: executable, input: reading.number, output: staging)
        writing = nil
        _ = consume writing
        try packer.send(["do": "pack", "readsWhiteouts": false, "limits": limits.json])
        let request: JSONValue = ["do": "import", "form": "tar", "keepsOwners": .bool(geteuid() == 0), "limits": limits.json]
        let images = try converse(unpacker, request, progress: progress)
        _ = try packer.finish { _ in nil }
        return images
    }

    private func spool(_ input: Int32, beside staging: Int32) throws(ImageError) -> FileDescriptor {
        let name = "spool"
        let flags = O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC
        let file = FileDescriptor(owning: try attempt("openat", name) { unsafe openat(staging, name, flags, 0o600) })
        try attempt("unlinkat", name) { unsafe unlinkat(staging, name, 0) }
        let stream = FileStream(input, subject: "standard input")
        var total: UInt64 = 0
        while true {
            let block = unsafe try stream.next()
            if unsafe block.isEmpty { break }
            let bytes = unsafe Array(block)
            total += UInt64(bytes.count)
            guard total <= limits.imageBytes.bytes else { throw ImageError(.limit, "standard input has more than \(limits.imageBytes) bytes") }
            try translating { () throws(SystemError) in try file.write(bytes, subject: name) }
        }
        try attempt("lseek", name) { lseek(file.number, 0, SEEK_SET) }
        return file
    }

    // MARK: Sources

    struct OpenSource: ~Copyable {
        let descriptor: FileDescriptor
    }

    private func open(_ source: ImageSource) throws(ImageError) -> OpenSource {
        if source.path == "-" { return OpenSource(descriptor: FileDescriptor(owning: try attempt("dup", "standard input") { fcntl(0, F_DUPFD_CLOEXEC, 3) })) }
        let descriptor = unsafe Glibc.open(source.path, O_RDONLY | O_CLOEXEC)
        if descriptor < 0, errno == ENOENT { throw ImageError(.notFound, "there is no file \(quoted(source.path))") }
        return OpenSource(descriptor: FileDescriptor(owning: try attempt("open", quoted(source.path)) { descriptor }))
    }

    /// What a source was imported as, if it has not been touched since.
    private func known(_ key: SourceKey?) throws(ImageError) -> [ImageImporter.Image]? {
        guard let key, let bytes = try read("sources/\(key.digest.hex)", limit: 65536) else { return nil }
        var images: [ImageImporter.Image] = []
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
            let words = line.split(separator: " ")
            guard let id = words.first.flatMap({ Digest($0) }), try exists("images/\(id.hex)/config.json") else { return nil }
            images.append(.init(id: id, names: words.dropFirst().map(String.init), layers: []))
        }
        return images.isEmpty ? nil : images
    }

    /// Only if it is still the same after it was read, and so old that a later change would show.
    private func remember(_ key: SourceKey?, _ descriptor: Int32, source: ImageSource, platform: String?, _ images: [ImageImporter.Image]) throws(ImageError) {
        guard let key, key == SourceKey(descriptor, source: source, platform: platform), key.isSettled else { return }
        let lines = images.map { image in ([image.id.description] + Self.names(of: image, from: source)).joined(separator: " ") + "\n" }
        try write(Array(lines.joined().utf8), as: "sources/\(key.digest.hex)")
    }
}

/// The identity of a source that was read: a file's place and times, which its owner cannot set back.
struct SourceKey: Equatable {
    let digest: Digest
    private let changed: timespec

    /// Nil for what has no such identity: a pipe, or a directory of a root file system.
    init?(_ descriptor: Int32, source: ImageSource, platform: String?) {
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { return nil }
        if status.st_mode & S_IFMT == S_IFDIR {
            // A layout's index names everything else by digest.
            guard unsafe fstatat(descriptor, "oci-layout", &status, AT_SYMLINK_NOFOLLOW) == 0, unsafe fstatat(descriptor, "index.json", &status, AT_SYMLINK_NOFOLLOW) == 0 else {
                return nil
            }
        }
        guard status.st_mode & S_IFMT == S_IFREG else { return nil }
        let parts: [String] = [
            source.form.rawValue, source.tag ?? "", platform ?? "", "\(status.st_dev)", "\(status.st_ino)", "\(status.st_size)",
            "\(status.st_mtim.tv_sec).\(status.st_mtim.tv_nsec)",
            "\(status.st_ctim.tv_sec).\(status.st_ctim.tv_nsec)",
        ]
        digest = Digest(of: Array(parts.joined(separator: "\u{0}").utf8))
        changed = status.st_ctim
    }

    /// The last change is longer ago than a clock tick of any kernel: a change from now on has another time.
    var isSettled: Bool {
        var now = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &now)
        let age = (now.tv_sec - changed.tv_sec) * 1_000_000_000 + now.tv_nsec - changed.tv_nsec
        return age > 20_000_000
    }

    static func == (a: SourceKey, b: SourceKey) -> Bool { a.digest == b.digest }
}
