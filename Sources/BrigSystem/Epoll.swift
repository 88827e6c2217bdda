internal import CBrigLinux

/// One epoll instance: which descriptors are ready, by the token that each was added with.
public struct Epoll: ~Copyable {
    private let descriptor: FileDescriptor

    /// Can be read where something is ready.
    public var number: Int32 { descriptor.number }

    public init() throws(SystemError) {
        descriptor = FileDescriptor(owning: try check("epoll_create1") { brig_epoll_create() })
    }

    /// Watches a descriptor for input.
    public borrowing func add(_ number: Int32, token: UInt64) throws(SystemError) {
        let epoll = descriptor.number
        try check("epoll_ctl") { brig_epoll_add(epoll, number, token) }
    }

    /// Watches a descriptor for room to write.
    public borrowing func addOutput(_ number: Int32, token: UInt64) throws(SystemError) {
        let epoll = descriptor.number
        try check("epoll_ctl") { brig_epoll_add_output(epoll, number, token) }
    }

    public borrowing func remove(_ number: Int32) throws(SystemError) {
        let epoll = descriptor.number
        try check("epoll_ctl") { brig_epoll_remove(epoll, number) }
    }

    /// Waits until something is ready, or until the time has passed (nil: for ever). Tokens of what is ready, at most 16 at a time.
    public borrowing func wait(milliseconds: Int32? = nil) throws(SystemError) -> [UInt64] {
        let epoll = descriptor.number
        var tokens = [UInt64](repeating: 0, count: 16)
        let count = try check("epoll_wait") { unsafe brig_epoll_wait(epoll, &tokens, 16, milliseconds ?? -1) }
        tokens.removeLast(16 - Int(count))
        return tokens
    }
}
