internal import BrigJSON
internal import BrigSystem

/// A policy in plain sentences: what `brig policy explain` and `brig policy groups` print.
public enum PolicyExplainer {
    /// The resolved policy, a line a statement; headings begin a paragraph and are not indented.
    public static func lines(_ resolved: PolicyLoader.Resolved) -> [String] {
        let policy = resolved.policy
        var lines = ["policy \(policy.name ?? policy.origin.path)"]
        if let description = policy.description { lines.append("  \(description)") }
        if resolved.chain.count > 1 { lines.append("  Builds on \(resolved.chain.dropFirst().joined(separator: ", then "))") }
        if !policy.origin.overrides.isEmpty { lines.append("  Changed by \(policy.origin.overrides.map(\.flag).joined(separator: ", "))") }
        lines.append("  sha256 of the file \(policy.origin.sha256)")
        lines.append("  sha256 of the resolved policy \(policy.origin.resolvedSHA256)")
        lines += ["", "files"] + indented(root(policy.rootfs) + policy.mounts.map(mount))
        lines += ["", "process"] + indented(process(policy.process))
        lines += ["", "namespaces"] + indented(["Its own: user, pid, mount, ipc, uts, cgroup.", network(policy.network)])
        lines += ["", "system calls"] + indented(systemCalls(policy.systemCalls, resolved.document["syscalls"]))
        lines += ["", "capabilities"] + indented([capabilities(policy.capabilities)])
        lines += ["", "AppArmor"] + indented([appArmor(policy.appArmor)])
        lines += ["", "limits"] + indented(limits(policy.limits))
        lines += ["", "on a violation"]
        lines.append(policy.onViolation == .deny ? "  The call is denied and recorded; the job goes on." : "  The call is recorded and the job is ended.")
        return lines
    }

    /// All groups, a line each: name, how many calls, what they do.
    public static func groups() -> [String] {
        let groups = SystemCallGroups.all
        let width = groups.map(\.name.utf8.count).max() ?? 0
        return groups.map { group in
            let count = String(group.members.count)
            return group.name + spaces(width - group.name.utf8.count + 2 + 3 - count.utf8.count) + count + "  " + group.summary
        }
    }

    /// One group: what it does and which calls are in it. Throws where there is none of that name.
    public static func group(_ name: String) throws(PolicyError) -> [String] {
        let known = SystemCallGroups.all
        guard let group = known.first(where: { $0.name == name || $0.name == "@" + name }) else {
            let suggestion = Suggestion.text(for: name.hasPrefix("@") ? name : "@" + name, among: known.map(\.name))
            throw PolicyError([Diagnostic(place: .wholeFile(name), pointer: "", message: "no such group of system calls\(suggestion)")])
        }
        return ["\(group.name): \(group.summary)"] + wrapped(group.members.map(\.name), width: 100).map { "  " + $0 }
    }

    // MARK: - sections

    private static func root(_ rootfs: Policy.RootFileSystem) -> [String] {
        let image =
            switch rootfs.image {
            case .host: "The machine's own root, home directories, secrets and sockets masked"
            case .directory(let path): "The directory \(path)"
            case .tar(let path): "The archive \(path)"
            case .dockerArchive(let path, let tag): "The image \(tag.map { "\($0) " } ?? "")of the docker archive \(path)"
            case .oci(let path, let tag): "The image \(tag.map { "\($0) " } ?? "")of the OCI layout \(path)"
            case .file(let path, let type): "The \(type.rawValue) file \(path)"
            case .stored(let name): "The imported image \(name)"
            }
        let use = rootfs.isScratch ? "changes go into a layer of at most \(rootfs.scratchSize) and \(rootfs.scratchInodes) files that dies with the job" : "read-only"
        return ["\(image): \(use)."] + (rootfs.digest.map { ["Refused unless its content is \($0)."] } ?? [])
    }

    private static func mount(_ mount: Policy.Mount) -> String {
        let what =
            switch mount.kind {
            case .bind(let source): "\(source) of the host"
            case .tmpfs(let size): "a file system in memory of at most \(size)"
            }
        return
            "\(mount.target): \(what), \(mount.isReadOnly ? "read-only" : "writable"), \(mount.isExecutable ? "programs may be started from it" : "no programs may be started from it")."
    }

    private static func process(_ process: Policy.ProcessSettings) -> [String] {
        var lines = [
            "User \(identity(process.user)), group \(identity(process.group)), in \(process.workingDirectory), on host \(process.hostName), umask \(octal(process.umask)).",
            process.environment.isEmpty ? "No environment." : "Environment: \(process.environment.map { "\($0.name)=\($0.value)" }.joined(separator: " "))",
        ]
        if !process.inheritEnvironment.isEmpty { lines.append("From the caller, where set: \(process.inheritEnvironment.joined(separator: ", ")).") }
        if let name = process.arguments0 { lines.append("It sees \(name) as its own name.") }
        lines.append(process.hasInit ? "A reaper is pid 1." : "The job is pid 1.")
        return lines
    }

    static func identity(_ identity: Policy.Identity) -> String {
        switch identity {
        case .number(let number): String(number)
        case .name(let name): name
        }
    }

    static func octal(_ mask: UInt32) -> String {
        let digits = String(mask, radix: 8)
        return String(repeating: "0", count: max(0, 4 - digits.utf8.count)) + digits
    }

    private static func network(_ network: Policy.Network) -> String {
        switch network {
        case .none: "Network: its own, with only a loopback device."
        case .job(let id): "Network: that of the job \(id)."
        case .host: "Network: the machine's own. Everything that listens on this machine, abstract sockets included, can be reached."
        }
    }

    private static func capabilities(_ capabilities: Policy.CapabilityPolicy) -> String {
        if capabilities.retained == 0 { return "None." }
        let names = (0..<64 as Range<UInt32>).filter { capabilities.retained >> UInt64($0) & 1 != 0 }.map { PolicyNames.capabilityName($0) ?? "capability \($0)" }
        return "In its own user namespace: \(names.joined(separator: ", "))\(capabilities.isAmbient ? ", ambient" : "")."
    }

    private static func appArmor(_ appArmor: Policy.AppArmorPolicy) -> String {
        guard let profile = appArmor.profile else { return "None: the policy says unconfined." }
        return "The profile \(profile)\(appArmor.isRequired ? "." : "; without it where the machine has no AppArmor or no such profile.")"
    }

    // MARK: - layout

    static func indented(_ lines: [String]) -> [String] { lines.map { "  " + $0 } }

    static func spaces(_ count: Int) -> String { String(repeating: " ", count: max(0, count)) }

    /// Words with spaces between them, in lines of at most `width` characters.
    static func wrapped(_ words: [String], width: Int) -> [String] {
        var lines: [String] = []
        for word in words {
            if let last = lines.last, last.utf8.count + 1 + word.utf8.count <= width {
                lines[lines.count - 1] = last + " " + word
            } else {
                lines.append(word)
            }
        }
        return lines
    }
}
