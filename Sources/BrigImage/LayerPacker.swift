internal import BrigSystem
internal import Glibc

/// Writes a directory as the archive of a layer: entries in the order of their names, whiteouts as the OCI specification writes them. The same
/// tree gives the same bytes.
struct LayerPacker {
    let limits: UnpackLimits
    /// What a layer of the store holds in overlayfs's form becomes whiteouts again; elsewhere such a device is a device, and left out.
    let readsWhiteouts: Bool

    func pack(_ root: Int32, to output: Int32, subject: String) throws(ImageError) {
        var writer = try ArchiveWriter(output, subject: subject)
        var links = Links()
        try TreeWalk(limits: limits).visit(root) { (node) throws(ImageError) in
            var header = try header(of: node)
            switch node.kind {
            case S_IFDIR:
                header.path = node.path.isRoot ? Array("./".utf8) : node.path.bytes + [UInt8(ascii: "/")]
                let isOpaque = readsWhiteouts && header.attributes.contains { $0.name.elementsEqual(opaqueAttribute.name.utf8CString) }
                header.attributes.removeAll { $0.name.map { UInt8(bitPattern: $0) }.starts(with: "user.overlay.".utf8) }
                try writer.begin(header)
                if isOpaque { try writer.begin(whiteout(node.path.child(Whiteout.opaqueName.map { CChar(bitPattern: $0) }[...]).bytes)) }
            case S_IFREG:
                if let first = links.first(of: node.status, path: node.path.bytes) {
                    header.hardTarget = first
                    header.size = 0
                    header.attributes = []
                    try writer.begin(header)
                } else if let file = node.content {
                    header.size = Int64(node.status.st_size)
                    try writer.begin(header)
                    try writer.copy(file, size: header.size, of: node.path.text)
                }
            case S_IFLNK:
                header.symbolicTarget = try node.linkTarget()
                try writer.begin(header)
            case S_IFCHR where readsWhiteouts && node.status.isWhiteout:
                try writer.begin(whiteout(node.path.sibling(Whiteout.prefix + node.path.nameBytes).bytes))
            default: break
            }
        }
        try writer.finish()
    }

    private func header(of node: TreeNode) throws(ImageError) -> ArchiveWriter.Header {
        ArchiveWriter.Header(
            path: node.path.bytes, kind: node.kind, permissions: node.status.st_mode & 0o7777, user: Int64(node.status.st_uid), group: Int64(node.status.st_gid),
            modified: node.status.st_mtim, attributes: try node.userAttributes())
    }

    private func whiteout(_ path: [UInt8]) -> ArchiveWriter.Header { ArchiveWriter.Header(path: path, permissions: 0) }

    /// Files with several names, by the first name that was met.
    private struct Links {
        private var paths: [ino_t: [UInt8]] = [:]

        /// The first name of a file that was met before; nil where this is it.
        mutating func first(of status: stat, path: [UInt8]) -> [UInt8]? {
            guard status.st_nlink > 1 else { return nil }
            if let first = paths[status.st_ino] { return first }
            paths[status.st_ino] = path
            return nil
        }
    }
}
