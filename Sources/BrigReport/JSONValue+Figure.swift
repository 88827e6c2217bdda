internal import BrigJSON

// How the report's Swift values become JSON: one way for each kind, used by every part of the encoder.

extension JSONValue {
    /// An object with its members in the order given.
    static func fields(_ members: (String, JSONValue)...) -> JSONValue { .object(members.map { Member($0.0, $0.1) }) }

    /// A figure of the kernel; null where it is not known. One above 2^63 - 1 is written as that: the kernel's "no limit" values lie there,
    /// and a JSON integer beyond it is read differently by different readers.
    static func figure(_ value: UInt64?) -> JSONValue { value.map { .integer(Int64(clamping: $0)) } ?? .null }

    static func count(_ value: Int?) -> JSONValue { value.map { .integer(Int64($0)) } ?? .null }

    static func text(_ value: String?) -> JSONValue { value.map { .string($0) } ?? .null }

    static func texts(_ values: [String]) -> JSONValue { .array(values.map { .string($0) }) }

    static func texts(_ values: [String: String]) -> JSONValue { sorted(values) { .string($0) } }

    /// An object whose names are data: sorted by their bytes, so that equal reports are equal files.
    static func sorted<Value>(_ values: [String: Value], _ encode: (Value) -> JSONValue) -> JSONValue {
        let names = values.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        return .object(names.compactMap { name in values[name].map { Member(name, encode($0)) } })
    }

    /// Sixteen hexadecimal digits, as /proc/PID/status writes capability sets.
    static func mask(_ bits: UInt64) -> JSONValue {
        let digits = String(bits, radix: 16)
        return .string(String(repeating: "0", count: 16 - digits.utf8.count) + digits)
    }
}

/// RFC 4648, section 4, with padding.
func base64(_ bytes: [UInt8]) -> String {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    var text: [UInt8] = []
    text.reserveCapacity((bytes.count + 2) / 3 * 4)
    for start in stride(from: 0, to: bytes.count, by: 3) {
        let group = bytes[start..<min(start + 3, bytes.count)]
        let bits = group.reduce(UInt32(0)) { $0 << 8 | UInt32($1) } << UInt32(8 * (3 - group.count))
        for place in 0..<4 { text.append(place <= group.count ? alphabet[Int(bits >> UInt32(18 - 6 * place)) & 63] : 0x3D) }
    }
    return String(decoding: text, as: UTF8.self)
}
