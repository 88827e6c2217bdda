/// Which arguments of which calls are kept, by number in the machine's own ABI.
public struct ArgumentSelection: Sendable, Equatable {
    /// Calls above this are counted without their arguments.
    public static let callCount = 512

    /// For each call: bits 0 to 5 the arguments that are kept, bits 8 to 13 those of them that count with their low 32 bits only.
    public private(set) var words = [UInt16](repeating: 0, count: callCount)

    public init() {}

    /// - Parameter index: 0 to 5
    public mutating func keep(_ index: Int, of number: UInt32, isWord: Bool) {
        guard number < Self.callCount, 0..<6 ~= index else { return }
        words[Int(number)] |= 1 << UInt16(index) | (isWord ? 1 << UInt16(index + 8) : 0)
    }

    public func keeps(_ index: Int, of number: UInt32) -> Bool { number < Self.callCount && words[Int(number)] >> UInt16(index) & 1 == 1 }

    /// Whether any argument of a call is kept.
    public func isKept(_ number: UInt32) -> Bool { number < Self.callCount && words[Int(number)] != 0 }

    /// What is kept of a call's registers; zeros for the rest.
    public func kept(_ arguments: [UInt64], of number: UInt32) -> [UInt64] {
        let word = number < Self.callCount ? words[Int(number)] : 0
        return (0..<6).map { index in
            if word >> UInt16(index) & 1 == 0 { return 0 }
            return word >> UInt16(index + 8) & 1 == 1 ? arguments[index] & 0xffff_ffff : arguments[index]
        }
    }

    var bytes: [UInt8] { words.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8(truncatingIfNeeded: $0 >> 8)] } }
}
