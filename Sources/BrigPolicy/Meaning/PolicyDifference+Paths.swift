internal import BrigSystem

/// Files, and what a job meets besides them.
extension PolicyDifference {
    mutating func paths(_ first: Policy, _ second: Policy) {
        if first.rootfs.image != second.rootfs.image { add(.other, "path", "/: another root file system") }
        if first.rootfs.image == second.rootfs.image, first.rootfs.digest != second.rootfs.digest {
            add(second.rootfs.digest == nil ? .more : first.rootfs.digest == nil ? .less : .other, "path", "/: \(second.rootfs.digest.map { "only with the content \($0)" } ?? "with any content")")
        }
        if first.rootfs.isScratch != second.rootfs.isScratch { add(second.rootfs.isScratch ? .more : .less, "path", "/: writable, in a layer that dies with the job") }
        if first.rootfs.isScratch, second.rootfs.isScratch {
            compare(first.rootfs.scratchSize.bytes, second.rootfs.scratchSize.bytes, "scratchSize", "\(second.rootfs.scratchSize) instead of \(first.rootfs.scratchSize)")
            compare(first.rootfs.scratchInodes, second.rootfs.scratchInodes, "scratchInodes", "\(second.rootfs.scratchInodes) instead of \(first.rootfs.scratchInodes)")
        }
        for mount in second.mounts {
            guard let before = first.mounts.first(where: { $0.target == mount.target }) else {
                add(.more, "path", Self.text(mount))
                continue
            }
            changes(before, mount)
        }
        for mount in first.mounts where !second.mounts.contains(where: { $0.target == mount.target }) {
            add(.less, "path", Self.text(mount))
            add(.more, "path", "\(mount.target): what the mount hid")
        }
    }

    private mutating func changes(_ before: Policy.Mount, _ after: Policy.Mount) {
        if before.isReadOnly != after.isReadOnly { add(before.isReadOnly ? .more : .less, "path", "\(after.target): writable") }
        if before.isExecutable != after.isExecutable { add(after.isExecutable ? .more : .less, "path", "\(after.target): programs may be started from it") }
        switch (before.kind, after.kind) {
        case (.tmpfs(let first), .tmpfs(let second)): compare(first.bytes, second.bytes, "size of \(after.target)", "\(second) instead of \(first)")
        case _ where before.kind != after.kind: add(.more, "path", "\(Self.text(after)), before it \(Self.text(before))")
        default: break
        }
    }

    private static func text(_ mount: Policy.Mount) -> String {
        let source = if case .bind(let path) = mount.kind { "\(path) of the host" } else { "a file system in memory" }
        return "\(mount.target): \(source), \(mount.isReadOnly ? "read-only" : "writable")\(mount.isExecutable ? ", programs may be started from it" : "")"
    }

    mutating func surroundings(_ first: Policy, _ second: Policy) {
        if first.network != second.network {
            let kind: Kind = second.network == .none ? .less : first.network == .none || second.network == .host ? .more : .other
            add(kind, "network", "\(Self.text(kind == .less ? first.network : second.network))")
        }
        protection(first, second)
        let before = first.process, after = second.process
        if before.user != after.user { add(.other, "process", "user \(PolicyExplainer.identity(after.user)) instead of \(PolicyExplainer.identity(before.user))") }
        if before.group != after.group { add(.other, "process", "group \(PolicyExplainer.identity(after.group)) instead of \(PolicyExplainer.identity(before.group))") }
        if before.hasInit != after.hasInit { add(.other, "process", after.hasInit ? "a reaper is pid 1" : "the job is pid 1") }
        for name in after.inheritEnvironment where !before.inheritEnvironment.contains(name) { add(.more, "process", "the caller's variable \(name)") }
        for name in before.inheritEnvironment where !after.inheritEnvironment.contains(name) { add(.less, "process", "the caller's variable \(name)") }
        if before.environment != after.environment { add(.other, "process", "another environment") }
        if (before.workingDirectory, before.hostName, before.umask, before.arguments0) != (after.workingDirectory, after.hostName, after.umask, after.arguments0) {
            add(.other, "process", "another working directory, host name, umask or own name")
        }
    }

    private mutating func protection(_ first: Policy, _ second: Policy) {
        let before = first.appArmor, after = second.appArmor
        if before.profile != after.profile {
            let kind: Kind = after.profile == nil ? .more : before.profile == nil ? .less : .other
            add(kind, "protection", "AppArmor: \(after.profile ?? "unconfined") instead of \(before.profile ?? "unconfined")")
        } else if before.isRequired != after.isRequired {
            add(before.isRequired ? .more : .less, "protection", "AppArmor: runs without the profile where there is none")
        }
        if first.onViolation != second.onViolation { add(second.onViolation == .deny ? .more : .less, "protection", "the job goes on after a denied call") }
    }

    private static func text(_ network: Policy.Network) -> String {
        switch network {
        case .none: "only its own loopback device"
        case .job(let id): "that of the job \(id)"
        case .host: "the machine's own"
        }
    }
}
