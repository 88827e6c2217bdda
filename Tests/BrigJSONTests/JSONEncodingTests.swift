import BrigJSON
import Testing

private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

@Suite struct JSONEncodingTests {
    @Test func membersKeepTheirOrder() {
        let value: JSONValue = ["z": 1, "a": [true, .null, .double(0.5)], "m": [:]]
        #expect(text(value.encoded(pretty: false)) == #"{"z":1,"a":[true,null,0.5],"m":{}}"#)
    }

    @Test func prettyHasAMemberALine() {
        let value: JSONValue = ["a": ["b": 1]]
        #expect(text(value.encoded(pretty: true)) == "{\n  \"a\": {\n    \"b\": 1\n  }\n}")
    }

    @Test func whatAJobChoseCannotLeaveItsString() {
        let value: JSONValue = .string("\"},\n\u{1B}[2J\u{0}\\/é")
        #expect(text(value.encoded(pretty: false)) == #""\"},\n\u001b[2J\u0000\\/é""#)
    }

    @Test func numbersThatAreNoneAreNull() {
        #expect(text(JSONValue.array([.double(.nan), .double(.infinity), .double(1)]).encoded(pretty: false)) == "[null,null,1.0]")
    }

    @Test func anEmptyValueOfEachKind() {
        #expect(text(JSONValue.null.encoded(pretty: false)) == "null")
        #expect(text(JSONValue.string("").encoded(pretty: false)) == #""""#)
        #expect(text(JSONValue.array([]).encoded(pretty: false)) == "[]")
        #expect(text(JSONValue.object([.init("a\u{0}b", 1)]).encoded(pretty: false)) == "{\"a\u{FFFD}b\":1}")
    }

    @Test func canonicalFormDoesNotDependOnOrder() {
        let one: JSONValue = ["b": 1, "a": [["d": 1, "c": 2]]]
        let other: JSONValue = ["a": [["c": 2, "d": 1]], "b": 1]
        #expect(one.canonical() == other.canonical())
        #expect(text(one.canonical()) == #"{"a":[{"c":2,"d":1}],"b":1}"#)
    }

    @Test func canonicalFormIsTheSameValue() throws {
        let value: JSONValue = ["s": "\u{1}\n\u{7F}é😀\"\\/", "\"k\"": .integer(.min), "d": .double(0.1), "l": [[], [:], false, .null]]
        let text = value.canonical()
        let again = try JSONDocument(text, bounds: .init(size: 1000, depth: 8)).value
        #expect(again.canonical() == text && again["s"] == value["s"] && again["d"] == value["d"] && again["l"] == value["l"])
        #expect(String(decoding: text, as: UTF8.self).contains(#""\u0001\u000a"#))
    }

    @Test func whatIsWrittenIsReadBack() throws {
        let value: JSONValue = ["s": "\u{1}é😀\"\\", "n": .integer(.min), "d": .double(0.1), "l": [[], [:], false]]
        for pretty in [false, true] {
            #expect(try JSONDocument(value.encoded(pretty: pretty), bounds: .init(size: 1000, depth: 8)).value == value)
        }
    }
}
