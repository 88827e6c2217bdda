internal import CBrigPolicies
internal import Glibc

/// A profile that this executable carries: `brig-job` and `brig-strict`, which jobs enter, and `brig`, which lets brig itself make user namespaces where
/// ordinary programs may not.
public struct ShippedProfile: Sendable, Equatable {
    public let name: String
    /// The profile's source, as apparmor_parser(8) reads it.
    public let text: [UInt8]

    public static let all: [ShippedProfile] = {
        var profiles: [ShippedProfile] = []
        while let profile = unsafe brig_profile_at(profiles.count) {
            unsafe profiles.append(
                ShippedProfile(name: String(cString: profile.pointee.name), text: Array(UnsafeBufferPointer(start: profile.pointee.bytes, count: profile.pointee.length))))
        }
        return profiles
    }()

    /// Those that the shipped policies name.
    public static let ofJobs = ["brig-job", "brig-strict"]

    /// - Throws: for a name that no shipped profile has.
    public static func named(_ name: String) throws(AppArmorError) -> ShippedProfile {
        try checkProfileName(name)
        guard let profile = all.first(where: { $0.name == name }) else {
            throw AppArmorError("no shipped profile \"\(name)\"", hint: "there are \(all.map(\.name).joined(separator: ", ")); others are for apparmor_parser(8)")
        }
        return profile
    }
}

/// A name as policies give it: no path, nothing that is more than a name in AppArmor's own files, 128 bytes at most.
///
/// - Throws: for any other text.
public func checkProfileName(_ name: String) throws(AppArmorError) {
    let isFit = (1...128).contains(name.utf8.count) && name.utf8.first != UInt8(ascii: "-") && name.utf8.first != UInt8(ascii: ".")
    let isPlain = name.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        case UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."): true
        default: false
        }
    }
    guard isFit, isPlain else { throw AppArmorError("\(name.debugDescription) is no name of a profile", hint: "letters, digits and - _ . are, 128 at most, with no - or . at the start") }
}
