internal import BrigSystem
internal import CBrigLinux
internal import Glibc

extension LayerUnpacker {
    mutating func makeDirectory(_ entry: ArchiveEntry, _ path: EntryPath, in parent: Parent) throws(ImageError) {
        let name = path.name
        if unsafe mkdirat(parent.number, name, 0o700) != 0 {
            guard errno == EEXIST else { throw ImageError(SystemError("mkdirat", path.text, errno: errno)) }
            switch try status(of: path, in: parent.number) {
            case .some(let present) where present.st_mode & S_IFMT == S_IFDIR: break
            case .some(let present) where present.isWhiteout: try replaceWhiteout(path, in: parent.number, mode: 0o700)
            default:
                try remove(path, in: parent)
                try attempt("mkdirat", path.text) { unsafe mkdirat(parent.number, name, 0o700) }
            }
        }
        try apply(entry, toDirectory: path)
    }

    /// Owner and attributes at once; mode and time once nothing more is put into it.
    mutating func apply(_ entry: ArchiveEntry, toDirectory path: EntryPath) throws(ImageError) {
        let directory = try openDirectory(path, making: false)
        try setOwner(entry, of: directory.number, path)
        try setAttributes(entry, of: directory.number, path)
        try directories.add(path, mode: entry.mode & 0o3777, modified: entry.modified)
        implied.remove(path.path)
        if entry.mode & 0o4000 != 0 { summary.droppedModeBits += 1 }
    }

    mutating func makeFile(_ entry: ArchiveEntry, _ path: EntryPath, in parent: Parent, from reader: inout ArchiveReader) throws(ImageError) {
        guard let size = entry.size, size >= 0 else { throw ImageError(.malformed, "file \(path.text) has no size, or a negative one") }
        summary.bytes += UInt64(size)
        guard summary.bytes <= limits.layerBytes.bytes else { throw ImageError(.limit, "the files of the layer have more than \(limits.layerBytes) bytes") }
        let name = path.name
        let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
        let mode = entry.mode & 0o1777
        var number = unsafe openat(parent.number, name, flags, mode)
        if number < 0, errno == EEXIST {
            if try status(of: path, in: parent.number)?.isWhiteout == true { summary.whiteouts -= 1 }
            try remove(path, in: parent)
            number = unsafe openat(parent.number, name, flags, mode)
        }
        let file = FileDescriptor(owning: try attempt("openat", path.text) { number })
        let digest = try writeData(of: path, size: size, to: file.number, from: &reader)
        let present = try setOwner(entry, of: file.number, path)
        if try !setAttributes(entry, of: file.number, path), let digest { contents.add(digest, of: present.st_ino) }
        if entry.mode & 0o6000 != 0 { summary.droppedModeBits += 1 }
        // A change that changes nothing is still one for the file system's journal.
        if present.st_mode & 0o7777 != mode { try attempt("fchmod", path.text) { fchmod(file.number, mode) } }
        let times = [entry.modified, entry.modified]
        try attempt("futimens", path.text) { unsafe futimens(file.number, times) }
    }

    /// Returns the digest of what was written; nil where the file has holes.
    private func writeData(of path: EntryPath, size: Int64, to file: Int32, from reader: inout ArchiveReader) throws(ImageError) -> [UInt8]? {
        var end: Int64 = 0
        var hasHoles = false
        let digest = RunningDigest(on: thread)
        // Blocks are the reader's, and it is lent to this file alone until here.
        defer { digest.settle() }
        while let block = unsafe try reader.nextBlock() {
            let count = Int64(unsafe block.bytes.count)
            guard unsafe block.offset >= end, unsafe block.offset <= size - count else { throw ImageError(.malformed, "file \(path.text) has data outside of its size") }
            if unsafe block.offset > end { hasHoles = true }
            unsafe digest.update(block.bytes)
            var written: Int64 = 0
            while written < count {
                let start = unsafe block.bytes.baseAddress.map { unsafe $0 + Int(written) }
                written += Int64(try attempt("pwrite", path.text) { unsafe pwrite(file, start, Int(count - written), Int(block.offset + written)) })
            }
            end = unsafe block.offset + count
            digest.settle()
        }
        if end < size {
            hasHoles = true
            try attempt("ftruncate", path.text) { ftruncate(file, Int(size)) }
        }
        // Early, so that the sync at the end finds little left to do.
        if size >= 1 << 20 { _ = brig_unpack_start_writing(file) }
        if hasHoles { return nil }
        var hash = digest.finish()
        return hash.finish()
    }

    mutating func makeSymbolicLink(_ entry: ArchiveEntry, _ path: EntryPath, in parent: Parent) throws(ImageError) {
        let target = entry.target
        guard !target.isEmpty, target.count <= limits.pathLength else { throw ImageError(.malformed, "symbolic link \(path.text) has a target of \(target.count) bytes") }
        let cTarget = target.map { CChar(bitPattern: $0) } + [0]
        let name = path.name
        if unsafe symlinkat(cTarget, parent.number, name) != 0 {
            guard errno == EEXIST else { throw ImageError(SystemError("symlinkat", path.text, errno: errno)) }
            if try status(of: path, in: parent.number)?.isWhiteout == true { summary.whiteouts -= 1 }
            try remove(path, in: parent)
            try attempt("symlinkat", path.text) { unsafe symlinkat(cTarget, parent.number, name) }
        }
        if keepsOwners {
            let (user, group) = try owner(entry, path)
            try attempt("fchownat", path.text) { unsafe fchownat(parent.number, name, user, group, AT_SYMLINK_NOFOLLOW) }
        }
        let times = [entry.modified, entry.modified]
        try attempt("utimensat", path.text) { unsafe utimensat(parent.number, name, times, AT_SYMLINK_NOFOLLOW) }
        // Linux has no user attributes on symbolic links.
        summary.droppedAttributes += UInt64(entry.attributes.count)
    }

    /// Only to a regular file that this layer has already, and never through a link. Mode, owner and times are those of that file.
    mutating func makeHardLink(_ entry: ArchiveEntry, _ path: EntryPath, in parent: Parent) throws(ImageError) {
        if let size = entry.size, size > 0 { throw ImageError(.malformed, "hard link \(path.text) carries data of its own") }
        let target = try EntryPath(entry.target, of: "hard link target", limits: limits)
        guard !target.isRoot else { throw ImageError(.unsafePath, "hard link \(path.text) points to the root of the archive") }
        let holder = try openDirectory(EntryPath(parentOf: target), making: false)
        guard let present = try status(of: target, in: holder.number), !present.isWhiteout else { throw missing(target, of: path) }
        guard present.st_mode & S_IFMT == S_IFREG else { throw ImageError(.unsafePath, "hard link \(path.text) points to \(target.text), which is no regular file") }
        guard target != path else { return }
        let (name, targetName) = (path.name, target.name)
        if unsafe linkat(holder.number, targetName, parent.number, name, 0) != 0 {
            guard errno == EEXIST else { throw ImageError(SystemError("linkat", path.text, errno: errno)) }
            if try status(of: path, in: parent.number)?.isWhiteout == true { summary.whiteouts -= 1 }
            try remove(path, in: parent)
            try attempt("linkat", path.text) { unsafe linkat(holder.number, targetName, parent.number, name, 0) }
        }
    }

    private func missing(_ target: EntryPath, of path: EntryPath) -> ImageError {
        ImageError(.unsafePath, "hard link \(path.text) points to \(target.text), which the layer does not have before it")
    }
}
