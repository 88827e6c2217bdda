import BrigJSON
import Testing

private func read(_ text: String, size: Int = 1 << 20, depth: Int = 16) throws(JSONError) -> JSONDocument {
    try JSONDocument(Array(text.utf8), bounds: .init(size: size, depth: depth))
}

private func fault(_ bytes: [UInt8], depth: Int = 16) -> String {
    do throws(JSONError) {
        return "read as \(try JSONDocument(bytes, bounds: .init(size: 1 << 20, depth: depth)).value)"
    } catch {
        return error.description
    }
}

@Suite struct JSONDocumentTests {
    @Test func readsEveryKindOfValueInOrder() throws {
        let document = try read(#" {"b": [1, -2.5, true, null, "é\n\u0000😀"], "a": {}, "big": 9223372036854775807} "#)
        #expect(document.value == ["b": .array([1, .double(-2.5), true, .null, "é\n\u{0}😀"]), "a": [:], "big": .integer(.max)])
        #expect(document.value.members?.map(\.name) == ["b", "a", "big"])
    }

    @Test(arguments: [
        ("", "1:1: expected a value, found the end of the text"),
        ("{\"a\": 1,}", "1:9: /a: expected a name in double quotes, found \"}\""),
        ("[1,\n 2,,3]", "2:4: /2: expected a value, found \",\""),
        ("{\"a\": 1} x", "1:10: unexpected \"x\" after the end of the JSON value"),
        ("[1] [2]", "1:5: unexpected \"[\" after the end of the JSON value"),
        ("[1]\u{0}", "1:4: unexpected control character 0x0 after the end of the JSON value"),
        ("[NaN]", "1:2: /0: expected a value, found \"NaN\""),
        ("[Infinity]", "1:2: /0: expected a value, found \"Infinity\""),
        ("[-Infinity]", "1:2: /0: a number without digits, before \"Infinity\""),
        ("[nul]", "1:2: /0: expected a value, found \"nul\""),
        ("[True]", "1:2: /0: expected a value, found \"True\""),
        ("[01]", "1:2: /0: a number with a leading zero"),
        ("[+1]", "1:2: /0: expected a value, found \"+\""),
        ("[.5]", "1:2: /0: expected a value, found \".\""),
        ("[1.]", "1:2: /0: a number without digits, before \"]\""),
        ("[1e400]", "1:2: /0: a number out of range: 1e400"),
        ("[9223372036854775808]", "1:2: /0: a number out of range: 9223372036854775808"),
        ("[0x10]", "1:3: /0: expected \",\" or \"]\", found \"x\""),
        ("['a']", "1:2: /0: expected a value, found \"'\""),
        ("[\"a\nb\"]", "1:4: /0: control character 0xa in a string (write it as an escape)"),
        ("[\"a]", "1:2: /0: a string without an end"),
        (#"["\x"]"#, "1:3: /0: an unknown escape in a string"),
        (#"["\ud800"]"#, "1:3: /0: half a surrogate pair"),
        (#"["\udc00\ud800"]"#, "1:3: /0: half a surrogate pair"),
        (#"["\u12"]"#, "1:3: /0: an escape \\u without four hexadecimal digits"),
        ("/* c */ []", "1:1: expected a value, found \"/\" (JSON has no comments)"),
        ("[1 // c\n]", "1:4: /0: expected \",\" or \"]\", found \"/\" (JSON has no comments)"),
        ("\u{FEFF}{}", "1:1: the text begins with a byte-order mark"),
        ("{\"a\" 1}", "1:6: /a: expected \":\", found \"1\""),
        ("{a: 1}", "1:2: expected a name in double quotes, found \"a\""),
        ("{\"é\": {\"x\": 1, \"x\": 2}}", "1:16: /é/x: duplicate key"),
        (#"{"a": 1, "\u0061": 2}"#, "1:10: /a: duplicate key"),
        (#"{"a\u0000b": 1}"#, "1:2: /a\u{0}b: a name with U+0000 in it"),
        (#"{"a/b~": [1, "#, "1:14: /a~1b~0/1: expected a value, found the end of the text"),
    ])
    func refuses(_ text: String, _ expected: String) {
        #expect(fault(Array(text.utf8)) == expected)
    }

    @Test(arguments: [[0xC0, 0xAF], [0xED, 0xA0, 0x80], [0xF5, 0x80, 0x80, 0x80], [0x80], [0xE2, 0x82]] as [[UInt8]])
    func refusesInvalidUTF8(_ sequence: [UInt8]) {
        #expect(fault(Array("[\"é".utf8) + sequence + Array("\"]".utf8)) == "1:4: invalid UTF-8")
    }

    @Test func depthEndsAtTheBoundWithoutUsingTheStack() throws {
        let nested = String(repeating: "[", count: 16) + String(repeating: "]", count: 16)
        _ = try read(nested)
        #expect(fault(Array("[\(nested)]".utf8)).contains("nested deeper than 16 levels"))
        #expect(fault([UInt8](repeating: UInt8(ascii: "["), count: 100_000)).contains("1:17: "))
        // The places of a faulty text are worked out without a bound.
        #expect(fault(Array((String(repeating: "{\"a\":", count: 100_000)).utf8)).contains("nested deeper"))
    }

    @Test func sizeIsBounded() {
        #expect(throws: JSONError(at: .start, "the text has 11 bytes, at most 10 are read")) { try read("[123456789]", size: 10) }
    }

    @Test func placesAreOfValuesAndOfNames() throws {
        let places = try read("{\n  \"é\": [10,\n  20], \"a/b\": {\"~\": null}}").places()
        #expect(places.value("") == JSONPosition(line: 1, column: 1))
        #expect(places.name("/é") == JSONPosition(line: 2, column: 3))
        #expect(places.value("/é") == JSONPosition(line: 2, column: 8))
        #expect(places.value("/é/1") == JSONPosition(line: 3, column: 3))
        #expect(places.name("/é/1") == nil)
        #expect(places.name("/a~1b/~0") == JSONPosition(line: 3, column: 16))
        #expect(places.value("/nothing") == nil)
    }

    /// Every prefix and every single-byte change of a text is either refused with a place or read; none ends the process.
    @Test func survivesEveryTruncationAndManyMutations() throws {
        let text = Array(#"{"a": [1, -2.5e3, "x\u00e9\n"], "b": {"c": true, "d": null}}"#.utf8)
        for length in 0..<text.count { #expect(fault(Array(text[..<length])).first?.isNumber == true) }
        for index in text.indices {
            for byte in [0, 0x22, 0x5C, 0x7B, 0x7D, 0x5B, 0x2C, 0x30, 0x80, 0xFF] as [UInt8] {
                var mutated = text
                mutated[index] = byte
                let result = fault(mutated)
                #expect(result.hasPrefix("read as") || result.first?.isNumber == true)
            }
        }
    }
}
