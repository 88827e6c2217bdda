/// The verdicts without conditions, by number. Of two that deny a call the more severe stays, of two errno values the first.
struct VerdictTable {
    private struct Entry {
        var isAllowed = false
        var isAllowedByName = false
        var isLogged = false
        var isDeniedByName = false
        var denial: SystemCallPolicy.Action?
    }

    private var entries = [Entry](repeating: Entry(), count: SystemCallCatalog.numberBound)

    mutating func allow(_ number: UInt32) { entries[Int(number)].isAllowed = true }

    mutating func allowByName(_ number: UInt32) {
        entries[Int(number)].isAllowed = true
        entries[Int(number)].isAllowedByName = true
    }

    mutating func deny(_ number: UInt32, _ action: SystemCallPolicy.Action) {
        if entries[Int(number)].denial == nil || action == .kill { entries[Int(number)].denial = action }
    }

    mutating func denyByName(_ number: UInt32, _ action: SystemCallPolicy.Action) {
        deny(number, action)
        entries[Int(number)].isDeniedByName = true
    }

    mutating func decide(_ number: UInt32, _ action: SystemCallPolicy.Action) {
        switch action {
        case .allow: allow(number)
        case .log: entries[Int(number)].isLogged = true
        case .errno, .absent, .kill: deny(number, action)
        }
    }

    func isAllowed(_ number: UInt32) -> Bool { entries[Int(number)].isAllowed }
    func isAllowedByName(_ number: UInt32) -> Bool { entries[Int(number)].isAllowedByName }
    func isDenied(_ number: UInt32) -> Bool { entries[Int(number)].denial != nil }
    func isDeniedByName(_ number: UInt32) -> Bool { entries[Int(number)].isDeniedByName }

    /// Whether anything has been said about a call.
    func isNamed(_ number: UInt32) -> Bool {
        let entry = entries[Int(number)]
        return entry.isAllowed || entry.isLogged || entry.denial != nil
    }

    /// The same as rules, by number.
    var rules: [SystemCallPolicy.Rule] {
        var rules: [SystemCallPolicy.Rule] = []
        rules.reserveCapacity(entries.count)
        for (index, entry) in entries.enumerated() {
            let number = UInt32(index)
            if let denial = entry.denial { rules.append(SystemCallPolicy.Rule(number: number, action: denial)) }
            if entry.isAllowed { rules.append(SystemCallPolicy.Rule(number: number, action: .allow)) }
            if entry.isLogged { rules.append(SystemCallPolicy.Rule(number: number, action: .log)) }
        }
        return rules
    }
}
