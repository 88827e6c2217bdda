public import BrigSystem

/// What is in the way of a profile, and what to do about it.
public struct AppArmorError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What happened, in one clause.
    public let message: String
    /// What to do about it.
    public let hint: String?

    public init(_ message: String, hint: String? = nil) {
        self.message = message
        self.hint = hint
    }

    public init(_ cause: SystemError, hint: String? = nil) { self.init(cause.description, hint: hint) }

    public var description: String { hint.map { "\(message); \($0)" } ?? message }
}
