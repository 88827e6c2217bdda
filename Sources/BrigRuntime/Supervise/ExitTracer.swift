internal import BrigSystem
internal import CBrigLinux
internal import Glibc

/// The one process of a job whose tracees may stop at their end (`ExitStops`).
struct ExitTracer {
    private var granted: (process: Int32, descriptor: OpenFile)?

    /// Whether the process of a thread is that one now. Once it has ended, so have the stops that it asked for, and another process may be.
    ///
    /// - Parameter isStillAsking: whether the thread waits for the answer still: if not, its number may be another's
    mutating func grants(_ thread: Int32, isStillAsking: () -> Bool) -> Bool {
        do throws(SystemError) {
            guard let process = try ProcessStatus(process: "\(thread)").number("Tgid").map({ Int32($0) }) else { return false }
            if let granted, !granted.descriptor.hasEnded { return granted.process == process && isStillAsking() }
            let descriptor = OpenFile(FileDescriptor(owning: try check("pidfd_open", "\(process)") { brig_pidfd_open(process) }))
            guard isStillAsking() else { return false }
            granted = (process, descriptor)
            return true
        } catch {
            return false  // gone
        }
    }
}

extension OpenFile {
    /// Whether all threads of a process are gone.
    fileprivate var hasEnded: Bool {
        var waited = pollfd(fd: number, events: Int16(POLLIN), revents: 0)
        return unsafe poll(&waited, 1, 0) != 0
    }
}
