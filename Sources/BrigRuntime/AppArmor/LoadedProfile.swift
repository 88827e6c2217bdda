internal import BrigSystem
internal import CAppArmor
internal import Glibc

/// A profile that the kernel holds.
public struct LoadedProfile: Sendable, Equatable {
    public let name: String
    /// `enforce`, `complain`, `kill`, `prompt` or `unconfined`.
    public let mode: String

    /// A line of the kernel's list: `name (mode)`. Names may have blanks and brackets in them; nil for any other text.
    init?(line: some StringProtocol) {
        guard line.hasSuffix(")"), let open = line.lastIndex(of: "("), open != line.startIndex else { return nil }
        let name = line[..<open]
        guard name.hasSuffix(" "), name.utf8.count > 1 else { return nil }
        self.name = String(name.dropLast())
        mode = String(line[line.index(after: open)...].dropLast())
    }

    /// All of them, by name.
    ///
    /// - Throws: where the kernel has no AppArmor, or the account may not see its profiles (root may).
    public static func all() throws(AppArmorError) -> [LoadedProfile] {
        let path = try fileSystem() + "/profiles"
        do throws(SystemError) {
            return try readText(path, limit: 16 << 20).split(separator: "\n").compactMap { LoadedProfile(line: $0) }.sorted { $0.name < $1.name }
        } catch {
            throw AppArmorError(error, hint: error.errno == EACCES || error.errno == EPERM ? "only root sees what is loaded" : nil)
        }
    }

    /// Where the kernel shows its profiles.
    ///
    /// - Throws: where it has no AppArmor, or that is not mounted.
    static func fileSystem() throws(AppArmorError) -> String {
        try requireAppArmor()
        var place: UnsafeMutablePointer<CChar>?
        guard unsafe aa_find_mountpoint(&place) == 0, let found = unsafe place else {
            throw AppArmorError("AppArmor's files are not mounted", hint: "mount -t securityfs securityfs /sys/kernel/security")
        }
        defer { unsafe free(found) }
        return unsafe String(cString: found)
    }

    /// - Throws: where the kernel has no AppArmor, or it is off.
    static func requireAppArmor() throws(AppArmorError) {
        if aa_is_enabled() == 1 { return }
        switch errno {
        case ENOSYS: throw AppArmorError("this kernel has no AppArmor", hint: "run one that is built with it; policies that say \"required\": false run without")
        case ECANCELED: throw AppArmorError("AppArmor is off", hint: "boot with apparmor=1 security=apparmor")
        case ENOENT: throw AppArmorError("AppArmor's files are not mounted", hint: "mount -t securityfs securityfs /sys/kernel/security")
        case let error: throw AppArmorError(SystemError("aa_is_enabled", errno: error), hint: error == EACCES ? "only root sees whether it is on" : nil)
        }
    }
}

/// What AppArmor is for this process: whether it is on, what it mediates, and what confines brig itself.
public struct AppArmorStatus: Sendable, Equatable {
    public let ownLabel: String?
    /// Rules that this kernel knows, of those that the job's profile has.
    public let mediated: [String]
    public let notMediated: [String]

    private static let features = ["file", "caps", "network_v8", "network", "mount", "signal", "ptrace", "domain/stack"]

    /// - Throws: where the kernel has no AppArmor, or does not say what it mediates.
    public static func current() throws(AppArmorError) -> AppArmorStatus {
        try LoadedProfile.requireAppArmor()
        var features: OpaquePointer?
        guard unsafe aa_features_new_from_kernel(&features) == 0, let kernel = unsafe features else { throw AppArmorError(SystemError("aa_features_new_from_kernel", errno: errno)) }
        defer { unsafe aa_features_unref(kernel) }
        let known = Set(Self.features.filter { unsafe aa_features_supports(kernel, $0) })
        // Kernels have one of the two ways to mediate sockets, or none.
        let isNetworkKnown = known.contains("network") || known.contains("network_v8")
        let names = Self.features.filter { $0 != "network_v8" }
        func isKnown(_ name: String) -> Bool { name == "network" ? isNetworkKnown : known.contains(name) }
        return AppArmorStatus(ownLabel: AppArmor.ownLabel(), mediated: names.filter(isKnown), notMediated: names.filter { !isKnown($0) })
    }
}
