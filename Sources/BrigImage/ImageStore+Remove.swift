internal import BrigSystem
internal import CBrigLinux
internal import Glibc

extension ImageStore {
    /// What was removed, and what could not be.
    public struct Removal: Sendable {
        public var names: [String] = []
        public var images: [Digest] = []
        public var layers: [Digest] = []
        /// Imports that were interrupted.
        public var leftovers = 0
        /// Layers that a running job uses: they go with the next collection.
        public var inUse: [Digest] = []
        /// Bytes of the files of removed layers.
        public var bytes: UInt64 = 0
    }

    /// Takes a name away, and the image with its last name; an id takes the image and all its names. Then collects.
    public func remove(_ reference: ImageReference) throws(ImageError) -> Removal {
        let lock = try lock(.removing)
        defer { _ = lock.number }
        var removal = Removal()
        let id: Digest
        switch reference {
        case .source(let source): throw ImageError(.badReference, "\(quoted(source.description)) is no image in the store", hint: "brig image ls lists them")
        case .id(let given):
            guard try exists("images/\(given.hex)") else { throw ImageError(.notFound, "there is no image \(given) in \(path)") }
            id = given
            removal.names = try allNames()[id] ?? []
        case .idPrefix(let digits):
            id = try self.id(ofPrefix: digits)
            removal.names = try allNames()[id] ?? []
        case .name(let name):
            let full = try fullName(name)
            id = try self.id(ofName: full)
            removal.names = [full]
        }
        for name in removal.names { try unlink(Self.file(ofName: name)) }
        try syncDirectory("names")
        if try allNames()[id] == nil {
            try discard("images", id.hex)
            removal.images.append(id)
        }
        return try collect(into: removal)
    }

    /// Removes interrupted imports, layers of no image, and notes on sources whose image has gone.
    ///
    /// - Parameter unnamed: also images without a name, such as those that jobs were run on by their archives
    public func collectGarbage(unnamed: Bool = false) throws(ImageError) -> Removal {
        let lock = try lock(.removing)
        defer { _ = lock.number }
        var removal = Removal()
        let named = try allNames()
        for name in unnamed ? try names(in: "images") : [] {
            guard let id = Digest(hex: name), named[id] == nil else { continue }
            try discard("images", name)
            removal.images.append(id)
        }
        return try collect(into: removal)
    }

    private func collect(into removal: Removal) throws(ImageError) -> Removal {
        var removal = removal
        // Nobody imports while the lock is held: what is in tmp belongs to nobody.
        for name in try names(in: "tmp") {
            try remove(staging: name)
            removal.leftovers += 1
        }
        for folder in ["names", "sources", "images", "."] { try removeTemporaryFiles(in: folder) }
        var used: Set<String> = []
        for name in try names(in: "images") {
            guard let id = Digest(hex: name) else { continue }
            used.formUnion(try layerNames(config(id).diffIDs))
        }
        for name in try names(in: "layers") {
            guard let layer = Digest(hex: name), !used.contains(name) else { continue }
            let held = try openDirectory("layers/\(name)")
            guard flock(held.number, LOCK_EX | LOCK_NB) == 0 else {
                removal.inUse.append(layer)
                continue
            }
            removal.bytes += try recordedBytes(of: name)
            try discard("layers", name)
            removal.layers.append(layer)
        }
        for name in try names(in: "sources") {
            let ids = String(decoding: try read("sources/\(name)", limit: 65536) ?? [], as: UTF8.self).split(separator: "\n").compactMap { $0.split(separator: " ").first.flatMap { Digest($0) } }
            for id in ids where try !exists("images/\(id.hex)") {
                try unlink("sources/\(name)")
                break
            }
        }
        return removal
    }

    /// 0 for a layer whose record is damaged: it goes all the same.
    private func recordedBytes(of layer: String) throws(ImageError) -> UInt64 {
        do throws(ImageError) {
            return try summary(of: layer).bytes
        } catch  where error.code == .digestMismatch || error.code == .malformed {
            return 0
        }
    }

    /// Out of sight first, by one rename: half of a directory must never be seen under its digest.
    private func discard(_ folder: String, _ name: String) throws(ImageError) {
        let grave = Self.randomName()
        try attempt("renameat2", "\(path)/\(folder)/\(name)") { unsafe brig_unpack_rename_new(directory.number, "\(folder)/\(name)", directory.number, "tmp/\(grave)") }
        try syncDirectory(folder)
        try remove(staging: grave)
    }

    private func unlink(_ name: String) throws(ImageError) {
        if unsafe unlinkat(directory.number, name, 0) == 0 || errno == ENOENT { return }
        throw ImageError(SystemError("unlinkat", "\(path)/\(name)", errno: errno))
    }

    /// Files that were being written when their writer ended: they begin with a dot.
    private func removeTemporaryFiles(in folder: String) throws(ImageError) {
        let open = try openDirectory(folder)
        for name in try DirectoryNames(open.number, of: .root) where name.first == 46 {
            try TreeRemoval.remove(String(decoding: name.map { UInt8(bitPattern: $0) }, as: UTF8.self), in: open.number)
        }
    }
}
