internal import Foundation
internal import Glibc

/// A temporary directory and whatever else a test makes, gone when the test's scope ends, however it ends.
///
///     try Fixture.run { fixture in
///         let policy = try fixture.write("policy.json", "{...}")
///     }
public final class Fixture {
    /// An absolute path without symbolic links, mode 0755 so that an unprivileged job can pass through it.
    public let directory: String
    private var cleanUps: [() -> Void] = []

    private init() throws {
        var template = Array("/tmp/brig-test-XXXXXX".utf8CString)
        guard unsafe mkdtemp(&template) != nil else { throw FixtureError("mkdtemp: errno \(errno)") }
        directory = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        unsafe chmod(directory, 0o755)
    }

    /// Runs `body` with a fresh fixture and cleans up after it.
    public static func run<Result>(_ body: (Fixture) throws -> Result) throws -> Result {
        let fixture = try Fixture()
        defer { fixture.cleanUp() }
        return try body(fixture)
    }

    /// Runs at the end of the scope, last registered first, before the directory is removed.
    public func atEnd(_ action: @escaping () -> Void) { cleanUps.append(action) }

    /// The absolute path of a name in the directory.
    public func path(_ name: String) -> String { "\(directory)/\(name)" }

    /// Writes a file below the directory, with the directories on the way, and gives its path.
    @discardableResult
    public func write(_ name: String, _ text: String, mode: UInt32 = 0o644) throws -> String {
        try write(name, Array(text.utf8), mode: mode)
    }

    @discardableResult
    public func write(_ name: String, _ bytes: [UInt8], mode: UInt32 = 0o644) throws -> String {
        let path = path(name)
        let parent = (path as NSString).deletingLastPathComponent
        try FileManager.default.createDirectory(atPath: parent, withIntermediateDirectories: true)
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        guard unsafe chmod(path, mode) == 0 else { throw FixtureError("chmod \(path): errno \(errno)") }
        return path
    }

    /// Makes a directory below the fixture's own and gives its path.
    @discardableResult
    public func makeDirectory(_ name: String, mode: UInt32 = 0o755) throws -> String {
        let path = path(name)
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        guard unsafe chmod(path, mode) == 0 else { throw FixtureError("chmod \(path): errno \(errno)") }
        return path
    }

    /// A file's bytes.
    public func read(_ path: String) throws -> [UInt8] { try readFile(path) }

    /// Names in a directory of the fixture, sorted.
    public func names(in name: String = "") throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: path(name)).sorted()
    }

    private func cleanUp() {
        for action in cleanUps.reversed() { action() }
        do {
            try FileManager.default.removeItem(atPath: directory)
        } catch {
            print("fixture: \(directory) is left behind: \(error)")
        }
    }
}

/// What a fixture could not make.
public struct FixtureError: Error, CustomStringConvertible {
    public let description: String
    public init(_ description: String) { self.description = description }
}

/// A file's bytes, of /proc and /sys too, where the size says nothing.
public func readFile(_ path: String) throws -> [UInt8] {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw FixtureError("open \(path): errno \(errno)") }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65536)
    while true {
        let count = unsafe chunk.withUnsafeMutableBytes { unsafe Glibc.read(descriptor, $0.baseAddress, $0.count) }
        if count < 0 { throw FixtureError("read \(path): errno \(errno)") }
        if count == 0 { return bytes }
        bytes += chunk.prefix(count)
    }
}

/// A file as text.
public func readText(_ path: String) throws -> String { String(decoding: try readFile(path), as: UTF8.self) }
