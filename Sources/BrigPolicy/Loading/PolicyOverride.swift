public import BrigJSON

/// A field that a command line flag replaces, before the policy is validated.
///
/// A flag asks for what it says: a limit given by one is required, whatever the policy says of that limit.
public struct PolicyOverride: Sendable, Equatable {
    /// JSON pointer of the field: `/limits/memory`, `/process/environment/HOME`; with `-` at its end, a further element of a list: `/mounts/-`.
    public let pointer: String
    public let value: JSONValue
    /// As typed: `--memory`.
    public let flag: String

    public init(_ pointer: String, _ value: JSONValue, flag: String) {
        self.pointer = pointer
        self.value = value
        self.flag = flag
    }

    /// The pointer of the list that this is a further element of; nil for a field.
    private var list: String? { pointer.hasSuffix("/-") ? String(pointer.dropLast(2)) : nil }

    /// The document with this change, and the pointer of the changed value in it.
    func applied(to document: JSONValue) -> (document: JSONValue, pointer: String) {
        guard let list else { return (document.replacing(pointer[...], with: value), pointer) }
        switch document.value(at: list) {
        case nil: return (document.replacing(list[...], with: .array([value])), list.appending(element: 0))
        case .array(let elements): return (document.replacing(list[...], with: .array(elements + [value])), list.appending(element: elements.count))
        // What is there is a fault of its own, and is found where it was written.
        case .some: return (document, pointer)
        }
    }
}
