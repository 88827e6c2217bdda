internal import BrigSystem
internal import Glibc

/// Where `--report` sends the report.
public enum ReportTarget: Sendable, Equatable {
    /// A file, replaced as a whole.
    case file(String)
    /// An inherited descriptor, `fd:N`.
    case descriptor(Int32)
    /// `-`
    case standardOutput

    /// Reads the option's value: `-`, `fd:N`, or a path (`./fd:3` for a file of that name).
    ///
    /// - Throws: ``ReportError`` for an empty text, a NUL in it, or `fd:` without a number.
    public init(_ text: String) throws(ReportError) {
        if text == "-" {
            self = .standardOutput
        } else if text.hasPrefix("fd:") {
            let digits = text.dropFirst(3)
            guard digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int32(digits) else {
                throw ReportError(.badTarget, "\(text): expected fd: and the number of an open descriptor")
            }
            self = .descriptor(number)
        } else {
            guard !text.isEmpty, !text.utf8.contains(0) else { throw ReportError(.badTarget, "expected a path, fd:N or -") }
            self = .file(text)
        }
    }

    /// The descriptor that the report shares with the job's own output, 1 or 2, or nil.
    public var sharedStream: Int32? {
        switch self {
        case .file: nil
        case .descriptor(let number): number == 1 || number == 2 ? number : nil
        case .standardOutput: 1
        }
    }
}

/// Why a report could not be written.
public struct ReportError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Code: Sendable, Equatable {
        /// The option's text names no target.
        case badTarget
        /// The target cannot be written to; found before the job starts.
        case notWritable
        /// Writing failed.
        case writeFailed
    }

    public let code: Code
    public let description: String

    init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }
}

/// A target that has been found writable, waiting for its report. Made before the job starts, so that a job whose report could go nowhere
/// is not run.
public struct ReportWriter: ~Copyable {
    private enum Destination: ~Copyable {
        case file(AtomicFile)
        /// A FIFO or a character device, by its path.
        case stream(FileDescriptor, String)
        case inherited(Int32)
    }

    private let destination: Destination

    /// Opens the target.
    ///
    /// - Throws: ``ReportError`` with `notWritable` for a missing or read-only directory, a directory, a symbolic link, a block device or
    ///   socket, a FIFO without a reader, and for a descriptor that is closed or not open for writing.
    public init(_ target: ReportTarget) throws(ReportError) {
        switch target {
        case .standardOutput: destination = .inherited(try Self.writable(1))
        case .descriptor(let number): destination = .inherited(try Self.writable(number))
        case .file(let path): destination = try Self.open(path)
        }
    }

    /// Writes the whole report.
    ///
    /// - Throws: ``ReportError`` with `writeFailed`; a file that was there before is then unchanged.
    public consuming func write(_ report: [UInt8]) throws(ReportError) {
        do throws(SystemError) {
            switch consume destination {
            case .file(let file): try file.commit(report)
            case .stream(let descriptor, let path): try descriptor.write(report, subject: path)
            case .inherited(let number): try writeAll(report, to: number, subject: "fd:\(number)")
            }
        } catch {
            throw ReportError(.writeFailed, "report not written: \(error)")
        }
    }

    private static func writable(_ number: Int32) throws(ReportError) -> Int32 {
        let flags = fcntl(number, F_GETFL)
        guard flags >= 0 else { throw ReportError(.notWritable, "fd:\(number) is not open; the caller must pass it on (3>report.json)") }
        guard flags & O_ACCMODE != O_RDONLY else { throw ReportError(.notWritable, "fd:\(number) is not open for writing") }
        return number
    }

    private static func open(_ path: String) throws(ReportError) -> Destination {
        do throws(SystemError) {
            return .file(try AtomicFile(replacing: path))
        } catch  where error.errno == EEXIST {
            return try openStream(path)
        } catch {
            throw ReportError(.notWritable, "report \(path): \(error)\(hint(error.errno))")
        }
    }

    /// A file that is no regular one: what a pipe or a terminal is at the other end of is written to, anything else is refused.
    private static func openStream(_ path: String) throws(ReportError) -> Destination {
        do throws(SystemError) {
            // Without O_NONBLOCK a FIFO that nobody reads would hold brig up for ever; writing waits with poll(2) instead.
            let descriptor = FileDescriptor(owning: try check("open", path) { unsafe Glibc.open(path, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC) })
            var status = stat()
            let number = descriptor.number
            try check("fstat", path) { unsafe fstat(number, &status) }
            let kind = status.st_mode & S_IFMT
            guard kind == S_IFIFO || kind == S_IFCHR else {
                throw SystemError("open", path, errno: EINVAL)
            }
            return .stream(descriptor, path)
        } catch {
            throw ReportError(.notWritable, "report \(path): \(error)\(hint(error.errno))")
        }
    }

    private static func hint(_ number: Int32) -> String {
        switch number {
        case ELOOP: "; a symbolic link is not followed: name the file itself, or use fd:N"
        case ENXIO: "; nobody reads from it"
        case ENOENT: "; its directory must exist"
        case EINVAL: "; neither a regular file nor a pipe or character device"
        default: ""
        }
    }
}
