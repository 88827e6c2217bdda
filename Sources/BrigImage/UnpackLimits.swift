public import BrigSystem

/// Ceilings on what an image may hold; reaching one is an error, and nothing of the image is left behind.
public struct UnpackLimits: Sendable, Equatable {
    /// Bytes of one layer's archive after decompression; a sparse file counts with its full length.
    public var layerBytes = ByteCount(32 << 30)
    /// Bytes of all layers of one image after decompression.
    public var imageBytes = ByteCount(64 << 30)
    /// How many bytes may come out of one compressed byte, once more than 64 MiB came out. Zeros compress by about 1000 with gzip.
    public var ratio = 400
    /// Entries of one archive.
    public var entries = 1_000_000
    /// Components of a path.
    public var depth = 128
    /// Bytes of a path; of a component always 255.
    public var pathLength = 4095
    /// Bytes of a manifest, an index or a configuration.
    public var documentBytes = 4 << 20
    /// Nesting of a manifest, an index or a configuration.
    public var documentDepth = 32
    /// Layers of an image. overlayfs stacks at most 500.
    public var layers = 250
    /// Images in one source.
    public var images = 64
    /// Bytes of one extended attribute, and of all of one file.
    public var attributeBytes = 65536
    /// Seconds until an import is ended, whatever it is doing.
    public var seconds = 3600

    public init() {}
}
