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

/// Keeps the numbers 0 to 2 from becoming those of other files: one that the caller has closed is held by a descriptor that can be neither read nor
/// written (O_PATH of /dev/null). False where that cannot be done.
public func holdStandardStreams() -> Bool {
    for number in Int32(0)...2 where fcntl(number, F_GETFD) < 0 {
        guard unsafe Glibc.open("/dev/null", OpenFlags.path.rawValue) == number else { return false }
    }
    return true
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
