/// Where every value and every member's name of a JSON text begins, by JSON pointer (RFC 6901).
public struct JSONPlaces: Sendable {
    private let bytes: [UInt8]
    private let recorder: Recorder

    /// What a scan notes down: offsets by pointer.
    struct Recorder: Sendable {
        var values: [String: Int] = [:]
        var names: [String: Int] = [:]
        /// The first name that its object has already.
        var duplicate: (pointer: String, offset: Int)?

        mutating func note(_ pointer: String, value: Int, name: Int?) {
            if values.updateValue(value, forKey: pointer) != nil, duplicate == nil { duplicate = (pointer, name ?? value) }
            if let name { names[pointer] = name }
        }
    }

    /// Of a text that has been scanned without a fault.
    init(_ bytes: [UInt8]) {
        var scanner = JSONScanner(bytes, maximumDepth: .max)
        scanner.recorder = Recorder()
        // Up to a fault, if there is one, everything has its place.
        _ = try? scanner.scan()
        self.bytes = bytes
        self.recorder = scanner.recorder ?? Recorder()
    }

    /// Where the value at a pointer begins; nil where the text has none.
    public func value(_ pointer: String) -> JSONPosition? { recorder.values[pointer].map { JSONPosition(of: $0, in: bytes) } }

    /// Where the name of the member at a pointer begins; nil for an element of a list and where the text has none.
    public func name(_ pointer: String) -> JSONPosition? { recorder.names[pointer].map { JSONPosition(of: $0, in: bytes) } }

    var duplicate: (position: JSONPosition, pointer: String)? {
        recorder.duplicate.map { (JSONPosition(of: $0.offset, in: bytes), $0.pointer) }
    }
}

/// JSON pointers are strings here: `/syscalls/allow/3`.
extension String {
    /// The pointer to a member of the object that this points to, with `~` and `/` in its name escaped as RFC 6901 says.
    public func appending(member name: String) -> String {
        guard name.utf8.contains(where: { $0 == UInt8(ascii: "~") || $0 == UInt8(ascii: "/") }) else { return "\(self)/\(name)" }
        var escaped = self + "/"
        for character in name.unicodeScalars {
            switch character {
            case "~": escaped += "~0"
            case "/": escaped += "~1"
            default: escaped.unicodeScalars.append(character)
            }
        }
        return escaped
    }

    /// The pointer to an element of the list that this points to.
    public func appending(element index: Int) -> String { "\(self)/\(index)" }
}
