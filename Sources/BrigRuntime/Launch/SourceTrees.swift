internal import BrigPlan
internal import BrigReport
internal import BrigSystem
internal import CBrigLinux
internal import Glibc

/// The mount trees that the launcher opens for the child, with its own rights.
struct SourceTrees: ~Copyable {
    /// By step: a detached tree, or BRIG_SOURCE_FOLLOWS.
    private(set) var descriptors: [Int: Int32] = [:]
    /// Steps whose tree takes the ids of the job's namespace, which exists only later: their directories, in the steps' order.
    private var images: [(step: Int, tree: Int32)] = []
    private(set) var notes: [JobReport.Degradation] = []
    /// Sources that the child opens by their paths. Held, so that each inode stays that file's.
    private var pinned: [Int32] = []

    static let follows: Int32 = -2

    deinit {
        for descriptor in descriptors.values where descriptor >= 0 { _ = Glibc.close(descriptor) }
        for image in images { _ = Glibc.close(image.tree) }
        for source in pinned { _ = Glibc.close(source) }
    }

    /// Opens what the steps bind. As root a tree of its own for each, whose owner becomes the job's user. For other accounts the child opens it, with
    /// the same rights, and finds that very file or gives up: who can rename a directory above it cannot put another in its place.
    ///
    /// - Parameter file: what the image is, where it is a file and no directory
    init(_ root: inout RootPlan, file: ImageFile?, identity: JobIdentity) throws(LaunchError) {
        var guarded: GuardedPlaces?
        for (index, step) in root.steps.enumerated() {
            switch step.action {
            case .bind(.opened(let path)):
                let source = try Self.open(path)
                let status = try inStage("mounts") { () throws(SystemError) in try source.status() }
                if !step.attributes.contains(.readOnly) {
                    if guarded == nil { guarded = try inStage("mounts") { () throws(SystemError) in try GuardedPlaces() } }
                    try guarded?.check(path)
                }
                if status.kind != .directory { root.markFile(at: index) }
                if Host.isRoot { descriptors[index] = try tree(of: source, status, path, step.attributes, identity) } else { pin(source, status, &root, at: index) }
            case .bind(.image(let path)) where file?.path == path:
                if let file { images.append((index, try tree(of: file, path, step.attributes))) }
                descriptors[index] = Self.follows
            case .bind(.image(let path)):
                let source = try inStage("rootfs", hint: "the image must be a directory") { () throws(SystemError) in try FileDescriptor.open(path, [.path, .directory], resolve: .noSymbolicLinks) }
                if Host.isRoot {
                    images.append((index, try clone(source, path, step.attributes)))
                    descriptors[index] = Self.follows
                } else {
                    let status = try inStage("rootfs") { () throws(SystemError) in try source.status() }
                    pin(source, status, &root, at: index)
                }
            default: continue
            }
        }
    }

    private mutating func pin(_ source: consuming FileDescriptor, _ status: FileStatus, _ root: inout RootPlan, at index: Int) {
        root.pin(FileIdentity(status), at: index)
        pinned.append(source.release())
    }

    /// Never through a symbolic link: one may have been planted by an earlier job.
    private static func open(_ path: String) throws(LaunchError) -> FileDescriptor {
        do throws(SystemError) {
            return try FileDescriptor.open(path, .path, resolve: [.noSymbolicLinks, .noMagicLinks])
        } catch  where error.errno == ELOOP {
            throw LaunchError("mounts", "bind source \(path) leads through a symbolic link", errno: error.errno, hint: "give the path that realpath(1) prints, if that is what you mean")
        } catch {
            throw LaunchError("mounts", "bind source \(path): \(errnoText(error.errno)) (\(errnoName(error.errno)))", errno: error.errno)
        }
    }

    private func clone(_ source: borrowing FileDescriptor, _ path: String, _ attributes: RootStep.Attributes) throws(LaunchError) -> Int32 {
        let number = source.number
        return try inStage("mounts") { () throws(SystemError) in
            let tree = FileDescriptor(owning: try check("open_tree", path) { brig_clone_tree(number, true) })
            let clone = tree.number
            try check("mount_setattr", path) { brig_mount_setattr(clone, true, attributes.rawValue, -1) }
            return tree.release()
        }
    }

    /// The mount itself: before Linux 6.15 one that is attached nowhere cannot be cloned.
    private func tree(of file: ImageFile, _ path: String, _ attributes: RootStep.Attributes) throws(LaunchError) -> Int32 {
        try inStage("mounts") { () throws(SystemError) in
            let tree = try file.mount.duplicate()
            let number = tree.number
            try check("mount_setattr", path) { brig_mount_setattr(number, false, attributes.rawValue, -1) }
            return tree.release()
        }
    }

    private mutating func tree(of source: borrowing FileDescriptor, _ status: FileStatus, _ path: String, _ attributes: RootStep.Attributes, _ identity: JobIdentity) throws(LaunchError) -> Int32 {
        let tree = FileDescriptor(owning: try clone(source, path, attributes))
        guard let user = identity.userMap.outside(identity.user), let group = identity.groupMap.outside(identity.group) else {
            throw LaunchError("ids", "user \(identity.user) or group \(identity.group) is not mapped")
        }
        let mapping = try UserNamespace(users: IDMap.single(inside: status.owner, outside: user), groups: IDMap.single(inside: status.group, outside: group))
        let (number, namespace) = (tree.number, mapping.descriptor.number)
        if brig_mount_setattr(number, true, 0, namespace) != 0 {
            let error = SystemError("mount_setattr", path, errno: errno)
            // A file system without id-mapped mounts (or a tree with one in it): the job is then nobody there.
            guard error.errno == EINVAL || error.errno == EOPNOTSUPP else { throw LaunchError("mounts", error) }
            notes.append(JobReport.Degradation(protection: "ownership of \(path)", reason: "its file system has no id-mapped mounts: the job has the rights of others there"))
        }
        return tree.release()
    }

    /// The trees that take the ids of the job's user namespace, in the order in which the child asks for them.
    mutating func imageTrees(namespace: Int32) throws(LaunchError) -> [Int32] {
        for image in images {
            let tree = image.tree
            if brig_mount_setattr(tree, true, 0, namespace) != 0 {
                let error = SystemError("mount_setattr", "image", errno: errno)
                guard error.errno == EINVAL || error.errno == EOPNOTSUPP else { throw LaunchError("rootfs", error) }
                notes.append(JobReport.Degradation(protection: "ownership of the image", reason: "its file system has no id-mapped mounts: its files belong to nobody inside"))
            }
        }
        return images.map(\.tree)
    }
}

/// A user namespace that exists only for the ids that it maps.
struct UserNamespace: ~Copyable {
    let descriptor: FileDescriptor

    init(users: IDMap, groups: IDMap) throws(LaunchError) {
        descriptor = try inStage("ids") { () throws(SystemError) in
            let process = try check("clone3", "CLONE_NEWUSER") { brig_hold_user_namespace() }
            defer {
                var status: Int32 = 0
                kill(process, SIGKILL)
                unsafe _ = waitpid(process, &status, 0)
            }
            try writeText(users.text, to: "/proc/\(process)/uid_map")
            try writeText(groups.text, to: "/proc/\(process)/gid_map")
            return try FileDescriptor.open("/proc/\(process)/ns/user", .read)
        }
    }
}
