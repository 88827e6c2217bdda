internal import BrigSystem
internal import CBrigLinux
internal import Glibc

/// Unpacks the archive of one layer into an empty directory.
///
/// Nothing is written, linked or changed outside of it, whatever the archive says: directories on the way are opened with RESOLVE_BENEATH and
/// RESOLVE_NO_SYMLINKS, everything else is a call on the descriptor of the directory that holds it. What takes the place of an entry of this
/// layer replaces it; a symbolic link is replaced, never followed. Lower layers play no part, so a layer can be shared between images.
struct LayerUnpacker: ~Copyable {
    let root: Int32
    let limits: UnpackLimits
    /// Owners in the archive are kept; else everything belongs to the unpacking user.
    let keepsOwners: Bool
    /// Takes digests of files' contents; nil: this thread does.
    let thread: DigestThread?
    /// Digests of the files' contents.
    var contents = ContentTable()
    var summary = LayerSummary()
    var directories = DirectoryTable()
    /// Directories on the way to an entry that the archive itself does not have; each path ended by a NUL. They are those of the layers below.
    var implied: Set<[CChar]> = []
    /// The directory that the last entry was in: archives name one directory's entries one after the other.
    private var lastParent: Parent?

    /// A directory that is open, with its path (ended by a NUL).
    final class Parent {
        let path: [CChar]
        let descriptor: FileDescriptor
        init(path: [CChar], descriptor: consuming FileDescriptor) {
            self.path = path
            self.descriptor = descriptor
        }
        var number: Int32 { descriptor.number }
    }

    /// - Parameter root: a descriptor of an empty directory, which stays the caller's.
    init(into root: Int32, keepsOwners: Bool, limits: UnpackLimits, thread: DigestThread? = nil) {
        self.root = root
        self.keepsOwners = keepsOwners
        self.limits = limits
        self.thread = thread
        summary.ownersDropped = !keepsOwners
    }

    /// Unpacks all entries, then sets the directories' modes and times.
    ///
    /// - Throws: what is wrong with the first entry that is wrong; the directory then holds a part, which the caller removes.
    mutating func unpack(_ reader: inout ArchiveReader) throws(ImageError) -> LayerSummary {
        // Until the archive says something else of its root; the same archive gives the same tree.
        try directories.add(.root, mode: 0o755, modified: timespec())
        while let entry = try reader.nextEntry() {
            summary.entries += 1
            guard summary.entries <= limits.entries else { throw ImageError(.limit, "the archive has more than \(limits.entries) entries") }
            try unpack(entry, from: &reader)
        }
        lastParent = nil
        try finishDirectories()
        return summary
    }

    private mutating func unpack(_ entry: ArchiveEntry, from reader: inout ArchiveReader) throws(ImageError) {
        let path = try EntryPath(entry.path, limits: limits)
        if path.isRoot {
            guard entry.kind == .directory else { throw ImageError(.unsafePath, "the archive replaces its own root by something that is no directory") }
            try apply(entry, toDirectory: path)
            return
        }
        if let whiteout = try Whiteout(name: path.nameBytes) {
            try unpack(whiteout, at: path)
            return
        }
        let parent = try self.parent(of: path)
        switch entry.kind {
        case .directory: try makeDirectory(entry, path, in: parent)
        case .file: try makeFile(entry, path, in: parent, from: &reader)
        case .symbolicLink: try makeSymbolicLink(entry, path, in: parent)
        case .hardLink: try makeHardLink(entry, path, in: parent)
        case .special:
            try remove(path, in: parent)
            summary.droppedSpecialFiles += 1
        }
    }

    // MARK: Directories on the way

    /// The directory that an entry is in, made where the archive has not named it.
    mutating func parent(of path: EntryPath) throws(ImageError) -> Parent {
        let wanted = path.parent
        if let lastParent, lastParent.path == wanted { return lastParent }
        let parent = Parent(path: wanted, descriptor: try openDirectory(EntryPath(parentOf: path), making: true))
        lastParent = parent
        return parent
    }

    /// Opens a directory of this layer without following a link.
    ///
    /// - Parameter making: directories that the archive has not named are made, and a deleted name becomes an opaque directory.
    mutating func openDirectory(_ path: EntryPath, making: Bool) throws(ImageError) -> FileDescriptor {
        let flags = O_RDONLY | O_DIRECTORY
        let descriptor = path.isRoot ? unsafe brig_unpack_open_beneath(root, ".", flags, 0) : unsafe brig_unpack_open_beneath(root, path.path, flags, 0)
        if descriptor >= 0 { return FileDescriptor(owning: descriptor) }
        switch errno {
        case ENOENT where making && !path.isRoot: try makeImplied(path)
        case ENOTDIR where making && !path.isRoot: try makeImplied(path)
        case ELOOP, EXDEV: throw ImageError(.unsafePath, "the way to \(path.text) goes through a symbolic link of the archive")
        case ENOENT: throw ImageError(.unsafePath, "the directory \(path.text) is not in the layer")
        case ENOTDIR: throw ImageError(.unsafePath, "the way to \(path.text) goes through something that is no directory")
        default: throw ImageError(SystemError("openat2", path.text, errno: errno))
        }
        return try openDirectory(path, making: false)
    }

    /// Makes the directories on the way to and at `path`, as root owns them by default.
    private mutating func makeImplied(_ path: EntryPath) throws(ImageError) {
        var end = 0
        var depth = 0
        while end < path.path.count - 1 {
            let next = path.path[(end + (depth > 0 ? 1 : 0))...].firstIndex { $0 == CChar(bitPattern: UInt8(ascii: "/")) || $0 == 0 } ?? path.path.count - 1
            depth += 1
            end = next
            let step = try EntryPath(path.path[..<end].map { UInt8(bitPattern: $0) }, limits: limits)
            let parent = try openDirectory(EntryPath(parentOf: step), making: false)
            let name = step.name
            if unsafe mkdirat(parent.number, name, 0o755) == 0 {
                implied.insert(step.path)
                // The beginning of time, until it is known what the layers below say: the same archive gives the same tree.
                try directories.add(step, mode: 0o755, modified: timespec())
                continue
            }
            guard errno == EEXIST else { throw ImageError(SystemError("mkdirat", step.text, errno: errno)) }
            if try status(of: step, in: parent.number)?.isWhiteout == true { try replaceWhiteout(step, in: parent.number, mode: 0o755) }
        }
    }

    // MARK: What is there

    /// What stands at an entry's place; nil for nothing.
    func status(of path: EntryPath, in parent: Int32) throws(ImageError) -> stat? {
        var status = stat()
        if unsafe fstatat(parent, path.name, &status, AT_SYMLINK_NOFOLLOW) == 0 { return status }
        guard errno == ENOENT else { throw ImageError(SystemError("fstatat", path.text, errno: errno)) }
        return nil
    }

    /// Takes away what an entry replaces. A directory with content is not replaced by something else: no archive of a file system has that.
    mutating func remove(_ path: EntryPath, in parent: Parent) throws(ImageError) {
        let name = path.name
        contents.close()
        if unsafe unlinkat(parent.number, name, 0) == 0 || errno == ENOENT { return }
        guard errno == EISDIR || errno == EPERM else { throw ImageError(SystemError("unlinkat", path.text, errno: errno)) }
        guard unsafe unlinkat(parent.number, name, AT_REMOVEDIR) == 0 else {
            if errno == ENOTEMPTY { throw ImageError(.malformed, "entry \(path.text) would replace a directory of the same archive that is not empty") }
            throw ImageError(SystemError("unlinkat", path.text, errno: errno))
        }
        lastParent = nil
    }

    /// A directory where the archive has deleted that name: what the lower layers have in it stays hidden.
    mutating func replaceWhiteout(_ path: EntryPath, in parent: Int32, mode: mode_t) throws(ImageError) {
        let name = path.name
        try attempt("unlinkat", path.text) { unsafe unlinkat(parent, name, 0) }
        summary.whiteouts -= 1
        try attempt("mkdirat", path.text) { unsafe mkdirat(parent, name, mode) }
        let directory = try openDirectory(path, making: false)
        try makeOpaque(directory.number, path)
    }

    // MARK: Whiteouts

    private mutating func unpack(_ whiteout: Whiteout, at path: EntryPath) throws(ImageError) {
        if whiteout == .remark { return }
        let parent: Parent
        do throws(ImageError) {
            parent = try self.parent(of: path)
        } catch  where error.code == .unsafePath {
            // This layer has a file or a link where that directory was, which hides all of it: some tools name its content all the same.
            return
        }
        switch whiteout {
        case .remark: break
        case .opaque: try makeOpaque(parent.number, path)
        case .deleted(let name):
            let target = path.sibling(name)
            // Only lower layers are meant. An entry of this layer hides a lower one by itself, a directory when it is opaque.
            guard let present = try status(of: target, in: parent.number) else {
                let cName = target.name
                try attempt("mknodat", target.text) { unsafe brig_unpack_whiteout(parent.number, cName) }
                let times = [timespec(), timespec()]
                try attempt("utimensat", target.text) { unsafe utimensat(parent.number, cName, times, AT_SYMLINK_NOFOLLOW) }
                summary.whiteouts += 1
                return
            }
            guard present.st_mode & S_IFMT == S_IFDIR else { return }
            let directory = try openDirectory(target, making: false)
            try makeOpaque(directory.number, target)
        }
    }

    private mutating func makeOpaque(_ directory: Int32, _ path: EntryPath) throws(ImageError) {
        var value = opaqueAttribute.value
        if unsafe brig_unpack_get_attribute(directory, opaqueAttribute.name, &value, 1) == 1 { return }
        value = opaqueAttribute.value
        try attempt("fsetxattr", "\(opaqueAttribute.name) \(path.text)") { unsafe brig_unpack_set_attribute(directory, opaqueAttribute.name, &value, 1) }
        summary.opaqueDirectories += 1
    }
}

extension stat {
    /// A name that overlayfs takes for deleted.
    var isWhiteout: Bool { st_mode & S_IFMT == S_IFCHR && st_rdev == 0 }
}
