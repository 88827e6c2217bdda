public import BrigJSON
internal import Foundation
internal import Glibc
public import Testing

/// One run of `brig run`, with its report.
public struct Launch {
    public let outcome: Command.Outcome
    public let report: JSONValue

    public init(outcome: Command.Outcome, report: JSONValue) {
        self.outcome = outcome
        self.report = report
    }

    /// A value of the report by its JSON pointer; `.null` where there is none.
    public subscript(pointer: String) -> JSONValue {
        pointer.split(separator: "/").reduce(report) { value, name in
            if let index = Int(name), let elements = value.array { return elements.indices.contains(index) ? elements[index] : .null }
            return value[String(name)] ?? .null
        }
    }

    public var reason: String { self["/result/reason"].string ?? "no reason" }
    public var message: String { self["/result/message"].string ?? "" }
    public var exitCode: Int32? { outcome.exitCode }
    public var wallNanos: Int64 { self["/time/wallNanos"].integer ?? -1 }

    /// `kind name abi action` of every violation.
    public var violations: [String] {
        (self["/violations"].array ?? []).map { each in ["kind", "name", "abi", "action"].compactMap { each[$0]?.string }.joined(separator: " ") }
    }

    public func violation(_ kind: String) -> JSONValue? { self["/violations"].array?.first { $0["kind"]?.string == kind } }

    /// For the message of a failed expectation.
    public var summary: Comment { "exit \(String(describing: exitCode)) \(reason): \(message) \(violations)\nout: \(outcome.text.suffix(2000))\nerr: \(outcome.errorText.suffix(2000))" }
}

/// Who starts brig: `@Test(.requires(.ordinaryUser), arguments: Caller.allCases)` runs a test in both identities.
public enum Caller: Sendable, CaseIterable {
    /// The account that runs the tests.
    case own
    /// An ordinary user, without groups where root becomes one.
    case ordinary

    /// One, where an ordinary user runs the tests already, or `BRIG_CALLERS` is `own`: who runs them elsewhere as an ordinary user need not become one.
    public static let allCases: [Caller] = geteuid() == 0 && environmentValue("BRIG_CALLERS") != "own" ? [.own, .ordinary] : [.own]

    /// Words before a command that have it run by the caller.
    public var prefix: [String] {
        switch self {
        case .own: []
        case .ordinary: geteuid() == 0 ? ["setpriv", "--reuid=1000", "--regid=1000", "--clear-groups"] : []
        }
    }
}

extension Fixture {
    /// Runs `brig run` under a policy and reads its report.
    ///
    /// - Parameters:
    ///   - policy: a built-in name, or a path
    ///   - options: options of `brig run`
    ///   - script: a shell script that starts brig as `"$@"`; nil: brig itself is started
    ///   - subcommand: `run` or `audit`
    public func launch(
        _ policy: String = "default", _ options: [String] = [], _ command: [String], as caller: Caller = .own, input: [UInt8] = [],
        environment: [String: String]? = nil, script: String? = nil, subcommand: String = "run"
    ) throws -> Launch {
        let place = try makeDirectory("reports", mode: 0o777)
        let path = "\(place)/\(UInt64.random(in: 0...UInt64.max)).json"
        let tools = command.contains { $0.contains(probeInJob) } ? ["--bind", "\(Executables.probe.dropLast("/probe".count)):/mnt"] : []
        var words = caller.prefix + [Executables.brig, subcommand, "--policy", policy, "--report", path] + tools + options + ["--"] + command
        if let script { words = ["/bin/sh", "-c", script, "sh"] + words }
        var run = Command(words[0], Array(words.dropFirst()), environment: environment)
        run.input = input
        run.timeLimit = 120
        let outcome = try run.run()
        try #require(!outcome.timedOut, "brig hangs: \(words)")
        unsafe chmod(path, 0o644)  // a caller's mask can take its own access away
        let bytes = try #require(try? read(path), "no report: exit \(String(describing: outcome.exitCode)) \(outcome.errorText)")
        return Launch(outcome: outcome, report: try JSONDocument(bytes, bounds: .init(size: 64 << 20, depth: 64)).value)
    }

    /// Writes a policy on top of another and gives its path.
    public func policy(_ base: String, _ fields: [JSONValue.Member]) throws -> String {
        let name = "policy-\(UInt64.random(in: 0...UInt64.max)).json"
        return try write(name, JSONValue.object([.init("version", 1), .init("base", .string(base))] + fields).encoded())
    }

    /// A directory that a job may write to as any user.
    public func shared(_ name: String = "shared") throws -> String { try makeDirectory(name, mode: 0o777) }
}

/// Where jobs of a fixture find the probe: the directories of a checkout may be out of their sight.
public let probeInJob = "/mnt/probe"

/// The probe's commands, as a job's program.
public func probe(_ words: String...) -> [String] { [probeInJob] + words }

public func shell(_ script: String) -> [String] { ["/bin/sh", "-c", script] }

/// Every report is valid against the schema, and every figure that is null has its reason (`check-reports`). Where `BRIG_REPORTS` names a directory
/// they are only put there: on an emulated machine the check takes ten seconds to begin.
public func requireComplete(_ launches: [Launch]) throws {
    func write(to directory: String) throws -> [String] {
        try launches.map { launch in
            let path = "\(directory)/\(UInt64.random(in: 0...UInt64.max)).json"
            try #require(FileManager.default.createFile(atPath: path, contents: Data(launch.report.encoded() + [10])), "\(path) cannot be written")
            return path
        }
    }
    if let directory = environmentValue("BRIG_REPORTS") {
        _ = try write(to: directory)
    } else if let python = Python.withSchemaModule {
        try Fixture.run { fixture in
            let outcome = try Command(python, ["\(Executables.repository)/Tests/Support/check-reports"] + write(to: fixture.directory)).run()
            #expect(outcome.succeeded, "\(outcome.text)\(outcome.errorText)")
        }
    }
}
