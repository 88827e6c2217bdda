/// A SHA-256 digest as images write it: `sha256:` and 64 lower-case hexadecimal digits. There is no other value of this type, so its text is
/// safe as a file's name.
public struct Digest: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// The 64 digits.
    public let hex: String

    /// Reads the written form. Nil for another algorithm, another length, upper case, or anything with a path in it.
    public init?(_ text: some StringProtocol) {
        guard text.utf8.starts(with: "sha256:".utf8) else { return nil }
        self.init(hex: text.dropFirst(7))
    }

    /// Reads the digits alone.
    public init?(hex: some StringProtocol) {
        guard hex.utf8.count == 64, hex.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0) })
        else { return nil }
        self.hex = String(hex)
    }

    /// Digits that our own hash has just made.
    init(trusted hex: String) { self.hex = hex }

    public var description: String { "sha256:\(hex)" }

    public static func < (a: Digest, b: Digest) -> Bool { a.hex < b.hex }
}
