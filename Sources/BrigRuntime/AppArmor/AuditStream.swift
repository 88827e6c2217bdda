internal import BrigSystem
internal import CBrigLinux
internal import Glibc

/// The kernel's audit records from now on (kernel/audit.c, the multicast group of readers; auditd(8) goes on getting its own).
final class AuditStream {
    enum Item: Equatable {
        case record(type: UInt16, text: [UInt8])
        /// Records came faster than they were taken, and the kernel dropped some.
        case dropped
        /// A record that was too long to be read.
        case tooLong
    }

    let socket: OpenFile
    /// The kernel quotes paths of up to 4 KiB as twice as many digits, two of them in a record.
    private var buffer = [CChar](repeating: 0, count: 32 * 1024)

    /// - Throws: EPERM without CAP_AUDIT_READ in the first user namespace, EPROTONOSUPPORT where the kernel has no audit or it is off.
    init() throws(SystemError) {
        socket = OpenFile(FileDescriptor(owning: try check("bind", "NETLINK_AUDIT") { brig_audit_listen() }))
    }

    /// What has come, or nil where nothing waits. Never blocks.
    func next() throws(SystemError) -> Item? {
        let number = socket.number
        var type: UInt16 = 0
        do throws(SystemError) {
            let length = try check("recvmsg", "NETLINK_AUDIT") { unsafe brig_audit_receive(number, &type, &buffer, buffer.count) }
            return .record(type: type, text: buffer[..<length].map { UInt8(bitPattern: $0) })
        } catch {
            switch error.errno {
            case EAGAIN: return nil
            case ENOBUFS: return .dropped
            case EMSGSIZE: return .tooLong
            default: throw error
            }
        }
    }

    /// Records that the kernel has lost since it started, and those that it has not sent yet.
    ///
    /// - Throws: EPERM without CAP_AUDIT_CONTROL, and outside the first user and process namespaces.
    static func state() throws(SystemError) -> (lost: UInt32, waiting: UInt32) {
        var lost: UInt32 = 0
        var waiting: UInt32 = 0
        try check("recv", "AUDIT_GET") { unsafe brig_audit_state(&lost, &waiting) }
        return (lost, waiting)
    }
}
