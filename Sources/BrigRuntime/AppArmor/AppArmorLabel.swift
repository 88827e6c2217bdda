/// A label as the kernel shows it: `unconfined`, `name (enforce)`, `outer//&name (mixed)` for a stack, `name//child (enforce)` for a child profile.
struct AppArmorLabel: Equatable {
    /// What holds, all at once.
    let profiles: [String]
    /// `enforce`, `complain`, `kill`, `unconfined`, or `mixed` for a stack of several; nil where the label names none.
    let mode: String?

    init(_ text: some StringProtocol) {
        var names = Substring(text)
        if names.hasSuffix(")"), let open = names.lastIndex(of: "("), names[..<open].hasSuffix(" ") {
            mode = String(names[names.index(after: open)...].dropLast())
            names = names[..<open].dropLast()
        } else {
            mode = nil
        }
        var profiles: [String] = []
        var rest = names[...]
        while let joint = rest.range(ofStack: "//&") {
            profiles.append(String(rest[..<joint.lowerBound]))
            rest = rest[joint.upperBound...]
        }
        self.profiles = profiles + [String(rest)]
    }

    /// Nothing of it confines.
    var isUnconfined: Bool { mode == "unconfined" || (mode == nil && profiles == ["unconfined"]) }

    /// Whether the profile, or a child of it, is one of them.
    func involves(_ profile: String) -> Bool { profiles.contains { $0 == profile || $0.hasPrefix("\(profile)//") } }
}

extension Substring {
    /// Where a text is found first; the standard library alone finds single characters only.
    fileprivate func range(ofStack text: String) -> Range<Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(text) { return start..<index(start, offsetBy: text.count) }
            start = index(after: start)
        }
        return nil
    }
}
