/// Which ids of the host stand for which ids inside a job's user namespace (user_namespaces(7)).
public struct IDMap: Sendable, Equatable {
    public struct Range: Sendable, Equatable {
        public let inside: UInt32
        public let outside: UInt32
        public let count: UInt32

        public init(inside: UInt32, outside: UInt32, count: UInt32) {
            self.inside = inside
            self.outside = outside
            self.count = count
        }
    }

    /// Ids that a job has where the account can give it that many.
    public static let size: UInt32 = 65536
    /// The first host id of root's jobs: systemd's table of ids leaves 1879048192 to 2147352575 to nobody, 4,094 ranges of 65536.
    public static let firstOutside: UInt32 = 1_879_048_192
    public static let slots: UInt32 = 4094

    public let ranges: [Range]

    public init(ranges: [Range]) { self.ranges = ranges.filter { $0.count > 0 } }

    /// For root: a range of the job's own.
    public static func ofSlot(_ slot: UInt32) -> IDMap {
        IDMap(ranges: [Range(inside: 0, outside: firstOutside + slot * size, count: size)])
    }

    /// For an account without subordinate ids: the job's id is the account's own, and there is no other.
    public static func single(inside: UInt32, outside: UInt32) -> IDMap {
        IDMap(ranges: [Range(inside: inside, outside: outside, count: 1)])
    }

    /// For an account with subordinate ids: the job's id is the account's own, so that the account's files are the job's; all others are
    /// subordinate.
    public static func subordinate(inside: UInt32, outside: UInt32, first: UInt32, count: UInt32) -> IDMap {
        let available = min(count, size - 1)
        let below = min(inside, available)
        return IDMap(ranges: [
            Range(inside: 0, outside: first, count: below),
            Range(inside: inside, outside: outside, count: 1),
            Range(inside: inside + 1, outside: first + below, count: available - below),
        ])
    }

    /// The host's id for one inside; nil where it is not mapped.
    public func outside(_ inside: UInt32) -> UInt32? {
        for range in ranges where inside >= range.inside && inside - range.inside < range.count { return range.outside + (inside - range.inside) }
        return nil
    }

    /// As /proc/PID/uid_map takes it.
    public var text: String { ranges.map { "\($0.inside) \($0.outside) \($0.count)\n" }.joined() }
}
