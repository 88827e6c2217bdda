internal import BrigJSON
internal import Glibc

/// `syscalls`: names become numbers of this machine's ABI. Names of calls that only other architectures have are accepted and stand for nothing.
extension PolicyDecoder {
    /// Calls that hide others from a filter and that programs do without: where nothing allows them they are answered ENOSYS, on which the C library
    /// falls back (clone for clone3, read and write for io_uring).
    private static let unfilterable = ["clone3", "io_uring_setup", "io_uring_enter", "io_uring_register"]

    /// - Parameter capabilities: as the policy has them, read only for a profile, whose entries depend on them.
    mutating func systemCalls(_ value: JSONValue?, lists: SystemCallLists, capabilities: JSONValue?) -> SystemCallPolicy {
        let section = section(value, Pointer("/syscalls"), known: PolicyFields.syscalls)
        let record = choice(section, "record", default: SystemCallPolicy.Record.denied)
        let profile = section["profile"].map { self.profile($0, at: Self.profilePointer) }
        let defaultAction = action(section, "default", known: ["errno:EPERM", "errno:ENOSYS", "kill", "log"], allows: false) ?? profile?.defaultAction ?? .errno(EPERM)
        let baseline = baseline(section)

        var verdicts = VerdictTable()
        let profileRules = profile.map { begin(with: $0, capabilities, into: &verdicts) } ?? []
        allowed(section, baseline: baseline, into: &verdicts)
        denied(section, defaultAction: defaultAction, narrows: lists.deny != lists.allow, into: &verdicts)
        let rules = profileRules + rules(section, lists, into: &verdicts)
        accepted(section)
        for name in Self.unfilterable {
            guard case .number(let number) = SystemCallCatalog.meaning(of: name), !verdicts.isNamed(number) else { continue }
            if rules.contains(where: { $0.number == number }) { continue }
            let action: SystemCallPolicy.Action = name == "clone3" ? .absent : .errno(ENOSYS)
            verdicts.deny(number, action)
            state(number, action, Statement.unfilterable)
        }
        return SystemCallPolicy(defaultAction: defaultAction, rules: verdicts.rules + rules, baseline: baseline, record: record)
    }

    static let profilePointer = "/syscalls/profile"

    /// The profile's verdicts, on which allow, deny and rules come on top. Returns those with conditions.
    private mutating func begin(with profile: OCIProfile, _ capabilities: JSONValue?, into verdicts: inout VerdictTable) -> [SystemCallPolicy.Rule] {
        // Faults in them are told where they are read for the policy.
        var scout = PolicyDecoder()
        let context = OCIProfile.Context.here(capabilities: scout.capabilities(capabilities).retained)
        var conditional: [SystemCallPolicy.Rule] = []
        for rule in rules(of: profile, in: context, at: Self.profilePointer) {
            if rule.conditions.isEmpty { verdicts.decide(rule.number, rule.action) } else { conditional.append(rule) }
        }
        return conditional
    }

    /// `accept`: for `brig policy lint`, which reads it from the document.
    private mutating func accepted(_ section: Section) {
        for (index, element) in list(section, "accept").enumerated() {
            let entry = self.section(element, Pointer("/syscalls/accept/#", index), known: PolicyFields.acceptance)
            for name in PolicyFields.acceptance where entry[name] == nil && !entry.members.isEmpty { fail(entry.pointer, "missing field \"\(name)\"") }
            _ = text(entry, "reason")
            let names = list(entry, "names")
            if names.isEmpty { fail(entry.pointer, "expected \"names\" with at least one name") }
            for (position, name) in names.enumerated() { _ = named(name, "/syscalls/accept/\(index)/names/\(position)") }
        }
    }

    private mutating func baseline(_ section: Section) -> UInt32 {
        let newest = SystemCallCatalog.newest.number ?? 0
        guard let value = section["baseline"], let name = text(value, "/syscalls/baseline", expected: "the name of a system call") else { return newest }
        guard case .number(let number) = SystemCallCatalog.meaning(of: name) else {
            failUnknownCall(name, "/syscalls/baseline")
            return newest
        }
        return number
    }

    private mutating func failUnknownCall(_ name: String, _ pointer: String) {
        let known = name.hasPrefix("@") ? SystemCallGroups.all.map(\.name) : SystemCallCatalog.entries.map(\.name)
        fail(pointer, "unknown \(name.hasPrefix("@") ? "group" : "system call") \(Self.show(.string(name)))\(Suggestion.text(for: name, among: known))")
    }

    /// What a name in a list stands for.
    enum Named {
        case group(UInt32)
        case call(UInt32)
        /// A call that this architecture has not, or a fault that has been noted.
        case nothing
    }

    mutating func named(_ element: JSONValue, _ pointer: @autoclosure () -> String, groups: Bool = true) -> Named {
        guard let name = text(element, pointer(), expected: groups ? "the name of a system call or group" : "the name of a system call") else { return .nothing }
        if groups, name.utf8.first == UInt8(ascii: "@") {
            if let mask = SystemCallGroups.mask(of: name) { return .group(mask) }
        } else {
            switch SystemCallCatalog.meaning(of: name) {
            case .number(let number): return .call(number)
            case .elsewhere: return .nothing
            case .unknown: break
            }
        }
        failUnknownCall(name, pointer())
        return .nothing
    }

    // MARK: - allow and deny

    private mutating func allowed(_ section: Section, baseline: UInt32, into verdicts: inout VerdictTable) {
        var groups: UInt32 = 0
        for (index, element) in list(section, "allow").enumerated() {
            switch named(element, "/syscalls/allow/\(index)") {
            case .group(let mask):
                if groups & mask != 0 { fail("/syscalls/allow/\(index)", "\(Self.show(element)) is listed twice") }
                groups |= mask
            case .call(let number):
                if verdicts.isAllowedByName(number) { fail("/syscalls/allow/\(index)", "\(Self.show(element)) is listed twice") }
                if verdicts.isDenied(number) { fail("/syscalls/allow/\(index)", "\(Self.show(element)) is denied by the profile, and a denial wins") }
                if number > baseline && section["baseline"] != nil {
                    fail("/syscalls/allow/\(index)", "\(Self.show(element)) is newer than the baseline, so it is always answered ENOSYS")
                }
                verdicts.allowByName(number)
                state(number, .allow, "/syscalls/allow/\(index)")
            case .nothing: break
            }
        }
        SystemCallGroups.forEachNumber(in: groups) { verdicts.allow(UInt32($0)) }
        if statements != nil { stateGroups(section) }
    }

    private mutating func stateGroups(_ section: Section) {
        for (index, element) in (section["allow"]?.array ?? []).enumerated() {
            guard let name = element.string, let mask = SystemCallGroups.mask(of: name) else { continue }
            SystemCallGroups.forEachNumber(in: mask) { state(UInt32($0), .allow, "/syscalls/allow/\(index)", isGroup: true) }
        }
    }

    private mutating func denied(_ section: Section, defaultAction: SystemCallPolicy.Action, narrows: Bool, into verdicts: inout VerdictTable) {
        let standard = defaultAction == .log ? .errno(EPERM) : defaultAction
        for (index, element) in list(section, "deny").enumerated() {
            guard case .object = element else {
                deny(element, "/syscalls/deny/\(index)", standard, narrows: narrows, into: &verdicts)
                continue
            }
            let denial = self.section(element, Pointer("/syscalls/deny/#", index), known: PolicyFields.denial)
            let action = action(denial, "action", known: ["errno:EPERM", "absent", "kill"], allows: false, logs: false) ?? standard
            _ = text(denial, "reason")
            let names = list(denial, "names")
            if names.isEmpty { fail(denial.pointer, "missing field \"names\" with at least one name") }
            for (position, name) in names.enumerated() { deny(name, "/syscalls/deny/\(index)/names/\(position)", action, narrows: narrows, into: &verdicts) }
        }
    }

    private mutating func deny(
        _ element: JSONValue, _ pointer: @autoclosure () -> String, _ action: SystemCallPolicy.Action, narrows: Bool, into verdicts: inout VerdictTable
    ) {
        switch named(element, pointer()) {
        case .group(let mask):
            SystemCallGroups.forEachNumber(in: mask) {
                verdicts.deny(UInt32($0), action)
                state(UInt32($0), action, pointer(), isGroup: true)
            }
        case .call(let number):
            if verdicts.isAllowedByName(number) && !narrows { fail(pointer(), "\(Self.show(element)) is listed in both allow and deny") }
            if verdicts.isDeniedByName(number) { fail(pointer(), "\(Self.show(element)) is listed twice") }
            verdicts.denyByName(number, action)
            state(number, action, pointer())
        case .nothing: break
        }
    }

    // MARK: - actions

    /// `kill`, `errno:NAME`, `absent`, and where they make sense `allow` and `log`.
    mutating func action(_ section: Section, _ name: String, known: [String], allows: Bool, logs: Bool = true) -> SystemCallPolicy.Action? {
        guard let value = section[name] else { return nil }
        if case .string(let text) = value {
            if text == "kill" { return .kill }
            if text == "absent" { return .absent }
            if text == "allow" && allows { return .allow }
            if text == "log" && logs { return .log }
            if let errorName = text.removing(prefix: "errno:"), !text.utf8.contains(0) {
                if let number = PolicyNames.errno(errorName) { return .errno(number) }
                fail(section.pointer(to: name), "unknown error name in \(Self.show(value))\(Suggestion.text(for: errorName, among: PolicyNames.errnos))")
                return nil
            }
        }
        let forms = known.map { "\"\($0)\"" }.joined(separator: ", ")
        mismatch(section.pointer(to: name), expected: "an action (\(forms) …)", found: value)
        return nil
    }
}

/// Which file of a chain each list was written in. A contradiction within one file is a mistake; between two it is how one policy narrows another.
struct SystemCallLists {
    var allow: Int?
    var deny: Int?
    var rules: Int?
}
