internal import CJSONC

extension JSONValue {
    /// The value as JSON text in UTF-8, without a final newline: compact, or with one member a line and two spaces a level.
    ///
    /// Object members keep their order; of members with equal names the last value is written. Control characters are escaped, so no string
    /// can end a line or a field. A U+0000 in a member's name is written as U+FFFD, a number that is not finite as null.
    public func encoded(pretty: Bool = false) -> [UInt8] {
        let layout = pretty ? JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED : JSON_C_TO_STRING_PLAIN
        // NULL is json-c's own form of null, and it writes it as such.
        let object = unsafe makeObject()
        defer { _ = unsafe json_object_put(object) }
        var length = 0
        guard let text = unsafe json_object_to_json_string_length(object, layout | JSON_C_TO_STRING_NOSLASHESCAPE, &length) else { return Array("null".utf8) }
        return unsafe Array(UnsafeRawBufferPointer(start: text, count: length))
    }

    /// A json-c object that the caller owns; NULL stands for null.
    @unsafe
    private func makeObject() -> OpaquePointer? {
        switch self {
        case .null: return nil
        case .bool(let flag): return unsafe json_object_new_boolean(flag ? 1 : 0)
        case .integer(let number): return unsafe json_object_new_int64(number)
        case .double(let number): return number.isFinite ? unsafe json_object_new_double(number) : nil
        case .string(let text): return unsafe Self.makeString(text)
        case .array(let elements):
            let array = unsafe json_object_new_array_ext(Int32(clamping: max(elements.count, 1)))
            for element in elements { _ = unsafe json_object_array_add(array, element.makeObject()) }
            return unsafe array
        case .object(let members):
            let object = unsafe json_object_new_object()
            for member in members {
                let name = member.name.utf8.contains(0) ? String(member.name.map { $0 == "\0" ? "\u{FFFD}" : $0 }) : member.name
                _ = unsafe json_object_object_add(object, name, member.value.makeObject())
            }
            return unsafe object
        }
    }

    @unsafe
    private static func makeString(_ text: String) -> OpaquePointer? {
        var text = text
        return text.withUTF8 { bytes in
            unsafe bytes.withMemoryRebound(to: CChar.self) { characters in
                guard let start = characters.baseAddress else { return unsafe json_object_new_string("") }
                return unsafe json_object_new_string_len(start, Int32(clamping: characters.count))
            }
        }
    }
}
