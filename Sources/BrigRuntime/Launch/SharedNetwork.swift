internal import BrigPlan
internal import BrigSystem
internal import CBrigLinux

/// The network of a running job, for another job of root's to share (`namespaces.network` `job:ID`).
///
/// The namespace belongs to the running job's user namespace, so that only this process, with the host's rights, can enter it: it does so for the
/// moment of the clone, and what it starts then is in it.
final class SharedNetwork {
    /// The namespace's inode, for the read-back.
    let inode: UInt64
    private let shared: OpenFile
    private let own: OpenFile

    init(job id: String, _ table: borrowing JobTable) throws(LaunchError) {
        guard Host.isRoot else { throw LaunchError("network", "only root can enter the network of a running job", hint: "run brig as root") }
        guard let (slot, record) = try table.running(id), record.process > 0 else {
            throw LaunchError("network", "no job \(id) of this account is running", hint: "brig jobs lists those that are")
        }
        let process = "/proc/\(record.process)"
        do throws(SystemError) {
            shared = OpenFile(try FileDescriptor.open("\(process)/ns/net", .read))
            own = OpenFile(try FileDescriptor.open("/proc/self/ns/net", .read))
            inode = try shared.with { (file) throws(SystemError) in try file.status().inode }
            // Its ids are the slot's: so it is the job's init and not a later process with its number; and it lives still.
            let map = try readText("\(process)/uid_map").split(whereSeparator: { $0 == " " || $0 == "\n" })
            guard map == IDMap.ofSlot(slot).text.split(whereSeparator: { $0 == " " || $0 == "\n" }) else { throw SystemError("open", "\(process)/ns/net", errno: 3) }
        } catch {
            throw LaunchError("network", "job \(id) has just ended: \(error)", errno: error.errno)
        }
        guard try table.running(id) != nil else { throw LaunchError("network", "job \(id) has just ended") }
    }

    /// Runs a body whose new processes are in the shared network.
    func during<Result>(_ body: () throws(LaunchError) -> Result) throws(LaunchError) -> Result {
        try enter(shared)
        let result: Result
        do throws(LaunchError) {
            result = try body()
        } catch {
            try enter(own)
            throw error
        }
        try enter(own)
        return result
    }

    private func enter(_ namespace: OpenFile) throws(LaunchError) {
        try inStage("network") { () throws(SystemError) in try check("setns", "network") { brig_enter_network(namespace.number) } }
    }
}
