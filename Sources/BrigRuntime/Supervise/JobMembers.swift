internal import BrigPlan
internal import BrigReport
internal import BrigSystem

/// Which processes of the host are a job's.
struct JobMembers {
    /// The job's main process.
    private let main: Int32
    /// The inode of its process namespace.
    private let namespace: UInt64?
    /// Host ids that no other job and no account has; nil where this job shares its own.
    private let users: Range<UInt32>?

    init(main: Int32, namespace: UInt64?, identity: JobIdentity) {
        self.main = main
        self.namespace = namespace
        // Root's jobs have one range each; those of an account share what it has.
        users = Host.isRoot ? identity.userMap.ranges.first.map { $0.outside..<$0.outside + $0.count } : nil
    }

    /// Whether the record is of a process of the job; nil where the process has ended and nothing else tells.
    func includes(_ record: DenialRecord) -> Bool? {
        if let user = record.user, let users { return users.contains(user) }
        if record.process == main { return true }
        do throws(SystemError) {
            if let users {
                guard let user = try ProcessStatus(process: "\(record.process)").user else { return nil }
                return users.contains(user)
            }
            return try readLink("/proc/\(record.process)/ns/pid") == "pid:[\(namespace ?? 0)]"
        } catch {
            return nil  // gone
        }
    }

    /// The number by which the job itself knows the process; nil where it is gone.
    func innermostID(of record: DenialRecord) -> Int? {
        do throws(SystemError) { return try ProcessStatus(process: "\(record.process)").innermostID } catch { return nil }
    }
}
