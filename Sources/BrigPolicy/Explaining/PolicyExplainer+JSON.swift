public import BrigJSON
internal import BrigSystem

extension PolicyExplainer {
    /// The resolved policy with every default written out: itself a policy without a base, which loads to the same.
    public static func json(_ resolved: PolicyLoader.Resolved) -> JSONValue {
        let policy = resolved.policy
        var members: [JSONValue.Member] = [.init("version", 1)]
        if let name = policy.name { members.append(.init("name", .string(name))) }
        if let description = policy.description { members.append(.init("description", .string(description))) }
        members += [
            .init("rootfs", rootfs(policy.rootfs)), .init("mounts", .array(policy.mounts.map(mount))), .init("process", process(policy.process)),
            .init("namespaces", namespaces(policy.network)),
            .init("syscalls", systemCalls(policy.systemCalls, resolved.document["syscalls"])), .init("capabilities", capabilities(policy.capabilities)),
            .init("apparmor", ["profile": .string(policy.appArmor.profile ?? "unconfined"), "required": .bool(policy.appArmor.isRequired)]), .init("limits", limits(policy.limits)),
            .init("onViolation", .string(policy.onViolation.rawValue)),
        ]
        return .object(members)
    }

    private static func size(_ count: ByteCount) -> JSONValue { .string(count.description) }
    private static func count(_ number: UInt64) -> JSONValue { .integer(Int64(clamping: number)) }
    private static func demand<Value>(_ demand: Demand<Value>, _ value: JSONValue) -> JSONValue { ["value": value, "required": .bool(demand.isRequired)] }

    private static func rootfs(_ rootfs: Policy.RootFileSystem) -> JSONValue {
        let image =
            switch rootfs.image {
            case .host: "host"
            case .directory(let path): "dir:\(path)"
            case .tar(let path): "tar:\(path)"
            case .dockerArchive(let path, let tag): "docker-archive:\(path)\(tag.map { ":\($0)" } ?? "")"
            case .oci(let path, let tag): "oci:\(path)\(tag.map { ":\($0)" } ?? "")"
            case .file(let path, let type): "\(type.rawValue):\(path)"
            case .stored(let name): name
            }
        var members: [JSONValue.Member] = [.init("image", .string(image))]
        if let digest = rootfs.digest { members.append(.init("digest", .string(digest))) }
        members += [
            .init("writable", rootfs.isScratch ? "scratch" : "none"), .init("scratchSize", size(rootfs.scratchSize)), .init("scratchInodes", count(rootfs.scratchInodes)),
        ]
        return .object(members)
    }

    private static func mount(_ mount: Policy.Mount) -> JSONValue {
        let target: [JSONValue.Member] = [.init("target", .string(mount.target)), .init("readOnly", .bool(mount.isReadOnly)), .init("exec", .bool(mount.isExecutable))]
        switch mount.kind {
        case .bind(let source): return .object([.init("type", "bind"), .init("source", .string(source))] + target)
        case .tmpfs(let bound): return .object([.init("type", "tmpfs")] + target + [.init("size", size(bound))])
        }
    }

    private static func process(_ process: Policy.ProcessSettings) -> JSONValue {
        func identity(_ identity: Policy.Identity) -> JSONValue {
            switch identity {
            case .number(let number): .integer(Int64(number))
            case .name(let name): .string(name)
            }
        }
        var members: [JSONValue.Member] = [
            .init("user", identity(process.user)), .init("group", identity(process.group)), .init("cwd", .string(process.workingDirectory)),
            .init("hostname", .string(process.hostName)),
            .init("umask", .string(octal(process.umask))),
        ]
        if let name = process.arguments0 { members.append(.init("arguments0", .string(name))) }
        members += [
            .init("environment", .object(process.environment.map { .init($0.name, .string($0.value)) })),
            .init("inheritEnvironment", .array(process.inheritEnvironment.map { .string($0) })), .init("init", .bool(process.hasInit)),
        ]
        return .object(members)
    }

    private static func namespaces(_ network: Policy.Network) -> JSONValue {
        switch network {
        case .none: ["network": "none"]
        case .job(let id): ["network": .string("job:\(id)")]
        case .host: ["network": "host", "acceptRisk": true]
        }
    }

    /// The lists as they were written, because their names say more than numbers; without names that a policy allowed and one on top of it denies,
    /// which within one file would be a contradiction.
    private static func systemCalls(_ policy: SystemCallPolicy, _ document: JSONValue?) -> JSONValue {
        let standard = word(policy.defaultAction)
        let deny = document?["deny"]?.array ?? []
        let denied = deny.flatMap { $0.string.map { [.string($0)] } ?? $0["names"]?.array ?? [] }
        let allow = (document?["allow"]?.array ?? []).filter { !denied.contains($0) }
        var members: [JSONValue.Member] = [.init("default", .string(standard))]
        // Read from its file, if it was in one, so that what is printed stands for itself.
        if let profile = document?["profile"] { members.append(.init("profile", profile)) }
        members += [
            .init("allow", .array(allow)), .init("deny", .array(deny)), .init("rules", document?["rules"] ?? []), .init("record", .string(policy.record.rawValue)),
            .init("baseline", .string(SystemCallCatalog.name(of: policy.baseline) ?? SystemCallCatalog.newest.name)),
        ]
        if let accept = document?["accept"] { members.append(.init("accept", accept)) }
        return .object(members)
    }

    /// An action as policies name it.
    static func word(_ action: SystemCallPolicy.Action) -> String {
        switch action {
        case .errno(let number): "errno:\(errnoName(number))"
        case .kill: "kill"
        case .absent: "absent"
        case .log: "log"
        case .allow: "allow"
        }
    }

    private static func capabilities(_ policy: Policy.CapabilityPolicy) -> JSONValue {
        let names = (0..<64 as Range<UInt32>).filter { policy.retained >> UInt64($0) & 1 != 0 }.compactMap { PolicyNames.capabilityName($0) }
        return ["retain": .array(names.map { .string($0) }), "ambient": .bool(policy.isAmbient)]
    }

    private static func limits(_ limits: Policy.Limits) -> JSONValue {
        var members: [JSONValue.Member] = []
        func add(_ name: String, _ value: JSONValue?) { if let value { members.append(.init(name, value)) } }
        add("memory", limits.memory.map { demand($0, size($0.value)) })
        add("swap", demand(limits.swap, size(limits.swap.value)))
        add("oomGroup", .bool(limits.oomGroup))
        add("pids", limits.pids.map { demand($0, count($0.value)) })
        add("cpus", limits.milliCPUs.map { demand($0, $0.value.isMultiple(of: 1000) ? count($0.value / 1000) : .double(Double($0.value) / 1000)) })
        add("cpuTime", limits.cpuTime.map { demand($0, .string(text($0.value))) })
        add("wallTime", .string(limits.wallTime.map { text($0) } ?? "none"))
        add("output", size(limits.output))
        add("onOutput", .string(limits.onOutput.rawValue))
        add("fileSize", limits.fileSize.map(size))
        add("openFiles", limits.openFiles.map(count))
        add("coreSize", size(limits.coreSize))
        add("stack", limits.stack.map(size))
        add("lockedMemory", size(limits.lockedMemory))
        add("realtimePriority", count(limits.realtimePriority))
        add("io", .array(limits.io.map(io)))
        return .object(members)
    }

    private static func io(_ limit: Policy.IOLimit) -> JSONValue {
        var members: [JSONValue.Member] =
            switch limit.target {
            case .device(let major, let minor): [.init("device", .string("\(major):\(minor)"))]
            case .path(let path): [.init("path", .string(path))]
            }
        if let rate = limit.readBytesPerSecond { members.append(.init("readBytesPerSecond", count(rate))) }
        if let rate = limit.writeBytesPerSecond { members.append(.init("writeBytesPerSecond", count(rate))) }
        if let rate = limit.readOperationsPerSecond { members.append(.init("readOperationsPerSecond", count(rate))) }
        if let rate = limit.writeOperationsPerSecond { members.append(.init("writeOperationsPerSecond", count(rate))) }
        return .object(members + [.init("required", .bool(limit.isRequired))])
    }
}
