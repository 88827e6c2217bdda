internal import BrigPolicy
internal import BrigReport
internal import BrigSystem
internal import CAppArmor

/// What this kernel has of AppArmor, as far as a launch needs to know.
enum AppArmor {
    static var isEnabled: Bool { aa_is_enabled() == 1 }

    /// The label of this process (`unconfined`, `name (enforce)`), nil without AppArmor.
    static func ownLabel() -> String? { label(process: "self") }

    /// The label of a process.
    static func label(process: String) -> String? {
        for path in ["/proc/\(process)/attr/apparmor/current", "/proc/\(process)/attr/current"] {
            if let text = { () -> String? in do { return try readText(path) } catch { return nil } }(), !text.isEmpty {
                return String(text.prefix { $0 != "\n" && $0 != "\0" })
            }
        }
        return nil
    }

    /// Whether a profile is loaded; nil where this account may not know.
    ///
    /// The list is for root. The tree beside it is for all: a directory for each profile, its name with a serial number (security/apparmor/apparmorfs.c).
    static func isLoaded(_ profile: String) -> Bool? {
        do throws(SystemError) {
            return try readText("\(securityFiles)/profiles", limit: 16 << 20).split(separator: "\n").contains { $0.hasPrefix("\(profile) (") }
        } catch {
            return isListed(profile)
        }
    }

    /// Whether a process with this label is held by the profile in enforce mode, alone or in a stack.
    ///
    /// A stack of profiles of several modes is `mixed`; then the profile's own mode tells.
    static func isEnforced(_ profile: String, label: String?) -> Bool {
        guard let label = label.map({ AppArmorLabel($0) }), label.profiles.contains(profile) else { return false }
        return label.mode == "enforce" || (label.mode == "mixed" && mode(of: profile) == "enforce")
    }

    /// The mode of a loaded profile; nil where this account may not know.
    private static func mode(of profile: String) -> String? {
        do throws(SystemError) {
            return try readText("\(securityFiles)/profiles", limit: 16 << 20).split(separator: "\n").lazy.compactMap { LoadedProfile(line: $0) }.first { $0.name == profile }?.mode
        } catch {
            return nil
        }
    }

    private static let securityFiles = "/sys/kernel/security/apparmor"

    private static func isListed(_ profile: String) -> Bool? {
        // Other characters are written differently there, and a child profile is below its parent's.
        guard profile.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == "_") }) else { return nil }
        let tree = "\(securityFiles)/policy/profiles"
        do throws(SystemError) {
            let entries = try directoryEntries(try FileDescriptor.open(tree, [.read, .directory]), subject: tree)
            return entries.contains { $0.hasPrefix("\(profile).") && $0.dropFirst(profile.count + 1).allSatisfy(\.isNumber) }
        } catch {
            return nil
        }
    }

    /// What the child writes to its exec attribute, or nil where there is nothing to enter.
    static func command(_ policy: Policy.AppArmorPolicy, degraded: inout [JobReport.Degradation]) throws(LaunchError) -> String? {
        guard let profile = policy.profile else { return nil }
        func refuse(_ reason: String, _ hint: String) throws(LaunchError) {
            if policy.isRequired { throw LaunchError("apparmor", "the policy requires the profile \"\(profile)\", and \(reason)", hint: hint) }
            degraded.append(JobReport.Degradation(protection: "apparmor", reason: reason))
        }
        guard isEnabled else {
            try refuse("this kernel has no AppArmor", "boot with apparmor=1 security=apparmor, or say \"required\": false in the policy")
            return nil
        }
        if isLoaded(profile) == false {
            try refuse("the profile \(profile) is not loaded", "load it with brig apparmor load")
            return nil
        }
        // A confined brig can only add to what confines it.
        let verb = ownLabel().map { AppArmorLabel($0).isUnconfined } == true ? "exec" : "stack"
        return "\(verb) \(profile)"
    }
}
