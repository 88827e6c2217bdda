internal import BrigPlan
internal import BrigSystem
internal import CBrigLinux
internal import Glibc

/// Standard input that is a file which the job would have the right to write to.
///
/// The caller has opened it for reading, and reading is what the job gets. But a descriptor is also a path: through /proc/self/fd the file can be
/// opened again, for writing where its mode and owner allow that (proc_pid_fd(5)). On a read-only mount they do not.
enum StandardInput {
    static let hint = "the job could write to this file; give it through a pipe (cat FILE | brig run ...)"

    /// How the job gets the caller's standard input.
    enum Source {
        /// As it is.
        case asGiven
        /// This descriptor, opened anew on a read-only mount.
        case opened(Int32)
        /// The child opens it: only there this account may make mounts.
        case byChild(CellPlan.InputFile)
    }

    static func source(_ stream: borrowing FileDescriptor, _ status: FileStatus, identity: JobIdentity) throws(SystemError) -> Source {
        let number = stream.number
        let flags = try check("fcntl", "standard input") { fcntl(number, F_GETFL) }
        // A file without a name is nobody's to find again.
        guard status.kind == .regular, flags & O_ACCMODE == O_RDONLY, status.links > 0, mayWrite(number, status, identity) else { return .asGiven }
        let offset = try check("lseek", "standard input") { lseek(number, 0, SEEK_CUR) }
        if !Host.isRoot {
            let path = try readLink("/proc/self/fd/\(number)")
            guard path.hasPrefix("/"), let slash = path.lastIndex(of: "/") else { throw SystemError("readlink", path, errno: ENOENT) }
            let directory = slash == path.startIndex ? "/" : String(path[..<slash])
            return .byChild(CellPlan.InputFile(directory: directory, name: String(path[path.index(after: slash)...]), identity: FileIdentity(status), offset: Int64(offset)))
        }
        let tree = FileDescriptor(owning: try check("open_tree", "standard input") { brig_clone_tree(number, false) })
        let mount = tree.number
        try check("mount_setattr", "standard input") { brig_mount_setattr(mount, false, UInt64(BRIG_MOUNT_RDONLY | BRIG_MOUNT_NOSUID | BRIG_MOUNT_NODEV), -1) }
        let file = try FileDescriptor.open("/proc/self/fd/\(mount)", .read)
        let copy = file.number
        try check("lseek", "standard input") { lseek(copy, offset, SEEK_SET) }
        return .opened(try file.duplicate().release())
    }

    /// Whether the job's user could open the file for writing. Root's jobs have ids that own nothing of the host; those of other accounts act as the
    /// account outside.
    private static func mayWrite(_ number: Int32, _ status: FileStatus, _ identity: JobIdentity) -> Bool {
        if Host.isRoot { return status.mode & 0o002 != 0 }
        if identity.userMap.ranges.contains(where: { status.owner >= $0.outside && status.owner - $0.outside < $0.count }) { return true }
        return unsafe faccessat(AT_FDCWD, "/proc/self/fd/\(number)", W_OK, AT_EACCESS) == 0
    }
}
