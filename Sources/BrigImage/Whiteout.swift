/// What a name that begins with `.wh.` says about the layers below (OCI image specification, "Image Layer Filesystem Changeset").
enum Whiteout: Equatable {
    /// The named sibling is deleted.
    case deleted([UInt8])
    /// Everything that the lower layers have in this directory is hidden.
    case opaque
    /// A remark of AUFS, which means nothing elsewhere.
    case remark

    static let prefix = Array(".wh.".utf8)
    static let opaqueName = Array(".wh..wh..opq".utf8)
    private static let remarkPrefix = Array(".wh..wh.".utf8)

    /// Nil for an ordinary name.
    ///
    /// - Throws: ``ImageError/Code/unsafePath`` where the name that it deletes is empty, `.` or `..`.
    init?(name: [UInt8]) throws(ImageError) {
        guard name.starts(with: Self.prefix) else { return nil }
        if name == Self.opaqueName {
            self = .opaque
        } else if name.starts(with: Self.remarkPrefix) {
            self = .remark
        } else {
            let target = Array(name.dropFirst(Self.prefix.count))
            guard !target.isEmpty, target != Array(".".utf8), target != Array("..".utf8) else { throw ImageError(.unsafePath, "whiteout \(quoted(name)) names no entry") }
            self = .deleted(target)
        }
    }
}

/// The extended attribute that makes a directory opaque to overlayfs when it is mounted with `userxattr`.
let opaqueAttribute = (name: "user.overlay.opaque", value: UInt8(ascii: "y"))
