import BrigJSON

/// Texts with a change that no `JSONValue` can hold, such as a name twice.
extension PolicyFaults {
    static func fault(_ description: String, replacing pointer: String, with value: JSONValue) -> PolicyFault {
        PolicyFault(description: description, text: Array(render(complete, replacing: pointer, with: value).utf8), pointer: pointer)
    }

    /// Every value with its pointer, the whole first.
    static func pointers(_ value: JSONValue, _ pointer: String = "") -> [(pointer: String, value: JSONValue)] {
        switch value {
        case .object(let members): [(pointer, value)] + members.flatMap { pointers($0.value, pointer.appending(member: $0.name)) }
        case .array(let elements): [(pointer, value)] + elements.enumerated().flatMap { pointers($1, pointer.appending(element: $0)) }
        default: [(pointer, value)]
        }
    }

    static func render(duplicating pointer: String) -> [UInt8] { Array(render(complete, duplicating: pointer).utf8) }

    /// JSON with a line a member; one value replaced, one member left out, or the first member of one object written twice.
    static func render(
        _ value: JSONValue, at here: String = "", replacing: String? = nil, with replacement: JSONValue = .null, leavingOut: String? = nil, duplicating: String? = nil
    ) -> String {
        if here == replacing { return render(replacement) }
        func inner(_ value: JSONValue, _ pointer: String) -> String {
            render(value, at: pointer, replacing: replacing, with: replacement, leavingOut: leavingOut, duplicating: duplicating)
        }
        switch value {
        case .object(let members):
            let kept = members.filter { here.appending(member: $0.name) != leavingOut }
            let written = here == duplicating ? kept + kept.prefix(1) : kept
            return "{\n" + written.map { "\(render(.string($0.name))): \(inner($0.value, here.appending(member: $0.name)))" }.joined(separator: ",\n") + "}"
        case .array(let elements): return "[" + elements.enumerated().map { inner($1, here.appending(element: $0)) }.joined(separator: ", ") + "]"
        default: return String(decoding: value.encoded(pretty: false), as: UTF8.self)
        }
    }
}
