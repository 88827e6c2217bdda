public import BrigJSON
internal import BrigSystem

extension OCIProfile {
    /// The profile as engines read it; the reader gives the same profile back.
    public var json: JSONValue {
        var members: [JSONValue.Member] = []
        members += Self.action(defaultAction, "defaultAction", "defaultErrnoRet")
        if !architectures.isEmpty { members.append(.init("architectures", Self.list(architectures))) }
        if !archMap.isEmpty {
            members.append(.init("archMap", .array(archMap.map { ["architecture": .string($0.architecture), "subArchitectures": Self.list($0.subArchitectures)] })))
        }
        if !flags.isEmpty { members.append(.init("flags", Self.list(flags))) }
        members.append(.init("syscalls", .array(entries.map(\.json))))
        return .object(members)
    }

    fileprivate static func list(_ words: [String]) -> JSONValue { .array(words.map { .string($0) }) }

    fileprivate static func action(_ action: SystemCallPolicy.Action, _ name: String, _ errno: String) -> [JSONValue.Member] {
        switch action {
        case .allow: [.init(name, "SCMP_ACT_ALLOW")]
        case .log: [.init(name, "SCMP_ACT_LOG")]
        case .kill: [.init(name, "SCMP_ACT_KILL_PROCESS")]
        case .absent: [.init(name, "SCMP_ACT_ERRNO"), .init(errno, 38)]
        case .errno(let number): [.init(name, "SCMP_ACT_ERRNO"), .init(errno, .integer(Int64(number)))]
        }
    }
}

extension OCIProfile.Entry {
    fileprivate var json: JSONValue {
        var members: [JSONValue.Member] = [.init("names", OCIProfile.list(names))]
        members += OCIProfile.action(action, "action", "errnoRet")
        if !comparisons.isEmpty { members.append(.init("args", .array(comparisons.map(\.json)))) }
        if let comment, !comment.isEmpty { members.append(.init("comment", .string(comment))) }
        if !includes.isEmpty { members.append(.init("includes", includes.json)) }
        if !excludes.isEmpty { members.append(.init("excludes", excludes.json)) }
        return .object(members)
    }
}

extension OCIProfile.Comparison {
    fileprivate var json: JSONValue {
        var members: [JSONValue.Member] = [.init("index", .integer(Int64(index))), .init("value", .integer(Int64(value)))]
        if operation == .maskedEqual { members.append(.init("valueTwo", .integer(Int64(valueTwo)))) }
        return .object(members + [.init("op", .string(operation.rawValue))])
    }
}

extension OCIProfile.Circumstances {
    fileprivate var json: JSONValue {
        var members: [JSONValue.Member] = []
        if !capabilities.isEmpty { members.append(.init("caps", OCIProfile.list(capabilities))) }
        if !architectures.isEmpty { members.append(.init("arches", OCIProfile.list(architectures))) }
        if let minimumKernel { members.append(.init("minKernel", .string(minimumKernel.description))) }
        return .object(members)
    }
}
