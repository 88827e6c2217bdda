internal import BrigJSON

/// What the job is: identity, environment, capabilities, AppArmor profile.
extension PolicyDecoder {
    static let standardPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

    mutating func process(_ value: JSONValue?) -> Policy.ProcessSettings {
        let section = section(value, Pointer("/process"), known: PolicyFields.process)
        return Policy.ProcessSettings(
            user: identity(section, "user"), group: identity(section, "group"), workingDirectory: absolutePath(section, "cwd") ?? "/", hostName: hostName(section),
            umask: umask(section),
            arguments0: text(section, "arguments0"), environment: environment(section), inheritEnvironment: inheritedNames(section), hasInit: flag(section, "init", default: true))
    }

    /// A number from 0 to 65535 (the range that is mapped), also as a string, or a name as useradd(8) accepts it.
    private mutating func identity(_ section: Section, _ name: String) -> Policy.Identity {
        guard let value = section[name] else { return .number(65_534) }
        switch value {
        case .integer(let number):
            if let number = UInt32(exactly: number), number <= 65_535 { return .number(number) }
        case .string(let text):
            if let number = UInt32(text) {
                if number <= 65_535, text == String(number) { return .number(number) }
            } else if let first = text.utf8.first, 0x61...0x7A ~= first || 0x41...0x5A ~= first || first == UInt8(ascii: "_"), text.utf8.count <= 32,
                text.utf8.allSatisfy({ Self.isAlphanumeric($0) || "_-.".utf8.contains($0) })
            {
                return .name(text)
            }
        default: break
        }
        mismatch(section.pointer(to: name), expected: "a number from 0 to 65535 or a name", found: value)
        return .number(65_534)
    }

    private mutating func hostName(_ section: Section) -> String {
        guard let value = section["hostname"], let name = text(value, "/process/hostname", expected: "a host name", length: 1...64) else { return "brig" }
        if !name.utf8.allSatisfy({ Self.isAlphanumeric($0) || "-.".utf8.contains($0) }) {
            mismatch("/process/hostname", expected: "a host name of letters, digits, \"-\" and \".\"", found: value)
        }
        return name
    }

    private mutating func umask(_ section: Section) -> UInt32 {
        guard let value = section["umask"] else { return 0o022 }
        if case .string(let text) = value, 1...4 ~= text.utf8.count, text.utf8.allSatisfy({ 0x30...0x37 ~= $0 }), let mask = UInt32(text, radix: 8), mask <= 0o777 { return mask }
        mismatch("/process/umask", expected: "an octal number in quotes from \"0000\" to \"0777\"", found: value)
        return 0o022
    }

    private mutating func environment(_ section: Section) -> [Policy.EnvironmentVariable] {
        guard let value = section["environment"] else { return [Policy.EnvironmentVariable(name: "PATH", value: Self.standardPath)] }
        guard case .object(let members) = value else {
            mismatch("/process/environment", expected: "an object of names and values", found: value)
            return []
        }
        var variables: [Policy.EnvironmentVariable] = []
        variables.reserveCapacity(members.count)
        for member in members {
            let pointer = "/process/environment".appending(member: member.name)
            if !Self.isVariableName(member.name) {
                fail(pointer, "expected a variable's name (no \"=\", no control characters), found \(Self.show(.string(member.name)))", isAboutName: true)
            }
            // A value may hold line breaks, but nothing can hold the byte that ends it.
            guard case .string(let text) = member.value, !text.utf8.contains(0) else {
                mismatch(pointer, expected: "a string without U+0000", found: member.value)
                continue
            }
            variables.append(Policy.EnvironmentVariable(name: member.name, value: text))
        }
        return variables.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    }

    private static func isVariableName(_ name: String) -> Bool { 1...255 ~= name.utf8.count && name.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F && $0 != UInt8(ascii: "=") } }

    private mutating func inheritedNames(_ section: Section) -> [String] {
        var names: [String] = []
        for (index, element) in list(section, "inheritEnvironment").enumerated() {
            let pointer = { "/process/inheritEnvironment/\(index)" }
            guard let name = text(element, pointer(), expected: "a variable's name", length: 1...255) else { continue }
            if !Self.isVariableName(name) {
                mismatch(pointer(), expected: "a variable's name", found: element)
            } else if names.contains(name) {
                fail(pointer(), "\"\(name)\" is listed twice")
            }
            names.append(name)
        }
        return names
    }

    mutating func capabilities(_ value: JSONValue?) -> Policy.CapabilityPolicy {
        let section = section(value, Pointer("/capabilities"), known: PolicyFields.capabilities)
        var retained: UInt64 = 0
        for (index, element) in list(section, "retain").enumerated() {
            let pointer = { "/capabilities/retain/\(index)" }
            guard let name = text(element, pointer(), expected: "the name of a capability") else { continue }
            guard let number = PolicyNames.capability(name), number < 64 else {
                fail(pointer(), "unknown capability \(Self.show(element))\(Suggestion.text(for: name.hasPrefix("CAP_") ? name : "CAP_" + name, among: PolicyNames.capabilities))")
                continue
            }
            if retained & 1 << UInt64(number) != 0 { fail(pointer(), "\"\(name)\" is listed twice") }
            retained |= 1 << UInt64(number)
        }
        return Policy.CapabilityPolicy(retained: retained, isAmbient: flag(section, "ambient", default: false))
    }

    mutating func appArmor(_ value: JSONValue?) -> Policy.AppArmorPolicy {
        let section = section(value, Pointer("/apparmor"), known: PolicyFields.apparmor)
        let profile = text(section, "profile", expected: "the name of an AppArmor profile or \"unconfined\"", length: 1...255)
        if let profile, profile.hasPrefix(" ") || profile.hasSuffix(" ") {
            mismatch("/apparmor/profile", expected: "a profile's name without spaces around it", found: .string(profile))
        }
        // Whoever names a profile relies on it; the standard one is a second line of defence.
        let isRequired = flag(section, "required", default: profile != nil && profile != "unconfined")
        if profile == "unconfined" && isRequired && section["required"] != nil { fail("/apparmor/required", "\"unconfined\" cannot be required") }
        return Policy.AppArmorPolicy(profile: profile == "unconfined" ? nil : profile ?? "brig-job", isRequired: isRequired)
    }
}
