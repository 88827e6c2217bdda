/// One thing that this host and account can do, or cannot.
public struct HostCheck: Sendable, Equatable {
    public enum Status: String, Sendable, CaseIterable {
        case pass = "PASS"
        /// Jobs run, with a protection, a figure or a feature less.
        case caution = "CAUTION"
        /// Jobs do not run here, or not under any shipped policy.
        case fail = "FAIL"
    }

    /// A name in kebab-case that stays the same between versions.
    public let check: String
    public let status: Status
    /// What was found, in one clause.
    public let found: String
    /// The command or change that mends it; nil where there is nothing to mend.
    public let fix: String?

    init(_ check: String, _ status: Status, _ found: String, fix: String? = nil) {
        self.check = check
        self.status = status
        self.found = found
        self.fix = fix
    }

    static func pass(_ check: String, _ found: String) -> HostCheck { HostCheck(check, .pass, found) }
}
