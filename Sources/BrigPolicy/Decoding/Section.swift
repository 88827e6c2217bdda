internal import BrigJSON

/// A JSON pointer whose text is made only for a message: `/syscalls/rules/#/args/#` with the numbers for its marks.
struct Pointer {
    let template: String
    var first = 0
    var second = 0

    init(_ template: String, _ first: Int = 0, _ second: Int = 0) {
        self.template = template
        self.first = first
        self.second = second
    }

    var text: String {
        var numbers = [second, first]
        return template.reduce(into: "") { text, character in text += character == "#" ? String(numbers.popLast() ?? 0) : String(character) }
    }
}

/// An object of a policy that is being decoded, with its place in the document. A missing object is one without members.
struct Section {
    let place: Pointer
    let members: [JSONValue.Member]

    subscript(name: String) -> JSONValue? {
        for member in members where member.name == name { return member.value }
        return nil
    }

    var pointer: String { place.text }

    func pointer(to name: String) -> String { place.text.appending(member: name) }
}
