/// Calls of one number, by their arguments: a union of sets. Exact, not sampled: whether it is empty or lies within another is decided.
public struct Region: Sendable, Equatable {
    public private(set) var parts: [ArgumentSet]

    /// Rules whose arguments cannot be told apart in this many parts are not compared.
    static let maximumParts = 4096

    /// More parts than `maximumParts`.
    struct TooLarge: Error {}

    static let empty = Region(parts: [])
    public static let all = Region(parts: [.all])

    public var isEmpty: Bool { parts.isEmpty }

    private init(parts: [ArgumentSet]) { self.parts = parts }

    /// Where all of the conditions hold.
    init(_ conditions: [SystemCallPolicy.Condition]) throws(TooLarge) {
        self = .all
        for condition in conditions { self = try intersection(Region(condition)) }
    }

    /// Where one condition holds: a comparison by size is one set for each bit at which the value can be passed.
    private init(_ condition: SystemCallPolicy.Condition) {
        let index = Int(condition.index)
        let width: UInt64 = condition.isWord ? 0xFFFF_FFFF : .max
        let value = condition.value & width
        let equal = ArgumentSet(index: index, mask: width, value: value).map { [$0] } ?? []
        parts =
            switch condition.comparison {
            case .equal: equal
            case .notEqual: ArgumentSet.all.subtracting(equal[0])
            case .maskedEqual: ArgumentSet(index: index, mask: condition.mask & width, value: value).map { [$0] } ?? []
            case .less: Self.apart(from: value, width, index, above: false)
            case .lessOrEqual: Self.apart(from: value, width, index, above: false) + equal
            case .greater: Self.apart(from: value, width, index, above: true)
            case .greaterOrEqual: Self.apart(from: value, width, index, above: true) + equal
            }
    }

    /// The values above or below one: equal in the bits before some bit, and the other way round in it.
    private static func apart(from value: UInt64, _ width: UInt64, _ index: Int, above: Bool) -> [ArgumentSet] {
        (0..<64).compactMap { position in
            let bit = 1 << UInt64(position) as UInt64
            guard width & bit != 0, (value & bit == 0) == above else { return nil }
            let mask = width & ~(bit - 1)
            return ArgumentSet(index: index, mask: mask, value: (value ^ bit) & mask)
        }
    }

    // MARK: Operations

    func intersection(_ other: Region) throws(TooLarge) -> Region {
        guard parts.count * other.parts.count <= 16 * Self.maximumParts else { throw TooLarge() }
        return try Region(parts: parts.flatMap { part in other.parts.compactMap { part.intersection($0) } }).bounded()
    }

    func union(_ other: Region) throws(TooLarge) -> Region {
        try Region(parts: parts + other.subtracting(self).parts).bounded()
    }

    func subtracting(_ other: Region) throws(TooLarge) -> Region {
        var rest = self
        for part in other.parts {
            guard rest.parts.count <= Self.maximumParts else { throw TooLarge() }
            rest = Region(parts: rest.parts.flatMap { $0.subtracting(part) })
        }
        return try rest.bounded()
    }

    /// The union of regions that have nothing in common.
    func joined(_ other: Region) -> Region { Region(parts: parts + other.parts) }

    private func bounded() throws(TooLarge) -> Region {
        if parts.count > Self.maximumParts { throw TooLarge() }
        return self
    }
}
