/// The values of a call's six arguments for which some of their bits are fixed: `argument & mask == value` for each. The sets in which all that a
/// filter can ask about arguments is written without loss: comparisons become unions of them.
public struct ArgumentSet: Sendable, Hashable {
    /// Of arguments 0 to 5; the two lanes above are zero.
    public let mask: SIMD8<UInt64>
    /// No bit is set outside of `mask`.
    public let value: SIMD8<UInt64>

    /// All arguments.
    public static let all = ArgumentSet(mask: .zero, value: .zero)

    private init(mask: SIMD8<UInt64>, value: SIMD8<UInt64>) {
        self.mask = mask
        self.value = value
    }

    /// One argument's bits fixed; nil where `value` has bits outside of `mask`, as no argument can have them.
    init?(index: Int, mask: UInt64, value: UInt64) {
        guard value & ~mask == 0 else { return nil }
        var masks = SIMD8<UInt64>.zero, values = SIMD8<UInt64>.zero
        masks[index] = mask
        values[index] = value
        self.init(mask: masks, value: values)
    }

    /// What is in both; nil where nothing is.
    func intersection(_ other: ArgumentSet) -> ArgumentSet? {
        if ((value ^ other.value) & mask & other.mask) != .zero { return nil }
        return ArgumentSet(mask: mask | other.mask, value: value | other.value)
    }

    func contains(_ arguments: [UInt64]) -> Bool { (0..<6).allSatisfy { arguments[$0] & mask[$0] == value[$0] } }

    /// What is in this set and not in the other, in parts that have nothing in common: the other's bits are fixed one after the other, the last of
    /// them to the opposite.
    func subtracting(_ other: ArgumentSet) -> [ArgumentSet] {
        guard intersection(other) != nil else { return [self] }
        var parts: [ArgumentSet] = []
        var rest = self
        for index in 0..<6 {
            var open = other.mask[index] & ~mask[index]
            while open != 0 {
                let bit = 1 << UInt64(63 - open.leadingZeroBitCount) as UInt64
                open &= ~bit
                var masks = rest.mask, values = rest.value
                masks[index] |= bit
                values[index] |= ~other.value[index] & bit
                parts.append(ArgumentSet(mask: masks, value: values))
                values[index] = rest.value[index] | other.value[index] & bit
                rest = ArgumentSet(mask: masks, value: values)
            }
        }
        return parts
    }
}
