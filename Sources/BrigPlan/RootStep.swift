/// One step of building a job's root; see `struct brig_step` for what the child makes of it.
public struct RootStep: Sendable, Equatable {
    public enum Action: Sendable, Equatable {
        /// A directory with this mode.
        case directory(mode: UInt32)
        case symbolicLink(String)
        /// A file or directory of the host.
        case bind(Source)
        /// A directory of the scratch tree.
        case scratch(String)
        case fileSystem(type: String, options: [String])
        case overlay(options: [String])
        case mask
        case readOnly
    }

    /// Where a bind's tree comes from.
    public enum Source: Sendable, Equatable {
        /// The child opens it itself, with the account's rights (for root: those of nobody in particular).
        case host(String)
        /// The launcher opens it, with its own rights. Ids: where it can, the owner of the file becomes the job's user.
        case opened(String)
        /// The launcher opens it, and its ids become those inside the job's user namespace.
        case image(String)

        public var path: String {
            switch self {
            case .host(let path), .opened(let path), .image(let path): path
            }
        }
    }

    public struct Flags: OptionSet, Sendable {
        public let rawValue: UInt32
        public init(rawValue: UInt32) { self.rawValue = rawValue }
        public static let optional = Flags(rawValue: 1)
        public static let create = Flags(rawValue: 2)
        public static let sourceIsFile = Flags(rawValue: 4)
        public static let inScratch = Flags(rawValue: 8)
        public static let owned = Flags(rawValue: 16)
        public static let isRoot = Flags(rawValue: 32)
        public static let ofPolicy = Flags(rawValue: 64)
    }

    /// MOUNT_ATTR_* (linux/mount.h)
    public struct Attributes: OptionSet, Sendable {
        public let rawValue: UInt64
        public init(rawValue: UInt64) { self.rawValue = rawValue }
        public static let readOnly = Attributes(rawValue: 1)
        public static let noSetID = Attributes(rawValue: 2)
        public static let noDevices = Attributes(rawValue: 4)
        public static let noExecution = Attributes(rawValue: 8)
    }

    public var action: Action
    /// Without a leading slash.
    public var target: String
    public var flags: Flags
    public var attributes: Attributes
    /// The file that a bind's path must still lead to when the child opens it.
    public var identity: FileIdentity?

    public init(_ action: Action, _ target: String, flags: Flags = [], attributes: Attributes = []) {
        self.action = action
        self.target = target
        self.flags = flags
        self.attributes = attributes
    }

    /// For messages: what the step was about.
    public var summary: String {
        switch action {
        case .directory: "directory /\(target)"
        case .symbolicLink(let text): "link /\(target) -> \(text)"
        case .bind(let source): "bind \(source.path) at /\(target)"
        case .scratch: "scratch directory at /\(target)"
        case .fileSystem(let type, _): "\(type) at /\(target)"
        case .overlay: "overlay as the root"
        case .mask: "mask over /\(target)"
        case .readOnly: "read-only /\(target)"
        }
    }
}
