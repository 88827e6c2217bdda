internal import BrigPlan
internal import BrigSystem
internal import CBrigCell
internal import CBrigLinux
internal import Glibc

/// A child on its way from clone3 to the job's first instruction, and the descriptors that lead to it.
///
/// The handshake: "go" to the child, once its ids are mapped; "ready" from the process that becomes the job, with everything in force; it is
/// then traced and told to go on; it stops at its exec, is read back, and runs.
final class Launcher {
    let process: Int32
    let pidfd: FileDescriptor
    let control: FileDescriptor
    private(set) var job: Int32 = 0
    private(set) var isReaped = false
    private let plan: LaunchPlan

    /// What comes with "ready".
    struct Handover {
        let scratch: OpenFile
        let listener: OpenFile?
        let terminal: OpenFile?
    }

    /// Starts the child. Its streams are above 2, so that none overwrites another.
    init(_ plan: LaunchPlan, _ descriptors: CellPlan.Descriptors, trees: borrowing SourceTrees, sharesMemory: Bool) throws(LaunchError) {
        var pair: [Int32] = [-1, -1]
        try inStage("clone") { () throws(SystemError) in try check("socketpair") { unsafe brig_control_sockets(&pair) } }
        control = FileDescriptor(owning: pair[0])
        let theirs = FileDescriptor(owning: pair[1])
        var descriptors = descriptors
        descriptors.control = theirs.number
        descriptors.parentControl = pair[0]
        descriptors.trees = trees.descriptors
        let cell = unsafe CellPlan(plan, descriptors, sharesMemory: sharesMemory)
        var pidfd: Int32 = -1
        let process = unsafe brig_cell_start(cell.cell, &pidfd)
        if process < 0 { throw Self.cloneError(-process) }
        self.process = process
        self.pidfd = FileDescriptor(owning: pidfd)
        self.plan = plan
    }

    /// Does what only the parent can do for the child, and lets it go on. Whatever fails here ends it.
    func begin(trees: inout SourceTrees, started: (Int32) throws(LaunchError) -> Void) throws(LaunchError) {
        do throws(LaunchError) {
            try started(process)
            try mapIDs()
            try go(trees: try imageTrees(&trees))
        } catch {
            end()
            throw error
        }
    }

    private static func cloneError(_ number: Int32) -> LaunchError {
        let hint: String? =
            switch number {
            case EPERM: "this account may not make user namespaces here: see brig doctor (kernel.apparmor_restrict_unprivileged_userns, kernel.unprivileged_userns_clone, a container's seccomp filter)"
            case ENOSPC: "the limit of user namespaces is reached (user.max_user_namespaces)"
            case EAGAIN: "the account's limit of processes is reached (ulimit -u)"
            case ENOSYS: "a filter around brig forbids clone3, or the kernel is older than 5.7"
            default: nil
            }
        return LaunchError("clone", SystemError("clone3", errno: number), hint: hint)
    }

    // MARK: What only the parent can do

    private func mapIDs() throws(LaunchError) {
        let identity = plan.identity
        if !Host.isRoot, identity.canDropGroups, let users = SubordinateIDs.program("newuidmap"), let groups = SubordinateIDs.program("newgidmap") {
            try SubordinateIDs.write(identity.userMap, with: users, process: process)
            try SubordinateIDs.write(identity.groupMap, with: groups, process: process)
            return
        }
        try inStage("ids") { () throws(SystemError) in
            // An account that maps its own group must give up setgroups(2) first (user_namespaces(7)).
            if !identity.canDropGroups { try writeText("deny", to: "/proc/\(process)/setgroups") }
            try writeText(identity.userMap.text, to: "/proc/\(process)/uid_map")
            try writeText(identity.groupMap.text, to: "/proc/\(process)/gid_map")
        }
    }

    private func imageTrees(_ trees: inout SourceTrees) throws(LaunchError) -> [Int32] {
        guard trees.descriptors.values.contains(SourceTrees.follows) else { return [] }
        let namespace = try inStage("ids") { () throws(SystemError) in try FileDescriptor.open("/proc/\(process)/ns/user", .read) }
        return try trees.imageTrees(namespace: namespace.number)
    }

    private func go(trees: [Int32] = []) throws(LaunchError) {
        var message = brig_message()
        message.kind = BRIG_MESSAGE_GO.rawValue
        message.descriptors = UInt32(trees.count)
        let number = control.number
        try inStage("wait") { () throws(SystemError) in
            try check("sendmsg") { unsafe brig_send(number, &message, MemoryLayout<brig_message>.size, trees, trees.count) }
        }
    }

    // MARK: The child's side of the handshake

    /// A message of the child, or nil at the end of the line.
    func receive(_ descriptors: inout [Int32]) throws(LaunchError) -> (message: brig_message, sender: Int32)? {
        var message = brig_message()
        var sender: pid_t = 0
        var buffer = [Int32](repeating: -1, count: 8)
        var count = 0
        let number = control.number
        let got = try inStage("wait") { () throws(SystemError) in
            try check("recvmsg") { unsafe brig_receive(number, &message, MemoryLayout<brig_message>.size, &sender, &buffer, buffer.count, &count) }
        }
        descriptors = Array(buffer.prefix(count))
        if got == 0 { return nil }
        guard got == MemoryLayout<brig_message>.size else { throw LaunchError("wait", "a message of \(got) bytes from the child") }
        return (message, sender)
    }

    /// Takes the descriptors of "ready"; the sender is the process that becomes the job.
    func takeOver(_ sender: Int32, _ descriptors: [Int32]) throws(LaunchError) -> Handover {
        let expected = 1 + (plan.filter.needsListener ? 1 : 0) + (plan.terminal == nil ? 0 : 1)
        var owned = descriptors[...]
        guard descriptors.count == expected, let scratch = owned.popFirst() else { throw LaunchError("ready", "\(descriptors.count) descriptors instead of \(expected)") }
        job = sender
        return Handover(
            scratch: OpenFile(FileDescriptor(owning: scratch)), listener: plan.filter.needsListener ? owned.popFirst().map { OpenFile(FileDescriptor(owning: $0)) } : nil,
            terminal: owned.popFirst().map { OpenFile(FileDescriptor(owning: $0)) })
    }

    /// Begins to trace the job, so that it stops at its exec. False where another tracer (a debugger around brig) or the host forbids it.
    func traceExec() throws(LaunchError) -> Bool {
        if brig_trace_exec(job) == 0 { return true }
        let error = SystemError("ptrace", "PTRACE_SEIZE", errno: errno)
        if error.errno == EPERM { return false }
        throw LaunchError("ready", error)
    }

    func proceed() throws(LaunchError) { try go() }

    /// What has become of the traced job: stopped at its exec (true), not yet (nil), or gone (false).
    func execStop() throws(LaunchError) -> Bool? {
        var status: Int32 = 0
        var usage = rusage()
        while true {
            let got = unsafe brig_wait(job, &status, &usage, WNOHANG)
            if got == 0 { return nil }
            if got < 0 { return false }
            if brig_is_exec_stop(status) { return true }
            // Stopped for a signal: it gets it.
            guard status & 0xff == 0x7f else { return false }
            brig_trace_continue(job, status >> 16 == 0 ? status >> 8 : 0)
        }
    }

    func release() throws(LaunchError) {
        let job = self.job
        try inStage("exec") { () throws(SystemError) in try check("ptrace", "PTRACE_DETACH") { brig_trace_detach(job, 0) } }
    }

    /// Ends init, and with it every process of the namespace.
    func kill() {
        let number = pidfd.number
        if brig_pidfd_send_signal(number, SIGKILL) != 0, errno != ESRCH { Glibc.kill(process, SIGKILL) }
    }

    /// Waits for the end of init, which is that of all: its status, and the resources of the whole tree.
    func reap() -> (status: Int32, usage: rusage) {
        var status: Int32 = 0
        var usage = rusage()
        while unsafe brig_wait(process, &status, &usage, 0) < 0, errno == EINTR {}
        isReaped = true
        return (status, usage)
    }

    func end() {
        if isReaped { return }
        kill()
        // A traced job is its tracer's to reap before its parent can go.
        if job > 0 {
            var status: Int32 = 0
            var usage = rusage()
            Glibc.kill(job, SIGKILL)
            while unsafe brig_wait(job, &status, &usage, 0) > 0, status & 0xff == 0x7f { brig_trace_continue(job, SIGKILL) }
        }
        _ = reap()
    }
}
