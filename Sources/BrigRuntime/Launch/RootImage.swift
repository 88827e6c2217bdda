internal import BrigImage
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
    /// Keeps a stored image's layers from garbage collection while the job runs.
    private let pin: Pin?

    private final class Pin {
        let pin: ImagePin
        init(_ pin: consuming ImagePin) { self.pin = pin }
    }

    init(_ rootfs: Policy.RootFileSystem) throws(LaunchError) {
        switch rootfs.image {
        case .host:
            source = try inStage("rootfs") { () throws(SystemError) in .host(entries: try HostRoot.entries(), sockets: try HostRoot.sockets()) }
            identity = JobReport.Image(reference: "host")
            lookupRoot = "/"
            pin = nil
        case .directory(let path):
            // The child resolves it again, without links; so it is resolved here once, as a person means it.
            let real = try Self.resolved(path)
            source = .layers([real])
            identity = JobReport.Image(reference: "dir:\(path)", layers: 1)
            lookupRoot = real
            pin = nil
        case .tar(let path): self = try Self.stored("tar:\(path)", digest: rootfs.digest)
        case .dockerArchive(let path, let tag): self = try Self.stored("docker-archive:\(path)" + (tag.map { ":\($0)" } ?? ""), digest: rootfs.digest)
        case .oci(let path, let tag): self = try Self.stored("oci:\(path)" + (tag.map { ":\($0)" } ?? ""), digest: rootfs.digest)
        case .stored(let name): self = try Self.stored(name, digest: rootfs.digest)
        }
        if pin == nil, rootfs.digest != nil {
            throw LaunchError("rootfs", "rootfs.digest pins an imported image, and \(identity.reference) has no digest", hint: "remove rootfs.digest")
        }
    }

    private init(source: RootSource, identity: JobReport.Image, lookupRoot: String, pin: Pin) {
        self.source = source
        self.identity = identity
        self.lookupRoot = lookupRoot
        self.pin = pin
    }

    /// An image of the account's store; an archive is imported when it is first used.
    private static func stored(_ reference: String, digest: String?) throws(LaunchError) -> RootImage {
        let image: StoredImage
        let pin: Pin
        do throws(ImageError) {
            let store = try ImageStore.open()
            image = try store.resolve(reference)
            pin = Pin(try store.pin(image))
        } catch {
            throw LaunchError("rootfs", "image \(reference): \(error)")
        }
        if let digest, digest != image.id.description {
            throw LaunchError("rootfs", "image \(reference) is \(image.id), and the policy pins \(digest)", hint: "import the image that the policy means")
        }
        guard let top = image.layers.last else { throw LaunchError("rootfs", "image \(reference) is empty: there is no program in it") }
        let withAccounts = image.layers.last { layer in HostRoot.missing(["etc/passwd"], in: layer.path).isEmpty }
        return RootImage(
            source: .layers(image.layers.map(\.path)), identity: JobReport.Image(reference: reference, digest: image.id.description, layers: image.layers.count),
            lookupRoot: (withAccounts ?? top).path, pin: pin)
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
