/// A number of bytes. Written with a binary unit (`256MiB`) where people read it.
public struct ByteCount: Sendable, Hashable, Comparable, CustomStringConvertible {
    public let bytes: UInt64

    public init(_ bytes: UInt64) { self.bytes = bytes }

    /// Units of the text form, largest first. Powers of 1024, as in IEC 80000-13.
    private static let units: [(name: String, shift: UInt64)] = [("TiB", 40), ("GiB", 30), ("MiB", 20), ("KiB", 10)]

    /// Reads `NUMBER` or `NUMBER` with `B`, `KiB`, `MiB`, `GiB`, `TiB`; nothing else (no fractions, no spaces, no decimal units). Nil where it
    /// is anything else or above 2^63 - 1.
    public init?(_ text: String) {
        let digits = text.prefix { $0 >= "0" && $0 <= "9" }
        guard !digits.isEmpty, digits.utf8.count <= 19, let number = UInt64(digits) else { return nil }
        let unit = text[digits.endIndex...]
        let shift: UInt64
        if unit.isEmpty || unit == "B" {
            shift = 0
        } else if let known = Self.units.first(where: { $0.name == unit }) {
            shift = known.shift
        } else {
            return nil
        }
        guard number <= UInt64(Int64.max) >> shift else { return nil }
        self.bytes = number << shift
    }

    public var description: String {
        for unit in Self.units where bytes != 0 && bytes & ((1 << unit.shift) - 1) == 0 { return "\(bytes >> unit.shift)\(unit.name)" }
        return "\(bytes)"
    }

    public static func < (a: ByteCount, b: ByteCount) -> Bool { a.bytes < b.bytes }
}
