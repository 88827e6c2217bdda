internal import BrigJSON

extension JSONValue {
    /// Objects merge member by member, members of `other` replacing or following those of this value; anything else is replaced as a whole.
    func merged(with other: JSONValue) -> JSONValue {
        guard case .object(var members) = self, case .object(let others) = other else { return other }
        if members.isEmpty { return other }
        for member in others {
            if let index = members.firstIndex(where: { $0.name == member.name }) {
                members[index].value = members[index].value.merged(with: member.value)
            } else {
                members.append(member)
            }
        }
        return .object(members)
    }

    /// The value at a JSON pointer (RFC 6901).
    func value(at pointer: String) -> JSONValue? {
        var value = self
        for token in pointer.split(separator: "/", omittingEmptySubsequences: false).dropFirst() {
            switch value {
            case .object:
                guard let inner = value[Self.unescaped(token)] else { return nil }
                value = inner
            case .array(let elements):
                guard let index = Int(token), elements.indices.contains(index) else { return nil }
                value = elements[index]
            default: return nil
            }
        }
        return value
    }

    /// Puts a value at a JSON pointer of members, making the objects on the way; `-` as the last name adds it to a list (RFC 6901). A plain
    /// value or list elsewhere on the way is replaced by an object.
    func replacing(_ pointer: Substring, with value: JSONValue) -> JSONValue {
        guard let slash = pointer.firstIndex(of: "/") else { return value }
        let rest = pointer[pointer.index(after: slash)...]
        let end = rest.firstIndex(of: "/") ?? rest.endIndex
        if rest == "-" { return .array((array ?? []) + [value]) }
        let name = Self.unescaped(rest[..<end])
        var members = members ?? []
        if let index = members.firstIndex(where: { $0.name == name }) {
            members[index].value = members[index].value.replacing(rest[end...], with: value)
        } else {
            members.append(Member(name, JSONValue.object([]).replacing(rest[end...], with: value)))
        }
        return .object(members)
    }

    /// The name that a token of a pointer stands for.
    private static func unescaped(_ token: Substring) -> String {
        guard token.utf8.contains(UInt8(ascii: "~")) else { return String(token) }
        var result = ""
        var isEscaped = false
        for character in token.unicodeScalars {
            if isEscaped {
                result.unicodeScalars.append(character == "1" ? "/" : "~")
                isEscaped = false
            } else if character == "~" {
                isEscaped = true
            } else {
                result.unicodeScalars.append(character)
            }
        }
        return result
    }
}
