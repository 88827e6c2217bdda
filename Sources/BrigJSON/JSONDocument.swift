internal import CJSONC

/// A JSON text that was read strictly: RFC 8259 and nothing beyond it.
///
/// json-c makes the values. What it lets pass is refused by a scanner before it sees the bytes: comments, NaN and Infinity, leading zeros, raw
/// control characters, a byte-order mark, trailing data, numbers that fit neither Int64 nor a finite double, lone surrogates, a member named
/// twice, U+0000 in a member's name.
public struct JSONDocument: Sendable {
    public let value: JSONValue
    /// What was read.
    public let bytes: [UInt8]

    /// Limits of what is read.
    public struct Bounds: Sendable {
        /// Largest text, in bytes.
        public var size: Int
        /// Deepest nesting of lists and objects; 1 is a list of plain values.
        public var depth: Int

        public init(size: Int, depth: Int) {
            self.size = size
            self.depth = depth
        }
    }

    /// Reads `bytes`. Throws at the first fault, with its line and column. Nesting of any depth costs no stack: it ends at the bound.
    public init(_ bytes: [UInt8], bounds: Bounds) throws(JSONError) {
        self.bytes = bytes
        guard bytes.count <= bounds.size else { throw JSONError(at: .start, "the text has \(bytes.count) bytes, at most \(bounds.size) are read") }
        var scanner = JSONScanner(bytes, maximumDepth: bounds.depth)
        do throws(JSONScanner.Fault) {
            try scanner.scan()
        } catch {
            throw JSONError(at: JSONPosition(of: error.offset, in: bytes), pointer: scanner.pointer, error.message)
        }
        var memberCount = 0
        value = try Self.parse(bytes, depth: bounds.depth, memberCount: &memberCount)
        // Of two members with one name json-c keeps the later: then there are fewer than were scanned.
        if memberCount != scanner.memberCount, let duplicate = JSONPlaces(bytes).duplicate {
            throw JSONError(at: duplicate.position, pointer: duplicate.pointer, "duplicate key")
        }
    }

    /// Where every value and every member's name begins. Worked out when asked for: only messages need it.
    public func places() -> JSONPlaces { JSONPlaces(bytes) }

    /// The text of a string as it is written between double quotes, its escapes resolved.
    static func unescaped(_ text: ArraySlice<UInt8>) -> String {
        guard text.contains(UInt8(ascii: "\\")) else { return String(decoding: text, as: UTF8.self) }
        var ignored = 0
        let quoted = [UInt8(ascii: "\"")] + text + [UInt8(ascii: "\"")]
        guard case .string(let result) = try? parse(quoted, depth: 1, memberCount: &ignored) else { return String(decoding: text, as: UTF8.self) }
        return result
    }

    private static func parse(_ bytes: [UInt8], depth: Int, memberCount: inout Int) throws(JSONError) -> JSONValue {
        // json-c counts a plain value as a level of its own.
        guard let tokener = unsafe json_tokener_new_ex(Int32(clamping: depth + 2)) else { throw JSONError(at: .start, "no memory for a JSON parser") }
        defer { unsafe json_tokener_free(tokener) }
        unsafe json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8)
        // The NUL after the text tells json-c that a number at the very end is complete.
        let terminated = bytes + [0]
        let object = unsafe terminated.withUnsafeBytes { buffer in
            unsafe json_tokener_parse_ex(tokener, buffer.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(clamping: buffer.count))
        }
        defer { _ = unsafe json_object_put(object) }
        let outcome = unsafe json_tokener_get_error(tokener)
        guard outcome == json_tokener_success else {
            let text = unsafe json_tokener_error_desc(outcome).map { unsafe String(cString: $0) } ?? "unknown error"
            throw JSONError(at: JSONPosition(of: Int(unsafe json_tokener_get_parse_end(tokener)), in: bytes), text)
        }
        return unsafe JSONValue(converting: object, memberCount: &memberCount)
    }
}

extension JSONValue {
    /// A copy of a json-c object in Swift's own terms, counting the members of all objects. As deep as the bound that was given to its parser.
    @unsafe
    fileprivate init(converting object: OpaquePointer?, memberCount: inout Int) {
        switch unsafe json_object_get_type(object) {
        case json_type_boolean: self = .bool(unsafe json_object_get_boolean(object) != 0)
        case json_type_int: self = .integer(unsafe json_object_get_int64(object))
        case json_type_double: self = .double(unsafe json_object_get_double(object))
        case json_type_string:
            let length = Int(unsafe json_object_get_string_len(object))
            self = .string(unsafe String(decoding: UnsafeRawBufferPointer(start: json_object_get_string(object), count: length), as: UTF8.self))
        case json_type_array:
            let count = unsafe json_object_array_length(object)
            var elements: [JSONValue] = []
            elements.reserveCapacity(count)
            for index in 0..<count { elements.append(unsafe JSONValue(converting: json_object_array_get_idx(object, index), memberCount: &memberCount)) }
            self = .array(elements)
        case json_type_object:
            var members: [Member] = []
            members.reserveCapacity(Int(unsafe json_object_object_length(object)))
            var entry = unsafe json_object_get_object(object)?.pointee.head
            while let current = unsafe entry {
                let name = unsafe String(cString: current.pointee.k.assumingMemoryBound(to: CChar.self))
                members.append(Member(name, unsafe JSONValue(converting: OpaquePointer(current.pointee.v), memberCount: &memberCount)))
                unsafe entry = unsafe current.pointee.next
            }
            memberCount += members.count
            self = .object(members)
        default: self = .null
        }
    }
}
