internal import BrigJSON
internal import BrigPolicy
internal import BrigReport
internal import BrigRuntime
internal import BrigSystem
internal import Glibc

/// What is wrong with a command line, in one sentence.
struct UsageError: Error, Equatable, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// The command line of `brig run` and `brig audit`, read by hand: the launch path has no room for a parser that looks up conformances at run time.
struct RunArguments: Equatable {
    enum Capture: Equatable {
        case no
        case inReport
        case inDirectory(String)
    }

    var policy = "default"
    var report: ReportTarget?
    var overrides: [PolicyOverride] = []
    var labels: [String: String] = [:]
    var capture = Capture.no
    var hasTerminal = false
    /// Only for `brig audit`.
    var audit = JobRequest.Audit()
    var wantsHelp = false
    /// Nil where the image's own is asked for.
    var program: String?
    var arguments: [String] = []

    /// - Parameter words: what follows `brig run` or `brig audit`
    init(_ words: [String], _ command: RunOption.Command = .run) throws(UsageError) {
        var rest = words[...]
        while let word = rest.first {
            guard word.hasPrefix("-"), word != "-" else { break }
            rest.removeFirst()
            if word == "--" { break }
            let (option, attached) = try Self.option(word, command)
            switch option.argument {
            case .none:
                guard attached == nil else { throw UsageError("\(option.name) takes no value") }
                try set(option, "")
            case .optional: try set(option, attached ?? "")
            case .required(let what):
                guard let value = attached ?? rest.popFirst() else { throw UsageError("\(option.name) needs a value: \(option.name) \(what)") }
                try set(option, value)
            }
        }
        if wantsHelp { return }
        program = rest.popFirst()
        if program == "" { throw UsageError("no program to run: the name is empty") }
        arguments = Array(rest)
        try checkTogether()
    }

    /// Program and arguments as given.
    var words: [String] { program.map { [$0] + arguments } ?? [] }

    private static func option(_ word: String, _ command: RunOption.Command) throws(UsageError) -> (RunOption, String?) {
        if word == "-h" { return (.help, nil) }
        let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        // Compared one by one: init(rawValue:) builds a table of all names first, which costs more than all comparisons.
        if word.hasPrefix("--"), let option = RunOption.allCases.first(where: { $0.rawValue == parts[0].dropFirst(2) && $0.isTaken(by: command) }) { return (option, parts.count == 2 ? String(parts[1]) : nil) }
        if let advice = FamiliarOption.advice(on: parts[0]) { throw UsageError("unknown option \(parts[0]): \(advice)") }
        let near = Suggestion.nearest(to: String(parts[0]), among: RunOption.taken(by: command).map(\.name))
        throw UsageError("unknown option \(parts[0])" + (near.map { " (did you mean \($0)?)" } ?? "; see brig \(command.rawValue) --help"))
    }

    private func checkTogether() throws(UsageError) {
        if capture == .inReport, report == nil { throw UsageError("--capture keeps the output in the report: give --report, or --capture=DIR for files") }
        if capture != .no, hasTerminal { throw UsageError("--tty and --capture exclude each other") }
        if let stream = report?.sharedStream, capture == .no {
            throw UsageError("--report \(stream == 1 ? "-" : "fd:2") while the job's own output goes there; give --capture, or another place for the report")
        }
    }

    // MARK: One option

    private mutating func set(_ option: RunOption, _ value: String) throws(UsageError) {
        if value.utf8.contains(0) { throw UsageError("\(option.name): a value with a NUL") }
        func override(_ pointer: String, _ json: JSONValue) { overrides.append(PolicyOverride(pointer, json, flag: option.name)) }
        switch option {
        case .policy: policy = value
        case .report:
            do { report = try ReportTarget(value) } catch { throw UsageError("--report: \(error)") }
        case .rootfs: override("/rootfs/image", .string(value))
        case .memory: override("/limits/memory", .string(value))
        case .swap: override("/limits/swap", .string(value))
        case .pids: override("/limits/pids", number(value))
        case .cpus: override("/limits/cpus", number(value))
        case .timeout: override("/limits/wallTime", .string(value))
        case .cpuTime: override("/limits/cpuTime", .string(value))
        case .network:
            override("/namespaces/network", .string(value))
            // Typed by hand for this one job, it is accepted.
            if value == "host" { override("/namespaces/acceptRisk", true) }
        case .bind: override("/mounts/-", try Self.bind(value))
        case .tmpfs: override("/mounts/-", try Self.tmpfs(value))
        case .env:
            let (name, text) = try Self.pair(option, value)
            override("/process/environment/\(Self.escaped(name))", .string(text))
        case .inheritEnv: override("/process/inheritEnvironment/-", .string(value))
        case .workdir: override("/process/cwd", .string(value))
        case .hostname: override("/process/hostname", .string(value))
        case .user:
            let parts = value.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            override("/process/user", number(parts[0]))
            if parts.count == 2 { override("/process/group", number(parts[1])) }
        case .label:
            let (name, text) = try Self.pair(option, value)
            labels[name] = text
        case .capture: capture = value.isEmpty ? .inReport : .inDirectory(value)
        case .tty: hasTerminal = true
        case .files: audit.keepsFiles = true
        case .exec: audit.keepsPrograms = true
        case .addresses: audit.keepsAddresses = true
        case .engine:
            switch value {
            case "ebpf": audit.engine = .ebpf
            // Reports call it by the other name.
            case "notification", "seccomp-notify": audit.engine = .notification
            default: throw UsageError("--engine \(value): expected ebpf or notification")
            }
        case .help: wantsHelp = true
        }
    }

    /// A number where it looks like one; else the text, which the policy's validator then judges.
    private func number(_ text: String) -> JSONValue {
        if let whole = Int64(text) { return .integer(whole) }
        if let fraction = Double(text), fraction.isFinite { return .double(fraction) }
        return .string(text)
    }

    private static func pair(_ option: RunOption, _ value: String) throws(UsageError) -> (String, String) {
        guard let equals = value.firstIndex(of: "="), equals != value.startIndex else { throw UsageError("\(option.name) \(value): expected NAME=VALUE") }
        return (String(value[..<equals]), String(value[value.index(after: equals)...]))
    }

    private static func bind(_ value: String) throws(UsageError) -> JSONValue {
        var parts = value.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        var isReadOnly = true
        if parts.count == 3, parts[2] == "rw" || parts[2] == "ro" { isReadOnly = parts.removeLast() == "ro" }
        guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else { throw UsageError("--bind \(value): expected SRC:DST, SRC:DST:ro or SRC:DST:rw") }
        return ["type": "bind", "source": .string(try absolute(parts[0])), "target": .string(parts[1]), "readOnly": .bool(isReadOnly), "exec": true]
    }

    private static func tmpfs(_ value: String) throws(UsageError) -> JSONValue {
        let parts = value.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        guard parts.count <= 2, !parts[0].isEmpty else { throw UsageError("--tmpfs \(value): expected DST or DST:SIZE") }
        var members: [JSONValue.Member] = [.init("type", "tmpfs"), .init("target", .string(parts[0])), .init("readOnly", false)]
        if parts.count == 2 { members.append(.init("size", .string(parts[1]))) }
        return .object(members)
    }

    /// A source on the command line is meant from where the caller stands.
    private static func absolute(_ path: String) throws(UsageError) -> String {
        if path.hasPrefix("/") { return path }
        do {
            // The kernel's own path of the directory has no links, so what leads up from it is known.
            var directory = try readLink("/proc/self/cwd").split(separator: "/")[...]
            var names = path.split(separator: "/", omittingEmptySubsequences: false)[...]
            while let first = names.first, first == "." || first == ".." {
                names = names.dropFirst()
                if first == ".." { directory = directory.dropLast() }
            }
            while names.last?.isEmpty == true { names = names.dropLast() }
            return "/" + (directory + names).joined(separator: "/")
        } catch {
            throw UsageError("--bind \(path): \(error)")
        }
    }

    /// A name as a token of a JSON pointer (RFC 6901).
    private static func escaped(_ name: String) -> String {
        guard name.utf8.contains(where: { $0 == UInt8(ascii: "~") || $0 == UInt8(ascii: "/") }) else { return name }
        return name.unicodeScalars.map { $0 == "~" ? "~0" : $0 == "/" ? "~1" : String($0) }.joined()
    }
}
