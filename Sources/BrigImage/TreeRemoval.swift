internal import BrigSystem
internal import Glibc

/// Removes a directory with everything in it, whatever modes it has, and follows no link.
enum TreeRemoval {
    /// Removes `name` in `directory`; nothing there is no error. `name` must be one component.
    static func remove(_ name: String, in directory: Int32) throws(ImageError) {
        try remove(Array(name.utf8CString), in: directory, path: EntryPath.root.child(Array(name.utf8CString.dropLast())[...]))
    }

    private static func remove(_ name: [CChar], in directory: Int32, path: EntryPath) throws(ImageError) {
        if unsafe unlinkat(directory, name, 0) == 0 || errno == ENOENT { return }
        guard errno == EISDIR || errno == EPERM else { throw ImageError(SystemError("unlinkat", path.text, errno: errno)) }
        // A worker whose importer was killed just now may put something in while it ends itself: what has come is removed too.
        for round in 0..<40 {
            try empty(name, in: directory, path: path)
            if unsafe unlinkat(directory, name, AT_REMOVEDIR) == 0 || errno == ENOENT { return }
            guard errno == ENOTEMPTY, round < 39 else { throw ImageError(SystemError("unlinkat", path.text, errno: errno)) }
            usleep(25_000)
        }
    }

    private static func empty(_ name: [CChar], in directory: Int32, path: EntryPath) throws(ImageError) {
        let flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC
        var number = unsafe openat(directory, name, flags)
        if number < 0, errno == EACCES {
            // It is a directory, as the unlink said, and in a place that only its owner writes to.
            try attempt("fchmodat", path.text) { unsafe fchmodat(directory, name, 0o700, 0) }
            number = unsafe openat(directory, name, flags)
        }
        let inner = FileDescriptor(owning: try attempt("openat", path.text) { number })
        // Without write and search permission nothing in it can be removed.
        try attempt("fchmod", path.text) { fchmod(inner.number, 0o700) }
        for child in try DirectoryNames(inner.number, of: path) { try remove(Array(child) + [0], in: inner.number, path: path.child(child)) }
    }
}
