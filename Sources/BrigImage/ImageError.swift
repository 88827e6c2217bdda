internal import BrigSystem

/// Why an image could not be read, stored or used.
public struct ImageError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The kind of failure, stable for programs.
    public enum Code: String, Sendable {
        /// A reference or name that is not written as one.
        case badReference
        /// No such image, tag, platform or file.
        case notFound
        /// Bytes that differ from what a digest, a size or the store's own records say.
        case digestMismatch
        /// An archive, manifest or configuration that is not well formed.
        case malformed
        /// An entry that reaches outside its layer, or through a link.
        case unsafePath
        /// A ceiling of ``UnpackLimits`` was reached.
        case limit
        /// Well formed, but nothing that brig reads.
        case unsupported
        /// The system refused: file system full, no permission.
        case system
        /// The process that unpacks could not be confined, or ended early.
        case confinement
        /// Somebody else is using what should change.
        case inUse
        /// The name is another image's.
        case nameTaken
    }

    public let code: Code
    /// One clause in lower case with the name or value in it.
    public let message: String
    /// What to do about it, where that is known.
    public let hint: String?

    public init(_ code: Code, _ message: String, hint: String? = nil) {
        self.code = code
        self.message = message
        self.hint = hint
    }

    public var description: String { hint.map { "\(message) (\($0))" } ?? message }

    /// A failed system call, with a hint for the causes that have one.
    init(_ error: SystemError) {
        let hint: String? =
            switch errnoName(error.errno) {
            case "ENOSPC", "EDQUOT": "the file system of the store is full: brig image gc, or --store elsewhere"
            default: nil
            }
        self.init(.system, error.description, hint: hint)
    }
}

/// Runs a system call through the one gate and gives its failure in this floor's terms.
@discardableResult
func attempt<Result: SignedInteger>(_ call: StaticString, _ subject: @autoclosure () -> String? = nil, _ body: () -> Result) throws(ImageError) -> Result {
    do throws(SystemError) {
        return try check(call, subject(), body)
    } catch {
        throw ImageError(error)
    }
}

/// Runs something of BrigSystem and gives its failure in this floor's terms.
func translating<Result>(_ body: () throws(SystemError) -> Result) throws(ImageError) -> Result {
    do throws(SystemError) {
        return try body()
    } catch {
        throw ImageError(error)
    }
}
