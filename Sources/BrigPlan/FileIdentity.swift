public import BrigSystem

/// Which file a path led to: device and inode. Meaningful as long as somebody holds the file open, since numbers of removed files are used again.
public struct FileIdentity: Sendable, Equatable {
    public let device: UInt64
    public let inode: UInt64

    public init(_ status: FileStatus) {
        device = status.device
        inode = status.inode
    }

    /// Major and minor number, as statx(2) gives them (gnu_dev_major(3)).
    var deviceNumbers: (major: UInt32, minor: UInt32) {
        (UInt32(truncatingIfNeeded: device >> 8 & 0xfff | device >> 32 & ~0xfff), UInt32(truncatingIfNeeded: device & 0xff | device >> 12 & ~0xff))
    }
}
