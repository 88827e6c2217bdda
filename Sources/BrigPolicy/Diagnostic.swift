/// One fault of a policy: where it is and what was expected.
public struct Diagnostic: Sendable, Equatable, CustomStringConvertible {
    /// Where the faulty value was written.
    public enum Place: Sendable, Equatable {
        /// In a file (the path as given; a built-in policy's name), both numbers from 1.
        case file(String, line: Int, column: Int)
        /// On the command line, by a flag (`--memory`).
        case flag(String)
        /// The file itself: it could not be read.
        case wholeFile(String)
    }

    public let place: Place
    /// JSON pointer (RFC 6901) of the value, empty for the whole document.
    public let pointer: String
    /// What was found and what was expected, in lower case, with the nearest known name for a misspelt one.
    public let message: String

    /// `FILE:LINE:COLUMN: POINTER: MESSAGE`, or `--flag: MESSAGE`.
    public var description: String {
        switch place {
        case .file(let path, let line, let column): pointer.isEmpty ? "\(path):\(line):\(column): \(message)" : "\(path):\(line):\(column): \(pointer): \(message)"
        case .flag(let flag): "\(flag): \(message)"
        case .wholeFile(let path): "\(path): \(message)"
        }
    }
}

/// Why a policy was not accepted: every fault that was found, in the order of the format, at most 100. Nothing is started with such a policy.
public struct PolicyError: Error, Sendable, Equatable, CustomStringConvertible {
    public static let maximumCount = 100

    public let diagnostics: [Diagnostic]
    /// Faults beyond the first 100.
    public let omittedCount: Int

    init(_ diagnostics: [Diagnostic], omittedCount: Int = 0) {
        self.diagnostics = diagnostics
        self.omittedCount = omittedCount
    }

    /// One line a fault.
    public var description: String {
        let lines = diagnostics.map(\.description) + (omittedCount > 0 ? ["and \(omittedCount) more"] : [])
        return lines.joined(separator: "\n")
    }
}
