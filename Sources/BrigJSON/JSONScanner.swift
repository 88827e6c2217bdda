/// Walks a JSON text without making values: finds what json-c tolerates, and where things are. Keeps its own stack, so depth costs no call stack.
struct JSONScanner {
    /// What is wrong, and at which byte.
    struct Fault: Error {
        let offset: Int
        let message: String
    }

    /// A list or object that is being read.
    private struct Level {
        let isObject: Bool
        /// Which element a list is at.
        var index = 0
        /// The bytes between the quotes of the name of the member that an object is at; nil before the first.
        var name: Range<Int>?
    }

    let bytes: [UInt8]
    private let maximumDepth: Int
    var offset = 0
    private var levels: [Level] = []
    /// Members of all objects so far.
    private(set) var memberCount = 0
    /// Notes where things are, if given.
    var recorder: JSONPlaces.Recorder?

    init(_ bytes: [UInt8], maximumDepth: Int) {
        self.bytes = bytes
        self.maximumDepth = maximumDepth
    }

    /// JSON pointer of the value that is being read.
    var pointer: String {
        var pointer = ""
        for level in levels {
            if !level.isObject {
                pointer = pointer.appending(element: level.index)
            } else if let name = level.name {
                pointer = pointer.appending(member: JSONDocument.unescaped(bytes[name]))
            }
        }
        return pointer
    }

    /// The whole text: one value and white space around it.
    mutating func scan() throws(Fault) {
        try refuseForeignEncoding()
        var nameOffset: Int?
        repeat {
            skipSpace()
            if recorder != nil {
                let pointer = pointer
                recorder?.note(pointer, value: offset, name: nameOffset)
            }
            // A value begins: step into a list or object, or over anything else and all that ends behind it.
            if try entersLevel() {
                nameOffset = levels[levels.count - 1].isObject ? try memberName() : nil
            } else {
                nameOffset = try nextElement()
            }
        } while !levels.isEmpty
        skipSpace()
        if offset < bytes.count { throw Fault(offset: offset, message: "unexpected \(found) after the end of the JSON value") }
    }

    /// Enters a list or object that has an element and returns true; or steps over a plain value, an empty list or an empty object.
    private mutating func entersLevel() throws(Fault) -> Bool {
        switch current {
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            let isObject = current == UInt8(ascii: "{")
            guard levels.count < maximumDepth else { throw Fault(offset: offset, message: "nested deeper than \(maximumDepth) levels") }
            offset += 1
            skipSpace()
            if current == (isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) {
                offset += 1
                return false
            }
            levels.append(Level(isObject: isObject))
            return true
        case UInt8(ascii: "\""): _ = try scanString()
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): try scanNumber()
        case UInt8(ascii: "t"): try scanWord("true")
        case UInt8(ascii: "f"): try scanWord("false")
        case UInt8(ascii: "n"): try scanWord("null")
        default: throw Fault(offset: offset, message: "expected a value, found \(found)")
        }
        return false
    }

    /// After a value: leaves every list and object that ends here, then steps over a comma. Returns where the next member's name is, in an object.
    private mutating func nextElement() throws(Fault) -> Int? {
        while let level = levels.last {
            skipSpace()
            let closing = level.isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")
            switch current {
            case closing:
                offset += 1
                levels.removeLast()
            case UInt8(ascii: ","):
                offset += 1
                levels[levels.count - 1].index += 1
                return level.isObject ? try memberName() : nil
            default: throw Fault(offset: offset, message: "expected \",\" or \"\(Character(Unicode.Scalar(closing)))\", found \(found)")
            }
        }
        return nil
    }

    /// A member's name and the colon after it. Returns where the name begins.
    private mutating func memberName() throws(Fault) -> Int {
        skipSpace()
        let start = offset
        guard current == UInt8(ascii: "\"") else { throw Fault(offset: offset, message: "expected a name in double quotes, found \(found)") }
        let name = try scanString()
        levels[levels.count - 1].name = name
        // json-c keeps names as C strings and would cut this one off.
        if bytes[name].contains(UInt8(ascii: "\\")), JSONDocument.unescaped(bytes[name]).utf8.contains(0) { throw Fault(offset: start, message: "a name with U+0000 in it") }
        memberCount += 1
        skipSpace()
        guard current == UInt8(ascii: ":") else { throw Fault(offset: offset, message: "expected \":\", found \(found)") }
        offset += 1
        return start
    }
}
