internal import BrigJSON

/// An object of a policy that is being decoded, with its place in the document. A missing object is one without members.
struct Section {
    let pointer: String
    let members: [JSONValue.Member]

    subscript(name: String) -> JSONValue? {
        for member in members where member.name == name { return member.value }
        return nil
    }

    func pointer(to name: String) -> String { pointer.appending(member: name) }
}
