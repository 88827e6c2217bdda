internal import CBrigLinux
internal import Glibc

/// A system call that failed: which one, on what, and the kernel's reason.
public struct SystemError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The system call or library function, as in the manual.
    public let call: String
    /// What it was called on (a path, a descriptor's role), where there is something to name.
    public let subject: String?
    /// The error number, as in errno(3).
    public let errno: Int32

    public init(_ call: String, _ subject: String? = nil, errno: Int32) {
        self.call = call
        self.subject = subject
        self.errno = errno
    }

    public var description: String {
        let on = subject.map { " \($0)" } ?? ""
        return "\(call)\(on): \(errnoText(errno)) (\(errnoName(errno)))"
    }
}

/// The error number that the last failed call of this thread left.
public func currentErrno() -> Int32 { Glibc.errno }

/// The kernel's symbolic name of an error number (`ENOENT`), or `errno N` where it has none.
public func errnoName(_ number: Int32) -> String {
    guard let name = unsafe brig_errno_name(number) else { return "errno \(number)" }
    return unsafe String(cString: name)
}

/// The C library's sentence for an error number, in the C locale.
public func errnoText(_ number: Int32) -> String {
    guard let text = unsafe brig_errno_text(number) else { return "unknown error \(number)" }
    return unsafe String(cString: text)
}

/// The one gate through which results of system calls pass: a negative result becomes an error, and EINTR is tried again.
@discardableResult
public func check<Result: SignedInteger>(
    _ call: StaticString, _ subject: @autoclosure () -> String? = nil, _ body: () -> Result
) throws(SystemError) -> Result {
    while true {
        let result = body()
        if result >= 0 { return result }
        let number = Glibc.errno
        if number != EINTR { throw SystemError("\(call)", subject(), errno: number) }
    }
}
