internal import BrigJSON

/// Reading members of a manifest: a missing or null member is empty, one of another type is an error.
struct Fields {
    let value: JSONValue
    let place: String

    init(_ value: JSONValue, of place: String) {
        self.value = value
        self.place = place
    }

    private func member(_ name: String) throws(ImageError) -> JSONValue? {
        switch value {
        case .object, .null: break
        default: throw ImageError(.malformed, "\(place) is \(value.kind), expected an object")
        }
        guard let member = value[name], member != .null else { return nil }
        return member
    }

    func text(_ name: String) throws(ImageError) -> String {
        guard let member = try member(name) else { return "" }
        guard let text = member.string else { throw ImageError(.malformed, "\(name) of \(place) is \(member.kind), expected a string") }
        return text
    }

    func list(_ name: String) throws(ImageError) -> [JSONValue] {
        guard let member = try member(name) else { return [] }
        guard let list = member.array else { throw ImageError(.malformed, "\(name) of \(place) is \(member.kind), expected a list") }
        return list
    }

    func texts(_ name: String) throws(ImageError) -> [String] {
        var texts: [String] = []
        for element in try list(name) {
            guard let text = element.string else { throw ImageError(.malformed, "\(name) of \(place) holds \(element.kind), expected strings") }
            texts.append(text)
        }
        return texts
    }

    func pairs(_ name: String) throws(ImageError) -> [(name: String, value: String)] {
        guard let member = try member(name) else { return [] }
        guard let members = member.members else { throw ImageError(.malformed, "\(name) of \(place) is \(member.kind), expected an object") }
        var pairs: [(name: String, value: String)] = []
        for member in members {
            guard let text = member.value.string else { throw ImageError(.malformed, "\(name) of \(place) holds \(member.value.kind), expected strings") }
            pairs.append((member.name, text))
        }
        return pairs
    }

    /// A count that is not negative; nil where it is missing.
    func size(_ name: String) throws(ImageError) -> UInt64? {
        guard let member = try member(name) else { return nil }
        guard let number = member.integer, number >= 0 else { throw ImageError(.malformed, "\(name) of \(place) is no count of bytes") }
        return UInt64(number)
    }
}

/// Reads a JSON document of an image within the limits.
func readDocument(_ bytes: [UInt8], _ place: String, limits: UnpackLimits) throws(ImageError) -> JSONValue {
    guard bytes.count <= limits.documentBytes else { throw ImageError(.limit, "\(place) has \(bytes.count) bytes, at most \(limits.documentBytes) are read") }
    do throws(JSONError) {
        return try JSONDocument(bytes, bounds: JSONDocument.Bounds(size: limits.documentBytes, depth: limits.documentDepth)).value
    } catch {
        throw ImageError(.malformed, "\(place) is no valid JSON: \(error)")
    }
}
