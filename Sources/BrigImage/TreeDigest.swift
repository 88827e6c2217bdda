internal import BrigSystem
internal import Glibc

/// The digest of an unpacked tree: of everything in it that a job could see (names, types, modes, owners, times, links, attributes, content).
/// It is taken from the file system after unpacking, so that `verify` compares the same thing with itself.
enum TreeDigest {
    /// - Parameter known: contents whose digests were taken already
    static func compute(_ root: Int32, limits: UnpackLimits, known: ContentTable.Sorted = .init()) throws(ImageError) -> Digest {
        var hash = SHA256()
        var buffer = [UInt8](repeating: 0, count: 256 << 10)
        try TreeWalk(limits: limits, opens: { known.digest(of: $0.st_ino) == nil }).visit(root) { (node) throws(ImageError) in
            var record: [UInt8] = []
            append(node.path.bytes, to: &record)
            let status = node.status
            append(UInt64(status.st_mode), to: &record)
            append(UInt64(status.st_uid) << 32 | UInt64(status.st_gid), to: &record)
            append(UInt64(bitPattern: Int64(status.st_mtim.tv_sec)), to: &record)
            append(UInt64(status.st_mtim.tv_nsec), to: &record)
            append(UInt64(status.st_rdev), to: &record)
            for (name, value) in try node.userAttributes() {
                append(name.map { UInt8(bitPattern: $0) }, to: &record)
                append(value, to: &record)
            }
            if node.kind == S_IFLNK { append(try node.linkTarget(), to: &record) }
            if node.kind == S_IFREG {
                append(UInt64(status.st_size), to: &record)
                append(UInt64(status.st_nlink), to: &record)
                if let file = node.content {
                    append(try content(file, node.path, &buffer), to: &record)
                } else if let digest = known.digest(of: status.st_ino) {
                    append(Array(digest), to: &record)
                }
            }
            hash.update(record)
        }
        return Digest(finishing: hash)
    }

    private static func content(_ file: Int32, _ path: EntryPath, _ buffer: inout [UInt8]) throws(ImageError) -> [UInt8] {
        var hash = SHA256()
        while true {
            let count = try attempt("read", path.text) { unsafe buffer.withUnsafeMutableBytes { unsafe read(file, $0.baseAddress, $0.count) } }
            if count == 0 { return hash.finish() }
            unsafe buffer.withUnsafeBytes { unsafe hash.update(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
        }
    }

    /// With the length before it, so that no two records have the same bytes.
    private static func append(_ bytes: [UInt8], to record: inout [UInt8]) {
        append(UInt64(bytes.count), to: &record)
        record += bytes
    }

    private static func append(_ number: UInt64, to record: inout [UInt8]) {
        for shift in stride(from: 0, to: 64, by: 8) { record.append(UInt8(truncatingIfNeeded: number >> UInt64(shift))) }
    }
}
