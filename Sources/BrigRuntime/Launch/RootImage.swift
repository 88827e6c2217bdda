internal import BrigImage
internal import BrigPlan
internal import BrigPolicy
internal import BrigReport
internal import BrigSystem

/// What a policy's `rootfs.image` stands for on this host.
struct RootImage {
    let source: RootSource
    let identity: JobReport.Image
    /// The passwd and group files that names of users are looked up in.
    let accounts: Accounts
    /// What the image says of its programs; nil where it is no stored image.
    let defaults: ImageDefaults?
    /// Keeps a stored image's layers from garbage collection while the job runs.
    private let pin: Pin?
    /// The mount that the only layer is; nil where layers are directories.
    let file: ImageFile?

    private final class Pin {
        let pin: ImagePin
        init(_ pin: consuming ImagePin) { self.pin = pin }
    }

    /// - Parameter sources: who has said already what the image could say of its programs
    init(_ rootfs: Policy.RootFileSystem, sources: Policy.ProcessSources) throws(LaunchError) {
        switch rootfs.image {
        case .host:
            let store = ImageStore.existingPath().map { [$0] } ?? []
            source = try inStage("rootfs") { () throws(SystemError) in
                .host(entries: try HostRoot.entries(), hidden: try HostRoot.homes() + store, sockets: try HostRoot.sockets(), resolver: HostRoot.resolver())
            }
            identity = JobReport.Image(reference: "host")
            file = nil
            accounts = Accounts(roots: ["/"])
            defaults = nil
            pin = nil
        case .directory(let path):
            // The child resolves it again, without links; so it is resolved here once, as a person means it.
            let real = try Self.resolved(path)
            source = .layers([real])
            identity = JobReport.Image(reference: "dir:\(path)", layers: 1)
            file = nil
            accounts = Accounts(roots: [real])
            defaults = nil
            pin = nil
        case .file(let path, let type):
            let file = try ImageFile(path, type)
            source = .layers([file.path])
            identity = JobReport.Image(reference: "\(type.rawValue):\(path)", layers: 1)
            accounts = Accounts(roots: [file.path])
            defaults = nil
            pin = nil
            self.file = file
        case .tar(let path): self = try Self.stored("tar:\(path)", rootfs, sources)
        case .dockerArchive(let path, let tag): self = try Self.stored("docker-archive:\(path)" + (tag.map { ":\($0)" } ?? ""), rootfs, sources)
        case .oci(let path, let tag): self = try Self.stored("oci:\(path)" + (tag.map { ":\($0)" } ?? ""), rootfs, sources)
        case .stored(let name): self = try Self.stored(name, rootfs, sources)
        }
        if pin == nil, rootfs.digest != nil {
            throw LaunchError("rootfs", "rootfs.digest pins an imported image, and \(identity.reference) has no digest", hint: "remove rootfs.digest")
        }
    }

    private init(_ image: StoredImage, _ reference: String, _ sources: Policy.ProcessSources, pin: Pin) throws(LaunchError) {
        let layers = image.layers.map(\.path)
        source = .layers(layers)
        identity = JobReport.Image(reference: reference, digest: image.id.description, layers: layers.count)
        accounts = Accounts(roots: layers.reversed())
        defaults = try ImageDefaults(image.config, reference, accounts: accounts, sources: sources)
        self.pin = pin
        file = nil
    }

    /// An image of the account's store; an archive is imported when it is first used.
    private static func stored(_ reference: String, _ rootfs: Policy.RootFileSystem, _ sources: Policy.ProcessSources) throws(LaunchError) -> RootImage {
        let image: StoredImage
        let pin: Pin
        do throws(ImageError) {
            let store = try ImageStore.open()
            image = try store.resolve(reference)
            pin = Pin(try store.pin(image))
        } catch {
            throw LaunchError("rootfs", "image \(reference): \(error)")
        }
        if let digest = rootfs.digest, digest != image.id.description {
            throw LaunchError("rootfs", "image \(reference) is \(image.id), and the policy pins \(digest)", hint: "import the image that the policy means")
        }
        guard !image.layers.isEmpty else { throw LaunchError("rootfs", "image \(reference) is empty: there is no program in it", hint: "import an image with files") }
        return try RootImage(image, reference, sources, pin: pin)
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
