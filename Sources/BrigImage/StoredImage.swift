/// An image in the store, as a launcher needs it.
public struct StoredImage: Sendable {
    /// The digest of the configuration: the image's id.
    public let id: Digest
    /// Names that point to it, sorted.
    public let names: [String]
    /// Layer directories, bottom to top, as absolute paths. Empty for an image without content: nothing can run in it.
    ///
    /// A layer is a plain directory. What it takes away from the layers below is in overlayfs's own form: a deleted name is a character
    /// device 0:0, an opaque directory has the extended attribute `user.overlay.opaque` = `y`. Stack them with the mount option `userxattr`.
    /// A layer on its own (``StoredLayer/hidesOthers`` false) needs no overlayfs.
    public let layers: [StoredLayer]
    public let config: ImageConfig
    /// Bytes of all layers' files.
    public var bytes: UInt64 { layers.reduce(0) { $0 + $1.summary.bytes } }
}

/// One unpacked layer.
public struct StoredLayer: Sendable {
    /// The digest of the uncompressed archive that it was unpacked from.
    public let diffID: Digest
    /// The directory with the layer's files.
    public let path: String
    public let summary: LayerSummary
    /// It holds whiteouts or opaque directories, which only overlayfs understands.
    public var hidesOthers: Bool { summary.whiteouts + summary.opaqueDirectories > 0 }
}
