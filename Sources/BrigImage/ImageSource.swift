/// Where an image is imported from.
public struct ImageSource: Sendable, Equatable, CustomStringConvertible {
    /// What the bytes are taken for.
    public enum Form: String, Sendable {
        /// Found out by looking: an OCI layout, a docker-archive, else a root file system.
        case any
        /// An archive of a root file system.
        case tar
        /// What `docker save` writes.
        case dockerArchive = "docker-archive"
        /// An OCI image layout, a directory or an archive of one.
        case oci
        /// A directory that is a root file system.
        case directory = "dir"
    }

    public let form: Form
    /// A path, or `-` for standard input.
    public let path: String
    /// The tag that picks one image where a source has several.
    public let tag: String?

    public init(_ form: Form, path: String, tag: String? = nil) {
        self.form = form
        self.path = path
        self.tag = tag
    }

    /// Reads `FORM:PATH[:TAG]`; nil where the text begins with no form. The path ends at its first colon: a tag may have one (`name:tag`).
    public init?(reference text: String) throws(ImageError) {
        guard let colon = text.firstIndex(of: ":"), let form = Form(rawValue: String(text[..<colon])), form != .any else { return nil }
        let rest = text[text.index(after: colon)...]
        guard !rest.isEmpty, !rest.utf8.contains(0) else { throw ImageError(.badReference, "\(quoted(text)) names no path", hint: "\(form.rawValue):PATH") }
        let mayHaveTag = form == .dockerArchive || form == .oci
        guard mayHaveTag, let second = rest.firstIndex(of: ":"), second != rest.startIndex else {
            self.init(form, path: String(rest))
            return
        }
        let tag = String(rest[rest.index(after: second)...])
        guard !tag.isEmpty else { throw ImageError(.badReference, "\(quoted(text)) ends with an empty tag") }
        self.init(form, path: String(rest[..<second]), tag: tag)
    }

    public var description: String { form == .any ? path : "\(form.rawValue):\(path)\(tag.map { ":\($0)" } ?? "")" }
}
