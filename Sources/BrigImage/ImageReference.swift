/// What a user names an image by.
public enum ImageReference: Sendable, Equatable, CustomStringConvertible {
    /// The name of an imported image, with its tag (`debian:12`; `:latest` where none was written).
    case name(String)
    /// The id of an imported image: the digest of its configuration.
    case id(Digest)
    /// The beginning of one: `sha256:` and at least 6 digits.
    case idPrefix(String)
    /// An archive or directory that is imported on first use.
    case source(ImageSource)

    /// Reads `sha256:…`, `tar:PATH`, `docker-archive:PATH[:TAG]`, `oci:PATH[:TAG]` or a name.
    ///
    /// - Throws: ``ImageError/Code/badReference``.
    public init(_ text: String) throws(ImageError) {
        if let source = try ImageSource(reference: text) {
            self = .source(source)
        } else if text.utf8.starts(with: "sha256:".utf8) {
            let digits = text.utf8.dropFirst(7)
            if let digest = Digest(text) {
                self = .id(digest)
            } else if (6..<64).contains(digits.count), digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0) }) {
                self = .idPrefix(String(text.dropFirst(7)))
            } else {
                throw ImageError(.badReference, "\(quoted(text)) is no image id, expected sha256: and 64 lower-case hexadecimal digits, or at least the first 6")
            }
        } else {
            self = .name(try Self.normalized(name: text))
        }
    }

    /// A name with its tag.
    ///
    /// - Throws: ``ImageError/Code/badReference`` unless it is 1 to 255 of `A-Z a-z 0-9 . _ - / : @`, begins with a letter or digit and has
    ///   neither an empty component nor `..`.
    public static func normalized(name: String) throws(ImageError) -> String {
        let allowed = name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
            case UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "/"), UInt8(ascii: ":"), UInt8(ascii: "@"): true
            default: false
            }
        }
        let components = name.split(separator: "/", omittingEmptySubsequences: false)
        guard allowed, (1...255).contains(name.utf8.count), !components.contains(where: { $0.isEmpty || $0.hasPrefix(".") || $0.hasPrefix(":") }), !name.hasSuffix(":"),
            !name.hasPrefix("-"), !name.contains("..")
        else { throw ImageError(.badReference, "\(quoted(name)) is no image name", hint: "letters, digits and . _ - / with one :TAG, as in debian:12") }
        return components.last?.contains(":") == true ? name : "\(name):latest"
    }

    public var description: String {
        switch self {
        case .name(let name): name
        case .id(let digest): digest.description
        case .idPrefix(let digits): "sha256:\(digits)"
        case .source(let source): source.description
        }
    }
}
