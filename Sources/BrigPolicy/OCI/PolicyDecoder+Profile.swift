internal import BrigJSON
internal import Glibc

/// `syscalls.profile`: an OCI profile, in the policy itself or in a file of its own. What brig cannot keep is a fault, never left out.
extension PolicyDecoder {
    mutating func profile(_ value: JSONValue, at prefix: String) -> OCIProfile {
        let section = section(value, Pointer(prefix), known: PolicyFields.profile + Array(Self.listenerFields))
        for name in Self.listenerFields where section[name] != nil {
            fail(section.pointer(to: name), "a profile that asks another process about calls cannot be kept: brig answers them itself", isAboutName: true)
        }
        if section["defaultAction"] == nil, case .object = value { fail(prefix, "missing field \"defaultAction\"") }
        let standard = profileAction(section, "defaultAction", number: "defaultErrnoRet", name: "defaultErrno") ?? .errno(EPERM)
        if standard == .allow {
            fail(section.pointer(to: "defaultAction"), "a profile that allows what it does not name cannot be kept: brig denies what a policy does not name, newer calls among it")
        }
        var profile = OCIProfile(defaultAction: standard, entries: [])
        profile.architectures = words(section, "architectures", known: OCINames.architectures, what: "architecture")
        profile.archMap = archMap(section, prefix)
        profile.flags = words(section, "flags", known: ["SECCOMP_FILTER_FLAG_TSYNC"], what: "flag that brig can keep:")
        if !profile.architectures.isEmpty && !profile.archMap.isEmpty { fail(section.pointer(to: "archMap"), "expected either \"architectures\" or \"archMap\"", isAboutName: true) }
        if !profile.architectures.isEmpty && !profile.architectures.contains(OCINames.architecture) {
            fail(section.pointer(to: "architectures"), "this machine's \(OCINames.architecture) is not among them, so the profile allows nothing here")
        }
        profile.entries = list(section, "syscalls").enumerated().map { entry($1, Pointer("\(prefix)/syscalls/#", $0), "\(prefix)/syscalls/\($0)") }
        return profile
    }

    private static let listenerFields: Set<String> = ["listenerPath", "listenerMetadata"]

    private mutating func archMap(_ section: Section, _ prefix: String) -> [OCIProfile.ArchitectureMap] {
        list(section, "archMap").enumerated().compactMap { index, element in
            let map = self.section(element, Pointer("\(prefix)/archMap/#", index), known: PolicyFields.profileArchitecture)
            let sub = words(map, "subArchitectures", known: OCINames.architectures, what: "architecture")
            guard let name = map["architecture"] else {
                if case .object = element { fail(map.pointer, "missing field \"architecture\"") }
                return nil
            }
            return word(name, map.pointer(to: "architecture"), known: OCINames.architectures, what: "architecture").map { OCIProfile.ArchitectureMap(architecture: $0, subArchitectures: sub) }
        }
    }

    private mutating func entry(_ value: JSONValue, _ place: Pointer, _ prefix: String) -> OCIProfile.Entry {
        let section = section(value, place, known: PolicyFields.profileEntry)
        if section["action"] == nil, case .object = value { fail(prefix, "missing field \"action\"") }
        let action = profileAction(section, "action", number: "errnoRet", name: "errno") ?? .errno(EPERM)
        var entry = OCIProfile.Entry(names: callNames(section, prefix), action: action)
        entry.comment = section["comment"].flatMap { text($0, section.pointer(to: "comment"), expected: "a string", length: 0...4096) }
        let arguments = section["args"] == .null ? [] : list(section, "args")
        entry.comparisons = arguments.enumerated().compactMap { comparison($1, Pointer("\(prefix)/args/#", $0)) }
        entry.includes = circumstances(section, "includes", prefix)
        entry.excludes = circumstances(section, "excludes", prefix)
        return entry
    }

    private mutating func callNames(_ section: Section, _ prefix: String) -> [String] {
        var names: [String] = []
        for (index, element) in list(section, "names").enumerated() {
            if case .nothing = named(element, "\(prefix)/names/\(index)", groups: false), element.string == nil { continue }
            if let name = element.string { names.append(name) }
        }
        if let name = section["name"] {
            if section["names"] != nil { fail(section.pointer(to: "name"), "expected either \"name\" or \"names\"", isAboutName: true) }
            _ = named(name, section.pointer(to: "name"), groups: false)
            if let name = name.string { names.append(name) }
        }
        if names.isEmpty && section["names"] == nil && section["name"] == nil && !section.members.isEmpty { fail(prefix, "missing field \"names\"") }
        return names
    }

    private mutating func comparison(_ value: JSONValue, _ place: Pointer) -> OCIProfile.Comparison? {
        let section = section(value, place, known: PolicyFields.profileComparison)
        guard case .object = value else { return nil }
        for name in ["index", "value", "op"] where section[name] == nil { fail(section.pointer, "missing field \"\(name)\"") }
        let operation = choice(section, "op", default: OCIProfile.Operation.equal)
        let range = 0...UInt64(Int64.max)
        let second = count(section, "valueTwo", in: range) ?? 0
        guard let index = count(section, "index", in: 0...5), let first = count(section, "value", in: range) else { return nil }
        if operation != .maskedEqual && second != 0 { fail(section.pointer(to: "valueTwo"), "only SCMP_CMP_MASKED_EQ has a second value") }
        if operation == .maskedEqual && second & ~first != 0 { fail(section.pointer(to: "valueTwo"), "a value with bits outside of the mask: the condition can never hold") }
        return OCIProfile.Comparison(index: UInt8(index), operation: operation, value: first, valueTwo: second)
    }

    private mutating func circumstances(_ entry: Section, _ name: String, _ prefix: String) -> OCIProfile.Circumstances {
        var result = OCIProfile.Circumstances()
        guard let value = entry[name], value != .null else { return result }
        let section = section(value, Pointer("\(prefix)/\(name)"), known: PolicyFields.profileCircumstances)
        result.architectures = words(section, "arches", known: OCINames.machines, what: "architecture")
        for (index, element) in list(section, "caps").enumerated() {
            let pointer = "\(prefix)/\(name)/caps/\(index)"
            guard let capability = text(element, pointer, expected: "the name of a capability") else { continue }
            if !capability.hasPrefix("CAP_") || PolicyNames.capability(capability) == nil {
                fail(pointer, "unknown capability \(Self.show(element))\(Suggestion.text(for: capability, among: PolicyNames.capabilities))")
            }
            result.capabilities.append(capability)
        }
        if let version = text(section, "minKernel", expected: "a kernel's version such as \"4.8\"") {
            result.minimumKernel = KernelVersion(version)
            if result.minimumKernel.map({ $0.description != version }) ?? true { mismatch(section.pointer(to: "minKernel"), expected: "a kernel's version such as \"4.8\"", found: .string(version)) }
        }
        return result
    }

    // MARK: Words

    private mutating func words(_ section: Section, _ name: String, known: [String], what: String) -> [String] {
        if section[name] == .null { return [] }
        return list(section, name).enumerated().compactMap { word($1, section.pointer(to: name).appending(element: $0), known: known, what: what) }
    }

    private mutating func word(_ value: JSONValue, _ pointer: String, known: [String], what: String) -> String? {
        guard let word = text(value, pointer, expected: "the name of an \(what)") else { return nil }
        if known.contains(word) { return word }
        fail(pointer, "unknown \(what) \(Self.show(value))\(Suggestion.text(for: word, among: known))")
        return nil
    }

    /// An action, and of SCMP_ACT_ERRNO its number: given as a number, by name or by both, EPERM where neither is.
    private mutating func profileAction(_ section: Section, _ name: String, number: String, name errorName: String) -> SystemCallPolicy.Action? {
        let errno = errorNumber(section, number, errorName)
        guard let value = section[name], let word = text(value, section.pointer(to: name), expected: "an action") else { return nil }
        if word == "SCMP_ACT_ERRNO" { return .errno(errno ?? EPERM) }
        if errno != nil { fail(section.pointer(to: section[number] != nil ? number : errorName), "only SCMP_ACT_ERRNO has an error number", isAboutName: true) }
        switch word {
        case "SCMP_ACT_ALLOW": return .allow
        case "SCMP_ACT_KILL_PROCESS": return .kill
        case "SCMP_ACT_LOG": return .log
        default: break
        }
        if let reason = OCINames.refusedActions[word] {
            fail(section.pointer(to: name), "\(word) cannot be kept: \(reason)")
        } else {
            fail(section.pointer(to: name), "unknown action \(Self.show(value))\(Suggestion.text(for: word, among: OCINames.actions))")
        }
        return nil
    }

    private mutating func errorNumber(_ section: Section, _ number: String, _ name: String) -> Int32? {
        var result: Int32?
        if let value = section[number], let found = count(value, section.pointer(to: number), in: 1...133) {
            result = Int32(found)
            if PolicyNames.errnos.allSatisfy({ PolicyNames.errno($0) != result }) { mismatch(section.pointer(to: number), expected: "the number of an error", found: value) }
        }
        guard let value = section[name], let text = text(value, section.pointer(to: name), expected: "the name of an error") else { return result }
        guard let named = text.utf8.contains(0) ? nil : PolicyNames.errno(text) else {
            fail(section.pointer(to: name), "unknown error name \(Self.show(value))\(Suggestion.text(for: text, among: PolicyNames.errnos))")
            return result
        }
        if let result, result != named { fail(section.pointer(to: name), "\(text) is \(named), and \"\(number)\" says \(result)") }
        return result ?? named
    }
}
