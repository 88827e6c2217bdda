internal import BrigJSON
internal import BrigSystem

/// What the job finds around itself: root, mounts, network.
extension PolicyDecoder {
    private enum Writable: String, CaseIterable { case none, scratch }

    mutating func rootfs(_ value: JSONValue?) -> Policy.RootFileSystem {
        let section = section(value, Pointer("/rootfs"), known: PolicyFields.rootfs)
        var rootfs = Policy.RootFileSystem(image: .host, digest: nil, isScratch: false, scratchSize: ByteCount(64 << 20), scratchInodes: 65_536)
        if let value = section["image"], let image = image(value) { rootfs.image = image }
        if let digest = text(section, "digest", expected: "\"sha256:\" and 64 hexadecimal digits") {
            if Self.isDigest(digest) {
                rootfs.digest = digest
            } else {
                mismatch("/rootfs/digest", expected: "\"sha256:\" and 64 lower-case hexadecimal digits", found: .string(digest))
            }
        }
        if rootfs.digest != nil && rootfs.image == .host { fail("/rootfs/digest", "the host's own root has no digest") }
        rootfs.isScratch = choice(section, "writable", default: Writable.none) == .scratch
        rootfs.scratchSize = size(section, "scratchSize", atLeast: 4096) ?? rootfs.scratchSize
        rootfs.scratchInodes = count(section, "scratchInodes", in: 16...UInt64(Int32.max)) ?? rootfs.scratchInodes
        return rootfs
    }

    static func isDigest(_ text: String) -> Bool {
        text.hasPrefix("sha256:") && text.utf8.count == 71 && text.utf8.dropFirst(7).allSatisfy { 0x30...0x39 ~= $0 || 0x61...0x66 ~= $0 }
    }

    private mutating func image(_ value: JSONValue) -> Policy.ImageReference? {
        let forms = "\"host\", \"dir:PATH\", \"tar:PATH\", \"docker-archive:PATH[:TAG]\", \"oci:DIR[:TAG]\", \"squashfs:FILE\", \"erofs:FILE\" or the name or \"sha256:\" id of an imported image"
        guard let text = text(value, "/rootfs/image", expected: forms) else { return nil }
        if text == "host" { return .host }
        let reference: Policy.ImageReference?
        if let path = text.removing(prefix: "dir:") {
            reference = path.isEmpty ? nil : .directory(path)
        } else if let path = text.removing(prefix: "tar:") {
            reference = path.isEmpty ? nil : .tar(path)
        } else if let rest = text.removing(prefix: "docker-archive:") {
            reference = Self.tagged(rest).map { .dockerArchive(path: $0, tag: $1) }
        } else if let rest = text.removing(prefix: "oci:") {
            reference = Self.tagged(rest).map { .oci(path: $0, tag: $1) }
        } else if let type = Policy.ImageReference.FileSystem.allCases.first(where: { text.hasPrefix($0.rawValue + ":") }) {
            let path = String(text.dropFirst(type.rawValue.utf8.count + 1))
            reference = path.isEmpty ? nil : .file(path, type)
        } else {
            reference = Self.isDigest(text) || Self.isImageName(text) ? .stored(text) : nil
        }
        if reference == nil { mismatch("/rootfs/image", expected: forms, found: value) }
        return reference
    }

    /// A path and the tag after its last colon. A colon before a slash belongs to the path.
    private static func tagged(_ text: String) -> (path: String, tag: String?)? {
        guard let colon = text.lastIndex(of: ":"), !text[colon...].contains("/") else { return text.isEmpty ? nil : (text, nil) }
        let (path, tag) = (String(text[..<colon]), String(text[text.index(after: colon)...]))
        return path.isEmpty || tag.isEmpty ? nil : (path, tag)
    }

    /// A name of the image store: letters, digits, and `.`, `_`, `-`, `/`, and `:` before a tag; the first character a letter or digit.
    private static func isImageName(_ text: String) -> Bool {
        guard let first = text.utf8.first, isAlphanumeric(first), text.utf8.count <= 255, !text.hasPrefix("sha256:") else { return false }
        return text.utf8.allSatisfy { isAlphanumeric($0) || "._-/:".utf8.contains($0) } && !text.contains("..") && !text.contains("//")
    }

    static func isAlphanumeric(_ byte: UInt8) -> Bool { 0x30...0x39 ~= byte || 0x41...0x5A ~= byte || 0x61...0x7A ~= byte }

    // MARK: - Mounts

    private enum MountType: String, CaseIterable { case bind, tmpfs }

    mutating func mounts(_ root: Section) -> [Policy.Mount] {
        var mounts: [Policy.Mount] = []
        for (index, element) in list(root, "mounts").enumerated() {
            let section = section(element, Pointer("/mounts/#", index), known: PolicyFields.mount)
            guard let mount = mount(section) else { continue }
            if mounts.contains(where: { $0.target == mount.target }) { fail(section.pointer(to: "target"), "\(mount.target) is the target of an earlier mount") }
            mounts.append(mount)
        }
        return mounts
    }

    private mutating func mount(_ section: Section) -> Policy.Mount? {
        for name in ["type", "target"] where section[name] == nil { fail(section.pointer, "missing field \"\(name)\"") }
        let type = choice(section, "type", default: MountType.bind)
        let target = absolutePath(section, "target")
        if let target, Self.ownTargets.contains(where: { target == $0 || target.hasPrefix($0 + "/") }) || target == "/" {
            fail(section.pointer(to: "target"), "\(target) is made by brig itself and cannot be a mount's target")
        }
        let isExecutable = flag(section, "exec", default: false)
        let kind: Policy.Mount.Kind
        switch type {
        case .bind:
            if section["size"] != nil { fail(section.pointer(to: "size"), "a bind mount has no size of its own", isAboutName: true) }
            if section["type"] != nil && section["source"] == nil { fail(section.pointer, "missing field \"source\"") }
            kind = .bind(source: absolutePath(section, "source") ?? "/")
        case .tmpfs:
            if section["source"] != nil { fail(section.pointer(to: "source"), "a tmpfs has no source", isAboutName: true) }
            kind = .tmpfs(size: size(section, "size", atLeast: 4096) ?? ByteCount(64 << 20))
        }
        // A file system that is empty for ever is of no use.
        let isReadOnly = flag(section, "readOnly", default: type == .bind)
        return target.map { Policy.Mount(kind: kind, target: $0, isReadOnly: isReadOnly, isExecutable: isExecutable) }
    }

    private static let ownTargets = ["/proc", "/sys", "/dev"]

    // MARK: - Namespaces

    mutating func network(_ value: JSONValue?) -> Policy.Network {
        let section = section(value, Pointer("/namespaces"), known: PolicyFields.namespaces)
        for name in ["user", "pid", "mount", "ipc", "uts", "cgroup"] {
            if let value = section[name], value != "fresh" { mismatch(section.pointer(to: name), expected: "\"fresh\" (this namespace is always the job's own)", found: value) }
        }
        let acceptsRisk = flag(section, "acceptRisk", default: false)
        guard let value = section["network"] else { return .none }
        let forms = "\"none\", \"job:ID\" or \"host\""
        guard let text = text(value, "/namespaces/network", expected: forms) else { return .none }
        if text == "none" { return .none }
        if text == "host" {
            if !acceptsRisk { fail("/namespaces/network", "\"host\" shares the machine's own network and abstract sockets with the job: it needs \"acceptRisk\": true beside it") }
            return .host
        }
        if let id = text.removing(prefix: "job:"), 1...64 ~= id.utf8.count, id.utf8.allSatisfy({ Self.isAlphanumeric($0) || "._-".utf8.contains($0) }),
            id.utf8.first != UInt8(ascii: ".")
        {
            return .job(id)
        }
        fail("/namespaces/network", "expected \(forms), found \(Self.show(value))\(Suggestion.text(for: text, among: ["none", "host"]))")
        return .none
    }
}

extension String {
    /// What follows a prefix; nil without it.
    func removing(prefix: String) -> String? { hasPrefix(prefix) ? String(dropFirst(prefix.count)) : nil }
}
