internal import BrigJSON
internal import BrigSystem

/// What a report says of one job's system calls: the part of it that policies are made of and compared with.
public struct ObservedCalls: Sendable, Equatable {
    /// The report's file, as given.
    public let path: String
    /// The program and its arguments.
    public let command: [String]
    /// `result.exitCode` and `result.signal`: how the program ended by itself; both nil where it did not.
    public let exitCode: Int64?
    public let signal: String?
    /// `result.reason`; and `result.message`, one sentence for a person, without its subject.
    public let reason: String
    public let message: String
    /// `time.wallNanos`: from the first instruction to the end, in nanoseconds; nil where the report has no figure.
    public let wallNanos: Int64?
    /// The policy's built-in name or path, and whether it is built in; nil where the report has none.
    public let policy: (path: String, isBuiltIn: Bool)?
    /// Flags that replaced fields of that policy, with the fields' pointers.
    public let overrides: [(pointer: String, flag: String)]
    /// Why some calls may be missing; empty where none can be.
    public let gaps: [String]
    public let calls: [Call]

    /// One of `syscalls.calls`.
    public struct Call: Sendable, Equatable {
        public let name: String
        public let number: UInt32
        /// Through the machine's own ABI.
        public let isNative: Bool
        public let abi: String
        public let count: Int64
        /// What the policy said to it: `allow`, `log`, an errno's name, `kill`, `absent`.
        public let verdict: String
        public let ran: Bool
        public let arguments: [Argument]
        /// Values that came together; empty where the report does not tell them for all of the calls.
        public let combinations: [Combination]
    }

    /// A value for each of several arguments, by their places, and how many calls had them.
    public struct Combination: Sendable, Equatable {
        public let values: [UInt8: UInt64]
        public let count: Int64
    }

    /// A value of one argument, and how many calls had it.
    public struct Argument: Sendable, Equatable {
        public let index: UInt8
        public let what: String
        public let value: UInt64
        public let name: String?
        public let count: Int64
    }

    public static func == (a: ObservedCalls, b: ObservedCalls) -> Bool { a.path == b.path && a.calls == b.calls && a.command == b.command }

    /// Most calls of one report: a million a second take 35 years. Sums of several reports' are numbers all the same.
    static let maximumCount: Int64 = 1 << 50

    /// Largest report, in bytes: with captured output it may be long.
    static let maximumSize = 256 << 20

    /// Reads a report of at most 256 MiB.
    ///
    /// - Throws: where it is none, or does not list all calls: what a program does cannot be told from what it was refused; and where the program was never started.
    public init(file path: String) throws(ObservationError) {
        let document: JSONDocument
        do {
            document = try Self.read(path)
        } catch let error as JSONError {
            throw ObservationError("\(path):\(error.position.line):\(error.position.column): \(error.pointer.isEmpty ? "" : "\(error.pointer): ")\(error.message)")
        } catch {
            throw ObservationError("\(error)")
        }
        try self.init(document.value, path: path)
    }

    /// Whether a file is a report, of whichever job: no policy has the field.
    public static func isReport(_ path: String) -> Bool {
        do { return try read(path).value["reportVersion"]?.integer != nil } catch { return false }
    }

    private static func read(_ path: String) throws -> JSONDocument {
        try JSONDocument(Array(try readText(path, limit: maximumSize).utf8), bounds: .init(size: maximumSize, depth: 32))
    }

    init(_ report: JSONValue, path: String) throws(ObservationError) {
        func fault(_ message: String) -> ObservationError { ObservationError("\(path): \(message)") }
        guard let section = report["syscalls"], let recorded = section["recorded"]?.string, let calls = section["calls"]?.array, let command = report["job"]?["command"]?.array else {
            throw fault("not a report of a job: no /job/command, /syscalls/recorded and /syscalls/calls")
        }
        let result = report["result"]
        reason = result?["reason"]?.string?.onOneLine ?? ""
        message = result?["message"]?.string?.onOneLine ?? "ended for \(reason)"
        wallNanos = report["time"]?["wallNanos"]?.integer.flatMap { $0 < 0 ? nil : $0 }
        if reason == "setup-failed" { throw fault("the program was never started: \(message)") }
        guard recorded == "all" else {
            throw fault("the report lists \(recorded == "none" ? "no system calls" : "denied system calls only"), and not what the program used; brig audit makes one that does")
        }
        self.path = path
        self.command = command.compactMap(\.string)
        exitCode = result?["exitCode"]?.integer
        signal = reason == "signaled" ? result?["signal"]?.string : nil
        // A report may be anybody's: a file must not pass for what is built in.
        policy = report["policy"]?["path"]?.string.map { ($0.onOneLine, report["policy"]?["builtIn"]?.bool == true && PolicyLoader.builtInNames.contains($0)) }
        overrides = (report["policy"]?["overrides"]?.array ?? []).map { ($0["pointer"]?.string ?? "", ($0["flag"]?.string ?? "").onOneLine) }
        let isComplete = section["complete"]?.bool ?? false
        let said = (section["gaps"]?.array ?? []).compactMap(\.string?.onOneLine)
        gaps = isComplete ? [] : said.isEmpty ? ["calls may have been lost"] : said
        var read: [Call] = []
        var total: Int64 = 0
        for (index, call) in calls.enumerated() {
            guard let call = Call(call) else { throw fault("/syscalls/calls/\(index): not a call with its name, number, ABI, count, verdict and arguments") }
            total += call.count
            guard total <= Self.maximumCount else { throw fault("/syscalls/calls/\(index): more calls than a job can make") }
            read.append(call)
        }
        self.calls = read
    }
}

extension ObservedCalls.Call {
    init?(_ value: JSONValue) {
        guard let told = value["name"]?.string, let number = value["number"]?.integer.flatMap({ UInt32(exactly: $0) }), let abi = value["abi"]?.string,
            let count = value["count"]?.integer, 1...ObservedCalls.maximumCount ~= count, let verdict = value["verdict"]?.string, let ran = value["ran"]?.bool,
            let facts = value["arguments"]?.array
        else { return nil }
        let arguments = facts.compactMap { ObservedCalls.Argument($0) }
        guard arguments.count == facts.count else { return nil }
        // By argument: no more than there were calls.
        var sums: [UInt8: Int64] = [:]
        for argument in arguments {
            guard argument.count <= count, sums[argument.index, default: 0] <= count - argument.count else { return nil }
            sums[argument.index, default: 0] += argument.count
        }
        let isNative = abi == SystemCallABI.native.rawValue
        let name = isNative ? SystemCallCatalog.name(of: number) ?? "syscall_\(number)" : told.onOneLine
        self.init(
            name: name, number: number, isNative: isNative, abi: abi.onOneLine, count: count, verdict: verdict.onOneLine, ran: ran, arguments: arguments,
            combinations: sums.values.allSatisfy { $0 == count } ? Self.combinations(value, arguments) : [])
    }

    /// Those of a call whose facts they add up to; else none.
    private static func combinations(_ call: JSONValue, _ facts: [ObservedCalls.Argument]) -> [ObservedCalls.Combination] {
        let places = Set(facts.map(\.index)).sorted()
        var left: [[UInt64: Int64]] = places.map { place in facts.reduce(into: [:]) { counts, fact in if fact.index == place { counts[fact.value, default: 0] += fact.count } } }
        var combinations: [ObservedCalls.Combination] = []
        for entry in call["combinations"]?.array ?? [] {
            let values = (entry["values"]?.array ?? []).compactMap { $0.string.flatMap(hexadecimal) }
            guard values.count == places.count, let count = entry["count"]?.integer, count > 0 else { return [] }
            for (index, value) in values.enumerated() {
                guard let rest = left[index][value], rest >= count else { return [] }
                left[index][value] = rest - count
            }
            combinations.append(.init(values: Dictionary(uniqueKeysWithValues: zip(places, values)), count: count))
        }
        return left.allSatisfy({ $0.values.allSatisfy { $0 == 0 } }) ? combinations : []
    }

    fileprivate static func hexadecimal(_ text: String) -> UInt64? { text.hasPrefix("0x") ? UInt64(text.dropFirst(2), radix: 16) : nil }
}

extension ObservedCalls.Argument {
    init?(_ value: JSONValue) {
        guard let index = value["index"]?.integer, 0...5 ~= index, let number = value["value"]?.string.flatMap(ObservedCalls.Call.hexadecimal),
            let count = value["count"]?.integer, count > 0
        else { return nil }
        self.init(index: UInt8(index), what: value["what"]?.string?.onOneLine ?? "argument \(index)", value: number, name: value["name"]?.string?.onOneLine, count: count)
    }
}

/// A report that no policy can be made of, or reports that do not go together.
public struct ObservationError: Error, Sendable, Equatable, CustomStringConvertible {
    public let description: String

    init(_ description: String) { self.description = description }
}
