/// Why bytes are not the JSON that was asked for, and where.
public struct JSONError: Error, Sendable, Equatable, CustomStringConvertible {
    public let position: JSONPosition
    /// JSON pointer (RFC 6901) of the list, object or member that was being read; empty for the whole text.
    public let pointer: String
    /// One clause in lower case, with the thing found.
    public let message: String

    public init(at position: JSONPosition, pointer: String = "", _ message: String) {
        self.position = position
        self.pointer = pointer
        self.message = message
    }

    public var description: String { pointer.isEmpty ? "\(position): \(message)" : "\(position): \(pointer): \(message)" }
}

/// A place in a text: both count from 1, columns count characters (Unicode scalars).
public struct JSONPosition: Sendable, Equatable, CustomStringConvertible {
    public let line: Int
    public let column: Int

    public init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }

    public static let start = JSONPosition(line: 1, column: 1)

    /// The place of a byte. An offset at the end of the bytes is the place after the last character.
    init(of offset: Int, in bytes: [UInt8]) {
        var line = 1
        var start = 0
        let offset = min(offset, bytes.count)
        for index in 0..<offset where bytes[index] == UInt8(ascii: "\n") {
            line += 1
            start = index + 1
        }
        // Continuation bytes (10xxxxxx) belong to the character before them.
        self.init(line: line, column: bytes[start..<offset].count { $0 & 0xC0 != 0x80 } + 1)
    }

    public var description: String { "\(line):\(column)" }
}
