internal import BrigJSON
internal import BrigSystem

/// Makes the parts of a `Policy` out of a merged document and collects what is wrong with it. Every read gives a value even for a faulty field, so
/// that one pass finds all faults; the values are used only if there are none.
///
/// Pointers are passed as closures: without a fault no text is made for one.
struct PolicyDecoder {
    /// A fault, by the pointer of the value it is about.
    struct Fault: Equatable {
        let pointer: String
        let message: String
        /// It is about the member's name, not its value.
        let isAboutName: Bool
    }

    private(set) var faults: [Fault] = []
    private(set) var omittedCount = 0
    /// What is no fault and has no effect, for `brig policy lint`.
    private(set) var notes: [Fault] = []

    mutating func fail(_ pointer: String, _ message: @autoclosure () -> String, isAboutName: Bool = false) {
        guard faults.count < PolicyError.maximumCount else {
            omittedCount += 1
            return
        }
        let fault = Fault(pointer: pointer, message: message(), isAboutName: isAboutName)
        // A rule's conditions are read once for each of its names.
        if faults.last != fault { faults.append(fault) }
    }

    /// What each entry says of each call, noted only where somebody asks: a launch does not.
    private(set) var statements: [Statement]?

    /// - Parameter notesStatements: fills `statements`
    init(notesStatements: Bool = false) { statements = notesStatements ? [] : nil }

    mutating func state(_ number: UInt32, _ action: SystemCallPolicy.Action, _ pointer: @autoclosure () -> String, _ conditions: [SystemCallPolicy.Condition] = [], isGroup: Bool = false) {
        if statements == nil { return }
        statements?.append(Statement(rule: .init(number: number, action: action, conditions: conditions), pointer: pointer(), isGroup: isGroup))
    }

    mutating func note(_ pointer: String, _ message: String) { notes.append(Fault(pointer: pointer, message: message, isAboutName: false)) }

    /// `expected … , found …`
    mutating func mismatch(_ pointer: String, expected: String, found: JSONValue) {
        fail(pointer, "expected \(expected), found \(Self.show(found))")
    }

    /// A value as messages show it: plain values as they were written, at most 60 bytes; lists and objects by their kind.
    static func show(_ value: JSONValue) -> String {
        switch value {
        case .array, .object: return value.kind
        default:
            let text = value.encoded(pretty: false)
            return text.count <= 60 ? String(decoding: text, as: UTF8.self) : String(decoding: text.prefix(60), as: UTF8.self) + "…"
        }
    }

    /// An object whose members are all known ones.
    mutating func section(_ value: JSONValue?, _ place: Pointer, known: [String]) -> Section {
        guard let value else { return Section(place: place, members: []) }
        guard case .object(let members) = value else {
            mismatch(place.text, expected: "an object", found: value)
            return Section(place: place, members: [])
        }
        let section = Section(place: place, members: members)
        for member in members where !known.contains(member.name) {
            fail(section.pointer(to: member.name), "unknown field \(Self.show(.string(member.name)))\(Suggestion.text(for: member.name, among: known))", isAboutName: true)
        }
        return section
    }

    /// The elements of a list; none where it is missing.
    mutating func list(_ section: Section, _ name: String) -> [JSONValue] {
        guard let value = section[name] else { return [] }
        guard case .array(let elements) = value else {
            mismatch(section.pointer(to: name), expected: "a list", found: value)
            return []
        }
        return elements
    }

    // MARK: - Plain values

    mutating func flag(_ section: Section, _ name: String, default standard: Bool) -> Bool {
        guard let value = section[name] else { return standard }
        guard case .bool(let flag) = value else {
            mismatch(section.pointer(to: name), expected: "true or false", found: value)
            return standard
        }
        return flag
    }

    /// A text without control characters, of `length` bytes.
    mutating func text(_ value: JSONValue, _ pointer: @autoclosure () -> String, expected: String, length: ClosedRange<Int> = 1...4096) -> String? {
        guard case .string(let text) = value else {
            mismatch(pointer(), expected: expected, found: value)
            return nil
        }
        if text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) {
            fail(pointer(), "expected \(expected), found control characters in \(Self.show(value))")
            return nil
        }
        if !length.contains(text.utf8.count) {
            let bound = text.utf8.count < length.lowerBound ? "at least \(length.lowerBound)" : "at most \(length.upperBound)"
            fail(pointer(), "expected \(expected) of \(bound) bytes, found \(text.utf8.count)")
            return nil
        }
        return text
    }

    mutating func text(_ section: Section, _ name: String, expected: String = "a string", length: ClosedRange<Int> = 1...4096) -> String? {
        guard let value = section[name] else { return nil }
        return text(value, section.pointer(to: name), expected: expected, length: length)
    }

    /// One of a few words.
    mutating func choice<Word: RawRepresentable & CaseIterable>(_ section: Section, _ name: String, default standard: Word) -> Word where Word.RawValue == String {
        guard let value = section[name] else { return standard }
        if case .string(let text) = value, let word = Word(rawValue: text) { return word }
        let words = Word.allCases.map { "\"\($0.rawValue)\"" }
        var suggestion = ""
        if case .string(let text) = value { suggestion = Suggestion.text(for: text, among: Word.allCases.map(\.rawValue)) }
        fail(section.pointer(to: name), "expected \(words.joined(separator: " or ")), found \(Self.show(value))\(suggestion)")
        return standard
    }

    /// A plain integer in a range.
    mutating func count(_ value: JSONValue, _ pointer: @autoclosure () -> String, in range: ClosedRange<UInt64>) -> UInt64? {
        guard case .integer(let number) = value, let count = UInt64(exactly: number), range.contains(count) else {
            mismatch(pointer(), expected: "an integer from \(range.lowerBound) to \(range.upperBound)", found: value)
            return nil
        }
        return count
    }

    mutating func count(_ section: Section, _ name: String, in range: ClosedRange<UInt64>) -> UInt64? {
        guard let value = section[name] else { return nil }
        return count(value, section.pointer(to: name), in: range)
    }

    /// A size: a string with a binary unit or a plain integer of bytes.
    mutating func size(_ value: JSONValue, _ pointer: @autoclosure () -> String, atLeast least: UInt64 = 0, atMost most: UInt64 = UInt64(Int64.max)) -> ByteCount? {
        let size: ByteCount?
        switch value {
        case .integer(let number): size = UInt64(exactly: number).map { ByteCount($0) }
        case .string(let text): size = ByteCount(text)
        default: size = nil
        }
        guard let size else {
            mismatch(pointer(), expected: "a size such as \"256MiB\" (KiB, MiB, GiB, TiB) or a number of bytes", found: value)
            return nil
        }
        guard least...most ~= size.bytes else {
            mismatch(pointer(), expected: "a size from \(ByteCount(least)) to \(ByteCount(most))", found: value)
            return nil
        }
        return size
    }

    mutating func size(_ section: Section, _ name: String, atLeast least: UInt64 = 0, atMost most: UInt64 = UInt64(Int64.max)) -> ByteCount? {
        guard let value = section[name] else { return nil }
        return size(value, section.pointer(to: name), atLeast: least, atMost: most)
    }

    /// A time of at least a millisecond and at most a year.
    mutating func time(_ value: JSONValue, _ pointer: @autoclosure () -> String) -> Duration? {
        guard case .string(let text) = value, let time = Duration(policyText: text), .milliseconds(1)...(.seconds(366 * 86_400)) ~= time else {
            mismatch(pointer(), expected: "a time such as \"30s\" or \"500ms\" (ms, s, min, h), at least 1ms", found: value)
            return nil
        }
        return time
    }

    /// An absolute path in its plain form: no empty, `.` or `..` component.
    mutating func absolutePath(_ section: Section, _ name: String) -> String? {
        guard let value = section[name], let path = text(value, section.pointer(to: name), expected: "an absolute path") else { return nil }
        let isPlain =
            path == "/"
            || path.utf8.first == UInt8(ascii: "/") && path.dropFirst().split(separator: "/", omittingEmptySubsequences: false).allSatisfy { !["", ".", ".."].contains($0) }
        guard isPlain else {
            mismatch(section.pointer(to: name), expected: "an absolute path without \".\", \"..\" and \"//\"", found: value)
            return nil
        }
        return path
    }

    // MARK: - Demands

    /// A limit: its value, or `{"value": …, "required": …}`. Nil where it is missing or faulty.
    mutating func demand<Value>(_ section: Section, _ name: String, _ read: (inout PolicyDecoder, JSONValue, @autoclosure () -> String) -> Value?) -> Demand<Value>? {
        guard let value = section[name] else { return nil }
        guard case .object = value else { return read(&self, value, section.pointer(to: name)).map { Demand($0) } }
        let inner = self.section(value, Pointer(section.pointer(to: name)), known: PolicyFields.demand)
        let isRequired = flag(inner, "required", default: true)
        guard let plain = inner["value"] else {
            fail(inner.pointer, "missing field \"value\"")
            return nil
        }
        return read(&self, plain, inner.pointer(to: "value")).map { Demand($0, isRequired: isRequired) }
    }
}

extension Duration {
    /// Reads a whole number with `ms`, `s`, `min` or `h`; nil for anything else.
    init?(policyText text: String) {
        let digits = text.utf8.prefix { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }
        guard 1...12 ~= digits.count, let number = Int64(Substring(digits)) else { return nil }
        switch text[digits.endIndex...] {
        case "ms": self = .milliseconds(number)
        case "s": self = .seconds(number)
        case "min": self = .seconds(number * 60)
        case "h": self = .seconds(number * 3600)
        default: return nil
        }
    }
}
