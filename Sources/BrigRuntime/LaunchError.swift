public import BrigSystem

/// Why a job could not be started, or why brig gave up on it: the stage, the cause, and what to do about it.
public struct LaunchError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Where it happened: a stage of the child's (`root`, `seccomp`, `exec`), or a floor of the launcher (`cgroup`, `apparmor`, `ids`).
    public let stage: String
    /// The kernel's error number, where one was the cause.
    public let errno: Int32?
    /// What happened, in one clause.
    public let message: String
    /// What to do about it.
    public let hint: String?

    public init(_ stage: String, _ message: String, errno: Int32? = nil, hint: String? = nil) {
        self.stage = stage
        self.message = message
        self.errno = errno
        self.hint = hint
    }

    public init(_ stage: String, _ cause: SystemError, hint: String? = nil) {
        self.init(stage, cause.description, errno: cause.errno, hint: hint)
    }

    public var description: String { hint.map { "\(stage): \(message); \($0)" } ?? "\(stage): \(message)" }
}

/// Runs a body of system calls; a failure becomes one of this stage.
@discardableResult
func inStage<Result: ~Copyable>(_ stage: String, hint: String? = nil, _ body: () throws(SystemError) -> Result) throws(LaunchError) -> Result {
    do { return try body() } catch { throw LaunchError(stage, error, hint: hint) }
}
