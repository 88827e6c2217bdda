internal import BrigSystem
internal import Glibc

/// Digests of files' contents that were taken while the files were written, so that nobody opens them again: by the number of the inode. Files with
/// extended attributes are not in it.
///
/// Of bounded size: a file that is not in it is read. So is everything once a file of the tree has been removed, whose number may come again.
struct ContentTable {
    private var inodes: [ino_t] = []
    private var digests: [UInt8] = []
    private var isClosed = false
    /// Files whose digests are kept, at 40 bytes each.
    static let ceiling = 200_000

    mutating func add(_ digest: [UInt8], of inode: ino_t) {
        guard !isClosed, inodes.count < Self.ceiling else { return }
        inodes.append(inode)
        digests += digest
    }

    /// A file was removed: numbers no longer say which file is meant.
    mutating func close() { self = ContentTable(closed: true) }

    init() {}

    private init(closed: Bool) { isClosed = closed }

    /// The table ready for looking up.
    func sorted() -> Sorted {
        Sorted(order: inodes.indices.map { UInt32($0) }.sorted { inodes[Int($0)] < inodes[Int($1)] }, table: self)
    }

    struct Sorted {
        fileprivate let order: [UInt32]
        fileprivate let table: ContentTable

        /// Of nothing.
        init() { (order, table) = ([], ContentTable()) }

        fileprivate init(order: [UInt32], table: ContentTable) { (self.order, self.table) = (order, table) }

        /// The 32 bytes of the digest; nil where it was not taken.
        func digest(of inode: ino_t) -> ArraySlice<UInt8>? {
            var (low, high) = (0, order.count)
            while low < high {
                let middle = (low + high) / 2
                if table.inodes[Int(order[middle])] < inode { low = middle + 1 } else { high = middle }
            }
            guard low < order.count, table.inodes[Int(order[low])] == inode else { return nil }
            let start = Int(order[low]) * SHA256.size
            return table.digests[start..<start + SHA256.size]
        }
    }
}
