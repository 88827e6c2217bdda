extension JSONValue {
    /// The form that digests are taken of: compact JSON with the members of every object sorted by the bytes of their names, and no character
    /// escaped that need not be. Written here and not by json-c, whose choices differ between versions; only numbers with a fraction are left to it.
    public func canonical() -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity(4096)
        write(to: &text)
        return text
    }

    private func write(to text: inout [UInt8]) {
        switch self {
        case .null, .double: text += encoded(pretty: false)
        case .bool(let flag): text += flag ? "true".utf8 : "false".utf8
        case .integer(let number): text += String(number).utf8
        case .string(let string): Self.write(string, to: &text)
        case .array(let elements):
            text.append(UInt8(ascii: "["))
            for (index, element) in elements.enumerated() {
                if index > 0 { text.append(UInt8(ascii: ",")) }
                element.write(to: &text)
            }
            text.append(UInt8(ascii: "]"))
        case .object(let members):
            text.append(UInt8(ascii: "{"))
            for (index, member) in members.sorted(by: { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }).enumerated() {
                if index > 0 { text.append(UInt8(ascii: ",")) }
                Self.write(member.name, to: &text)
                text.append(UInt8(ascii: ":"))
                member.value.write(to: &text)
            }
            text.append(UInt8(ascii: "}"))
        }
    }

    /// A string between quotes; control characters as `\u00xx`.
    private static func write(_ string: String, to text: inout [UInt8]) {
        let digits: StaticString = "0123456789abcdef"
        text.append(UInt8(ascii: "\""))
        for byte in string.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): text += [UInt8(ascii: "\\"), byte]
            case 0..<0x20: text += unsafe "\\u00".utf8 + [digits.utf8Start[Int(byte >> 4)], digits.utf8Start[Int(byte & 15)]]
            default: text.append(byte)
            }
        }
        text.append(UInt8(ascii: "\""))
    }
}
