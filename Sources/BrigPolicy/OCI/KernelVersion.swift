/// The first two numbers of a kernel's release, by which profiles tell kernels apart.
public struct KernelVersion: Sendable, Equatable, Comparable, CustomStringConvertible {
    public let major: Int
    public let minor: Int

    public init(_ major: Int, _ minor: Int) {
        self.major = major
        self.minor = minor
    }

    /// Reads `4.8` and `6.12.30-amd64`; nil where it does not begin with two numbers and a dot.
    public init?(_ text: String) {
        let parts = text.split(separator: ".", maxSplits: 2, omittingEmptySubsequences: false)
        func number(_ part: Substring) -> Int? { part.utf8.first.map { 0x30...0x39 ~= $0 } == true ? Int(part.prefix { $0.isASCII && $0.isNumber }) : nil }
        guard parts.count >= 2, parts[0].allSatisfy(\.isNumber), let major = number(parts[0]), let minor = number(parts[1]) else { return nil }
        self.init(major, minor)
    }

    public static func < (a: KernelVersion, b: KernelVersion) -> Bool { (a.major, a.minor) < (b.major, b.minor) }

    public var description: String { "\(major).\(minor)" }
}
