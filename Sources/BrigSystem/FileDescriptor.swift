internal import Glibc

/// An open file descriptor that is closed exactly once: when its owner goes out of scope.
public struct FileDescriptor: ~Copyable, Sendable {
    /// The number, for as long as this value lives.
    public let number: Int32

    /// Takes over an open descriptor.
    public init(owning number: Int32) { self.number = number }

    deinit { _ = Glibc.close(number) }

    /// Gives the descriptor up without closing it.
    public consuming func release() -> Int32 {
        let number = self.number
        discard self
        return number
    }

    /// A second descriptor for the same open file, closed on exec.
    public borrowing func duplicate() throws(SystemError) -> FileDescriptor {
        let number = self.number
        return FileDescriptor(owning: try check("fcntl", "F_DUPFD_CLOEXEC") { fcntl(number, F_DUPFD_CLOEXEC, 3) })
    }
}

/// An open file that several owners share, or one that may be given up early; closed when the last of them lets go.
public final class OpenFile: Sendable {
    private let descriptor: FileDescriptor

    public init(_ descriptor: consuming FileDescriptor) { self.descriptor = descriptor }

    /// The number, for as long as this object lives.
    public var number: Int32 { descriptor.number }

    /// Calls `body` with the descriptor.
    public func with<Result, Failure: Error>(_ body: (borrowing FileDescriptor) throws(Failure) -> Result) throws(Failure) -> Result { try body(descriptor) }
}
