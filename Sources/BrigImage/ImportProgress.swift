/// How far an import has come.
public struct ImportProgress: Sendable {
    /// Bytes of the source that were read, or left out because nobody needs them.
    public internal(set) var bytes: UInt64 = 0
    /// Bytes that there are; nil for a pipe, and for a directory whose manifest does not say. A compressed source's are those of the file.
    public internal(set) var total: UInt64?
}
