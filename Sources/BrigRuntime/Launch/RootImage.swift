internal import BrigPlan
internal import BrigPolicy
internal import BrigReport
internal import BrigSystem

/// What a policy's `rootfs.image` stands for on this host.
struct RootImage {
    let source: RootSource
    let identity: JobReport.Image
    /// The directory whose passwd and group files the policy's names are looked up in.
    let lookupRoot: String

    init(_ rootfs: Policy.RootFileSystem) throws(LaunchError) {
        switch rootfs.image {
        case .host:
            source = try inStage("rootfs") { () throws(SystemError) in .host(entries: try HostRoot.entries(), sockets: try HostRoot.sockets()) }
            identity = JobReport.Image(reference: "host")
            lookupRoot = "/"
        case .directory(let path):
            // The child resolves it again, without links; so it is resolved here once, as a person means it.
            let real = try Self.resolved(path)
            source = .layers([real])
            identity = JobReport.Image(reference: "dir:\(path)", layers: 1)
            lookupRoot = real
        case .tar, .dockerArchive, .oci, .stored:
            throw LaunchError("rootfs", "images other than host and dir:PATH are not supported by this version", hint: "unpack it and use dir:PATH")
        }
        if rootfs.digest != nil {
            throw LaunchError("rootfs", "rootfs.digest pins an imported image, and \(identity.reference) has no digest", hint: "remove rootfs.digest")
        }
    }

    /// Paths that the image does not have.
    func missing(_ paths: [String]) -> [String] {
        if case .layers(let layers) = source, layers.count == 1 { return HostRoot.missing(paths, in: layers[0]) }
        return paths
    }

    private static func resolved(_ path: String) throws(LaunchError) -> String {
        do throws(SystemError) {
            let directory = try FileDescriptor.open(path, [.path, .directory])
            return try readLink("/proc/self/fd/\(directory.number)")
        } catch {
            throw LaunchError("rootfs", "image directory \(path): \(errnoText(error.errno)) (\(errnoName(error.errno)))", errno: error.errno, hint: "the image must be a directory")
        }
    }
}
