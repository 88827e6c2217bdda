public import BrigPolicy
internal import BrigSystem

/// What a job's root is made of, before the policy's own mounts.
public enum RootSource: Sendable, Equatable {
    /// The machine's own root: the entries of "/", directories that are nobody else's (people's homes, the image store), and sockets that programs
    /// outside listen on. `resolver` is the file that /etc/resolv.conf leads to.
    case host(entries: [HostEntry], hidden: [String] = [], sockets: [String], resolver: String? = nil)
    /// Directories, the lowest first.
    case layers([String])

    /// An entry of the machine's "/".
    public struct HostEntry: Sendable, Equatable {
        public enum Kind: Sendable, Equatable {
            case directory
            case symbolicLink(String)
        }
        public let name: String
        public let kind: Kind

        public init(name: String, kind: Kind) {
            self.name = name
            self.kind = kind
        }
    }
}

/// The steps that build a job's root.
public struct RootPlan: Sendable, Equatable {
    public internal(set) var steps: [RootStep] = []
    public internal(set) var isReadOnly = true
    /// Whether the job can write to a directory of the host.
    public internal(set) var hasWritableBind = false

    /// Hidden directories that are empty ones while the mounts are made.
    private var emptied: [String] = []

    static let sealed: RootStep.Attributes = [.noSetID, .noDevices]

    /// - Parameter missing: which of some paths (without a leading slash) the image does not have. Never asked of the machine's own root.
    public init(_ policy: Policy, source: RootSource, missing: ([String]) -> [String]) {
        let isScratch = policy.rootfs.isScratch
        steps = [
            RootStep(.directory(mode: 0o755), "root", flags: isScratch ? [.inScratch, .owned] : .inScratch),
            RootStep(.directory(mode: 0o555), "empty", flags: .inScratch),
            RootStep(.directory(mode: 0o1777), "tmp", flags: .inScratch),
            RootStep(.directory(mode: 0o1777), "shm", flags: .inScratch),
        ]
        switch source {
        case .host(let entries, let hidden, let sockets, let resolver):
            isReadOnly = !isScratch
            addHost(entries, sockets)
            for directory in hidden { hide(directory, mounts: policy.mounts) }
            if policy.network == .host, let resolver { show(resolver: resolver) }
        case .layers(let layers):
            let needed = ["proc", "dev", "tmp"] + policy.mounts.map { Self.relative($0.target) }
            let isComplete = !isScratch && missing(needed).isEmpty
            isReadOnly = !isScratch
            addLayers(layers, plain: isComplete && layers.count == 1)
        }
        addProc()
        addDevices()
        for mount in policy.mounts { add(mount) }
        steps.append(RootStep(.readOnly, "dev"))
        for directory in emptied { steps.append(RootStep(.readOnly, directory)) }
        let workingDirectory = Self.relative(policy.process.workingDirectory)
        // Where the job can write, a working directory that is missing is the job's own, as with WORKDIR of a container file.
        if isScratch, workingDirectory != "." { steps.append(RootStep(.directory(mode: 0o755), workingDirectory, flags: .owned)) }
    }

    static func relative(_ path: String) -> String {
        let trimmed = path.drop { $0 == "/" }
        return trimmed.isEmpty ? "." : String(trimmed)
    }

    // MARK: The machine's own root

    /// Directories of the machine that the job sees empty: what is private to people, to services, or made anew for every job.
    private static let alwaysEmpty = ["home", "root", "run", "sys"]
    private static let replaced: Set<String> = ["proc", "dev", "tmp", "home", "root", "run", "sys", "lost+found"]
    private static let masked = ["var/lib", "etc/shadow", "etc/shadow-", "etc/gshadow", "etc/gshadow-", "etc/ssh"]

    private mutating func addHost(_ entries: [RootSource.HostEntry], _ sockets: [String]) {
        steps.append(RootStep(.scratch("root"), "root", flags: .isRoot))
        for entry in entries where !Self.replaced.contains(entry.name) {
            switch entry.kind {
            case .directory: steps.append(RootStep(.bind(.host("/" + entry.name)), entry.name, flags: .create, attributes: Self.sealed.union(.readOnly)))
            case .symbolicLink(let text): steps.append(RootStep(.symbolicLink(text), entry.name))
            }
        }
        for name in Self.alwaysEmpty { steps.append(RootStep(.directory(mode: 0o755), name)) }
        steps.append(RootStep(.scratch("tmp"), "tmp", flags: .create))
        steps.append(RootStep(.scratch("tmp"), "var/tmp", flags: .optional))
        for path in Self.masked { steps.append(RootStep(.mask, path)) }
        // Where /home is a link (to /var/home, on image-based systems), what it leads to is hidden.
        for entry in entries where Self.alwaysEmpty.contains(entry.name) {
            if case .symbolicLink(let text) = entry.kind { steps.append(RootStep(.mask, Self.relative(text))) }
        }
        for path in sockets where Self.isVisible(path) { steps.append(RootStep(.mask, Self.relative(path))) }
    }

    /// Hides a directory of the machine, unless its place is hidden with all of its directory. One in which the policy mounts something is an empty directory that the
    /// mount's target can be made in; otherwise it is masked, and the job sees no more of it than that it is there.
    private mutating func hide(_ directory: String, mounts: [Policy.Mount]) {
        guard Self.isVisible(directory) else { return }
        let target = Self.relative(directory)
        guard mounts.contains(where: { $0.target.hasPrefix(directory + "/") }) else { return steps.append(RootStep(.mask, target)) }
        let name = "hidden\(steps.count)"
        steps.append(RootStep(.directory(mode: 0o755), name, flags: .inScratch))
        steps.append(RootStep(.scratch(name), target, flags: .optional))
        emptied.append(target)
    }

    /// Where a service of the machine keeps the addresses of its name servers below /run, which a job sees empty, a job in the machine's network needs that file.
    private mutating func show(resolver: String) {
        guard resolver.hasPrefix("/run/") else { return }
        steps.append(RootStep(.bind(.host(resolver)), Self.relative(resolver), flags: [.create, .sourceIsFile], attributes: Self.sealed.union([.readOnly, .noExecution])))
    }

    private static func isVisible(_ path: String) -> Bool {
        let parts = path.split(separator: "/", maxSplits: 2)
        guard path.hasPrefix("/"), let first = parts.first, !replaced.contains(String(first)) else { return false }
        return !(path.hasPrefix("/var/lib/") || path.hasPrefix("/var/tmp/") || path.hasPrefix("/var/run/"))
    }

    // MARK: An image

    private mutating func addLayers(_ layers: [String], plain: Bool) {
        let attributes = Self.sealed
        if plain {
            steps.append(RootStep(.bind(.image(layers[0])), "root", flags: .isRoot, attributes: attributes.union(.readOnly)))
        } else {
            for name in ["upper", "work"] { steps.append(RootStep(.directory(mode: 0o755), name, flags: [.inScratch, .owned])) }
            for (index, layer) in layers.enumerated() {
                steps.append(RootStep(.bind(.image(layer)), "layer\(index)", flags: [.inScratch, .create], attributes: attributes.union(.readOnly)))
            }
            let lower = layers.indices.reversed().map { "layer\($0)" }.joined(separator: ":")
            steps.append(
                RootStep(
                    .overlay(options: ["lowerdir=\(lower)", "upperdir=upper", "workdir=work", "userxattr"]), "root", flags: .isRoot,
                    attributes: attributes))
        }
        steps.append(RootStep(.scratch("tmp"), "tmp", flags: .create))
    }

    // MARK: /proc and /dev

    /// What /proc shows of the machine beyond its processes (the OCI runtime specification's usual maskedPaths and readonlyPaths).
    private static let procMasked = ["acpi", "asound", "interrupts", "kcore", "keys", "latency_stats", "sched_debug", "scsi", "timer_list", "timer_stats"]
    private static let procReadOnly = ["bus", "fs", "irq", "sys", "sysrq-trigger"]

    private mutating func addProc() {
        // Processes of other users inside the job, such as its init, are not to be seen.
        steps.append(RootStep(.fileSystem(type: "proc", options: ["hidepid=invisible"]), "proc", flags: .create, attributes: Self.sealed.union(.noExecution)))
        for name in Self.procMasked { steps.append(RootStep(.mask, "proc/\(name)")) }
        for name in Self.procReadOnly { steps.append(RootStep(.readOnly, "proc/\(name)")) }
    }

    private static let devices = ["null", "zero", "full", "random", "urandom", "tty"]

    private mutating func addDevices() {
        steps.append(RootStep(.directory(mode: 0o755), "dev", flags: .inScratch))
        steps.append(RootStep(.scratch("dev"), "dev", flags: .create, attributes: [.noExecution]))
        for name in Self.devices {
            steps.append(RootStep(.bind(.host("/dev/\(name)")), "dev/\(name)", flags: [.create, .sourceIsFile], attributes: [.noSetID, .noExecution]))
        }
        let links = [("fd", "/proc/self/fd"), ("stdin", "/proc/self/fd/0"), ("stdout", "/proc/self/fd/1"), ("stderr", "/proc/self/fd/2"), ("ptmx", "pts/ptmx")]
        for (name, text) in links { steps.append(RootStep(.symbolicLink(text), "dev/\(name)")) }
        steps.append(RootStep(.scratch("shm"), "dev/shm", flags: .create, attributes: [.noExecution]))
        let options = ["newinstance", "ptmxmode=0666", "mode=0620"]
        steps.append(RootStep(.fileSystem(type: "devpts", options: options), "dev/pts", flags: .create, attributes: [.noSetID, .noExecution]))
    }

    // MARK: The policy's mounts

    private mutating func add(_ mount: Policy.Mount) {
        var attributes = Self.sealed
        if mount.isReadOnly { attributes.insert(.readOnly) }
        if !mount.isExecutable { attributes.insert(.noExecution) }
        let target = Self.relative(mount.target)
        switch mount.kind {
        case .bind(let source):
            if !mount.isReadOnly { hasWritableBind = true }
            steps.append(RootStep(.bind(.opened(source)), target, flags: [.create, .ofPolicy], attributes: attributes))
        case .tmpfs(let size):
            let options = ["size=\(size.bytes)", "nr_inodes=65536", "mode=1777"]
            steps.append(RootStep(.fileSystem(type: "tmpfs", options: options), target, flags: [.create, .ofPolicy], attributes: attributes))
        }
    }

    /// Marks the binds whose source turned out to be no directory, so that a missing target is made a file.
    public mutating func markFile(at index: Int) { steps[index].flags.insert(.sourceIsFile) }

    /// Holds a bind that the child opens by its path to the file that the launcher has looked at.
    public mutating func pin(_ identity: FileIdentity, at index: Int) { steps[index].identity = identity }
}
