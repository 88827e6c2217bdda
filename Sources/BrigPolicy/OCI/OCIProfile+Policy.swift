internal import BrigJSON
internal import BrigSystem

/// A policy's system calls that no profile can say.
public struct OCIExportError: Error, Sendable, Equatable, CustomStringConvertible {
    public let description: String
}

extension OCIProfile {
    /// What a policy says of system calls, as a profile.
    ///
    /// A policy that is nothing but a profile gives that profile, with all its entries for other machines. From any other the profile says what the
    /// policy means on this one: for its architecture and the policy's capabilities, in entries of which no two speak of the same call with the same
    /// arguments, because engines leave open which of two counts.
    ///
    /// Not in a profile: calls through foreign ABIs, which brig answers ENOSYS and a library ends the thread for; numbers that brig has no name for,
    /// which get the default action or ENOSYS, as the engine decides; and what is recorded.
    public static func of(_ resolved: PolicyLoader.Resolved) throws -> OCIProfile {
        if let profile = whole(resolved) { return profile }
        return try OCIProfile(resolved.policy.systemCalls)
    }

    /// The profile that the policy consists of; nil where it says more.
    private static func whole(_ resolved: PolicyLoader.Resolved) -> OCIProfile? {
        guard let calls = resolved.document["syscalls"], let value = calls["profile"] else { return nil }
        var decoder = PolicyDecoder()
        let profile = decoder.profile(value, at: "")
        let isAll = ["allow", "deny", "rules"].allSatisfy { calls[$0]?.array?.isEmpty ?? true }
        let isNewest = resolved.policy.systemCalls.baseline == SystemCallCatalog.newest.number
        return isAll && isNewest && resolved.policy.systemCalls.defaultAction == profile.defaultAction ? profile : nil
    }

    private init(_ policy: SystemCallPolicy) throws {
        let standard = Self.asWritten(policy.defaultAction)
        let meaning = try SystemCallMeaning(policy)
        var entries: [Entry] = []
        for call in SystemCallCatalog.entries {
            guard let number = call.number else { continue }
            for part in meaning.parts[number] ?? [] {
                let action = Self.asWritten(part.action)
                if action == standard { continue }
                for set in part.region.parts {
                    let comparisons = try Self.comparisons(set, call.name)
                    if let index = entries.firstIndex(where: { $0.action == action && $0.comparisons == comparisons }) {
                        entries[index].names.append(call.name)
                    } else {
                        entries.append(Entry(names: [call.name], action: action, comparisons: comparisons))
                    }
                }
            }
        }
        // Whole calls first: they are most of it.
        self.init(
            defaultAction: standard, archMap: [ArchitectureMap(architecture: OCINames.architecture, subArchitectures: [])],
            entries: entries.filter(\.comparisons.isEmpty) + entries.filter { !$0.comparisons.isEmpty })
    }

    /// A profile knows no absent calls, only their answer.
    private static func asWritten(_ action: SystemCallPolicy.Action) -> SystemCallPolicy.Action { action == .absent ? .errno(38) : action }

    private static func comparisons(_ set: ArgumentSet, _ call: String) throws -> [Comparison] {
        try (0..<6).compactMap { index in
            let mask = set.mask[index], value = set.value[index]
            if mask == 0 { return nil }
            let isWhole = mask == .max
            guard (isWhole ? value : mask) <= UInt64(Int64.max) else {
                throw OCIExportError(description: "\(call): argument \(index) is compared with values above 9223372036854775807, which the JSON of a profile cannot hold")
            }
            return Comparison(index: UInt8(index), operation: isWhole ? .equal : .maskedEqual, value: isWhole ? value : mask, valueTwo: isWhole ? 0 : value)
        }
    }
}
