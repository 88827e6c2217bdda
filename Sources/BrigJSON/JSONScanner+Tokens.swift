internal import Glibc

extension JSONScanner {
    /// The byte at hand; 0 at the end, which no rule accepts.
    var current: UInt8 { offset < bytes.count ? bytes[offset] : 0 }

    /// The character at hand, for messages.
    var found: String {
        guard offset < bytes.count else { return "the end of the text" }
        let byte = bytes[offset]
        if byte == UInt8(ascii: "/") { return "\"/\" (JSON has no comments)" }
        if byte < 0x20 || byte == 0x7F { return "control character 0x\(String(byte, radix: 16))" }
        let word = bytes[offset...].prefix(20).prefix { ($0 | 0x20) >= UInt8(ascii: "a") && ($0 | 0x20) <= UInt8(ascii: "z") }
        if !word.isEmpty { return "\"\(String(decoding: word, as: UTF8.self))\"" }
        let character = String(decoding: bytes[offset...].prefix(4), as: UTF8.self).unicodeScalars.first.map(String.init) ?? "?"
        return character == "\"" ? "a string" : "\"\(character)\""
    }

    mutating func skipSpace() {
        while offset < bytes.count {
            switch bytes[offset] {
            case UInt8(ascii: " "), UInt8(ascii: "\n"), UInt8(ascii: "\t"), UInt8(ascii: "\r"): offset += 1
            default: return
            }
        }
    }

    /// JSON is UTF-8 without a byte-order mark.
    func refuseForeignEncoding() throws(Fault) {
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { throw Fault(offset: 0, message: "the text begins with a byte-order mark") }
        do throws(UTF8.ValidationError) {
            _ = try UTF8Span(validating: bytes.span)
        } catch {
            throw Fault(offset: error.byteOffsets.lowerBound, message: "invalid UTF-8")
        }
    }

    mutating func scanWord(_ word: StaticString) throws(Fault) {
        let end = offset + word.utf8CodeUnitCount
        let matches = unsafe end <= bytes.count && bytes[offset..<end].elementsEqual(UnsafeBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount))
        guard matches else { throw Fault(offset: offset, message: "expected a value, found \(found)") }
        offset = end
    }

    /// A string from quote to quote. Returns the range between them.
    mutating func scanString() throws(Fault) -> Range<Int> {
        let opening = offset
        offset += 1
        while offset < bytes.count {
            switch bytes[offset] {
            case UInt8(ascii: "\""):
                offset += 1
                return opening + 1..<offset - 1
            case UInt8(ascii: "\\"): try scanEscape()
            case 0..<0x20: throw Fault(offset: offset, message: "\(found) in a string (write it as an escape)")
            default: offset += 1
            }
        }
        throw Fault(offset: opening, message: "a string without an end")
    }

    private mutating func scanEscape() throws(Fault) {
        let start = offset
        offset += 1
        switch current {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"), UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"): offset += 1
        case UInt8(ascii: "u"):
            offset += 1
            let unit = try scanHexadecimal(from: start)
            guard 0xD800...0xDFFF ~= unit else { return }
            // Two escapes make one character outside the basic plane; a half of such a pair is none.
            guard unit < 0xDC00, bytes[offset...].starts(with: [UInt8(ascii: "\\"), UInt8(ascii: "u")]) else { throw Fault(offset: start, message: "half a surrogate pair") }
            offset += 2
            guard 0xDC00...0xDFFF ~= (try scanHexadecimal(from: start)) else { throw Fault(offset: start, message: "half a surrogate pair") }
        default: throw Fault(offset: start, message: "an unknown escape in a string")
        }
    }

    private mutating func scanHexadecimal(from start: Int) throws(Fault) -> UInt32 {
        var unit: UInt32 = 0
        for _ in 0..<4 {
            guard let digit = Character(Unicode.Scalar(current)).hexDigitValue else { throw Fault(offset: start, message: "an escape \\u without four hexadecimal digits") }
            unit = unit << 4 | UInt32(digit)
            offset += 1
        }
        return unit
    }

    mutating func scanNumber() throws(Fault) {
        let start = offset
        if current == UInt8(ascii: "-") { offset += 1 }
        let isZero = current == UInt8(ascii: "0")
        let digits = try scanDigits(from: start)
        if isZero && digits > 1 { throw Fault(offset: start, message: "a number with a leading zero") }
        var isInteger = true
        if current == UInt8(ascii: ".") {
            isInteger = false
            offset += 1
            _ = try scanDigits(from: start)
        }
        if current | 0x20 == UInt8(ascii: "e") {
            isInteger = false
            offset += 1
            if current == UInt8(ascii: "+") || current == UInt8(ascii: "-") { offset += 1 }
            _ = try scanDigits(from: start)
        }
        // Most numbers are short: only a long one can be too large.
        if isInteger && offset - start < 19 { return }
        let text = String(decoding: bytes[start..<offset], as: UTF8.self)
        let fits = isInteger ? Int64(text) != nil : unsafe strtod(text, nil).isFinite
        if !fits { throw Fault(offset: start, message: "a number out of range: \(text.utf8.count > 40 ? String(text.prefix(40)) + "…" : text)") }
    }

    private mutating func scanDigits(from start: Int) throws(Fault) -> Int {
        let first = offset
        while UInt8(ascii: "0")...UInt8(ascii: "9") ~= current { offset += 1 }
        guard offset > first else { throw Fault(offset: start, message: "a number without digits, before \(found)") }
        return offset - first
    }
}
