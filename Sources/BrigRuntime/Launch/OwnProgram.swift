internal import BrigSystem

/// Whether a process runs brig's own executable, reached by brig's own mount of it. The same file in the job's root, on a mount of the job's, is like any
/// other program.
enum OwnProgram {
    static func isExecuted(by process: Int32) throws(SystemError) -> Bool {
        let own = try FileDescriptor.open("/proc/self/exe", .path)
        let theirs = try FileDescriptor.open("/proc/\(process)/exe", .path)
        let (first, second) = (try own.status(), try theirs.status())
        if first.device != second.device || first.inode != second.inode { return false }
        let (mine, other) = (own.number, theirs.number)
        return try mount(of: mine) == mount(of: other)
    }

    /// The mount that an open file was reached by (proc_pid_fdinfo(5), `mnt_id`).
    private static func mount(of descriptor: Int32) throws(SystemError) -> Substring? {
        try readText("/proc/self/fdinfo/\(descriptor)").split(separator: "\n").first { $0.hasPrefix("mnt_id:") }
    }
}
