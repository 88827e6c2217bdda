public import BrigJSON

/// A field that a command line flag replaces, before the policy is validated.
///
/// A flag asks for what it says: a limit given by one is required, whatever the policy says of that limit.
public struct PolicyOverride: Sendable, Equatable {
    /// JSON pointer of the field, members only: `/limits/memory`, `/process/environment/HOME`.
    public let pointer: String
    public let value: JSONValue
    /// As typed: `--memory`.
    public let flag: String

    public init(_ pointer: String, _ value: JSONValue, flag: String) {
        self.pointer = pointer
        self.value = value
        self.flag = flag
    }

    /// Whether a pointer is that of this field or of something in it.
    func covers(_ other: String) -> Bool { other == pointer || other.hasPrefix(pointer + "/") }
}
