internal import BrigJSON

extension JobReport {
    /// `syscalls`
    public struct SystemCalls: Sendable, Equatable {
        public enum Recorded: String, Sendable { case denied, all, none }
        public var recorded: Recorded = .denied
        /// Whether the policy's verdicts were in force; false in an audit.
        public var isEnforced = true
        /// Why calls may be missing, a sentence each. Empty: none can have been lost.
        public var gaps: [String] = []
        /// What counted them: `seccomp-notify`, `ebpf`.
        public var engine: String?
        /// By call, ABI and verdict, in the report's order.
        public var calls: [Call] = []
        /// Nil where they were not asked for.
        public var files: [OpenedFile]?
        public var executed: [ExecutedProgram]?
        public var addresses: [Address]?
        public init() {}

        /// Calls by name.
        public var counts: [String: UInt64] { calls.reduce(into: [:]) { counts, call in counts[call.name, default: 0] += call.count } }
    }

    /// One of `syscalls.calls`.
    public struct Call: Sendable, Equatable {
        public var name: String
        /// In its ABI.
        public var number: UInt32
        /// `x86_64`, `x32`, `i386`, `aarch64`, `arm`, or the audit architecture in hexadecimal
        public var abi: String
        public var count: UInt64
        /// What the policy says: `allow`, `log`, an errno's name, `kill`, or `absent`
        public var verdict: String
        /// The kernel was let to run it.
        public var ran: Bool
        public var arguments: [ArgumentFact]
        /// Of a call with several such arguments, values that came together.
        public var combinations: [Combination]
        public init(
            name: String, number: UInt32, abi: String, count: UInt64, verdict: String, ran: Bool, arguments: [ArgumentFact] = [], combinations: [Combination] = []
        ) {
            self.name = name
            self.number = number
            self.abi = abi
            self.count = count
            self.verdict = verdict
            self.ran = ran
            self.arguments = arguments
            self.combinations = combinations
        }
    }

    /// One of `syscalls.calls[].arguments`: a value of an argument that a policy can hold a call to.
    public struct ArgumentFact: Sendable, Equatable {
        /// 0 to 5
        public var index: Int
        /// `socket family`
        public var what: String
        public var value: UInt64
        /// `AF_INET`, `CLONE_VM|CLONE_FS`; nil for a value without a name.
        public var name: String?
        public var count: UInt64
        public init(index: Int, what: String, value: UInt64, name: String?, count: UInt64) {
            self.index = index
            self.what = what
            self.value = value
            self.name = name
            self.count = count
        }
    }

    /// One of `syscalls.calls[].combinations`: a value for each argument of which there are facts, in the order of their places.
    public struct Combination: Sendable, Equatable {
        public var values: [UInt64]
        public var count: UInt64
        public init(values: [UInt64], count: UInt64) {
            self.values = values
            self.count = count
        }
    }

    /// One of `syscalls.files`. A nil path stands for one that could not be read, or for all beyond the bound.
    public struct OpenedFile: Sendable, Hashable {
        public enum Access: String, Sendable, CaseIterable {
            case read, write, path
            case readWrite = "read-write"
        }
        public var path: String?
        public var access: Access?
        /// The call asks to create it.
        public var creates: Bool
        /// `ok` or the errno's name; nil where the job's end came first, or for the others.
        public var result: String?
        public var count: UInt64
        public init(path: String?, access: Access?, creates: Bool, result: String?, count: UInt64) {
            self.path = path
            self.access = access
            self.creates = creates
            self.result = result
            self.count = count
        }
    }

    /// One of `syscalls.executed`. A nil path stands for one that could not be read, or for all beyond the bound.
    public struct ExecutedProgram: Sendable, Hashable {
        public var path: String?
        /// `ok` or the errno's name; nil where the job's end came first, or for the others.
        public var result: String?
        public var count: UInt64
        public init(path: String?, result: String?, count: UInt64) {
            self.path = path
            self.result = result
            self.count = count
        }
    }

    /// One of `syscalls.addresses`. A nil address stands for one that could not be read, or for all beyond the bound.
    public struct Address: Sendable, Hashable {
        /// `connect` or `bind`; nil for all beyond the bound.
        public var call: String?
        /// `AF_INET`
        public var family: String?
        /// `192.0.2.1:80`, `[2001:db8::1]:80`, a path, `@name`
        public var address: String?
        /// `ok` or the errno's name; nil where the job's end came first, or for the others.
        public var result: String?
        public var count: UInt64
        public init(call: String?, family: String?, address: String?, result: String?, count: UInt64) {
            self.call = call
            self.family = family
            self.address = address
            self.result = result
            self.count = count
        }
    }
}

extension JobReport.SystemCalls {
    var json: JSONValue {
        .fields(
            ("recorded", .string(recorded.rawValue)), ("enforced", .bool(isEnforced)), ("complete", .bool(gaps.isEmpty)), ("gaps", .texts(gaps)), ("engine", .text(engine)),
            ("counts", .sorted(counts) { .figure($0) }), ("calls", .array(calls.map(\.json))), ("files", files.map { .array($0.map(\.json)) } ?? .null),
            ("executed", executed.map { .array($0.map(\.json)) } ?? .null), ("addresses", addresses.map { .array($0.map(\.json)) } ?? .null))
    }
}

extension JobReport.Call {
    var json: JSONValue {
        .fields(
            ("name", .string(name)), ("number", .integer(Int64(number))), ("abi", .string(abi)), ("count", .figure(count)), ("verdict", .string(verdict)), ("ran", .bool(ran)),
            ("arguments", .array(arguments.map(\.json))), ("combinations", .array(combinations.map(\.json))))
    }
}

extension JobReport.Combination {
    var json: JSONValue { .fields(("values", .array(values.map { .string("0x" + String($0, radix: 16)) })), ("count", .figure(count))) }
}

extension JobReport.ArgumentFact {
    var json: JSONValue {
        .fields(
            ("index", .count(index)), ("what", .string(what)), ("value", .string("0x" + String(value, radix: 16))), ("name", .text(name)), ("count", .figure(count)))
    }
}

extension JobReport.OpenedFile {
    var json: JSONValue {
        .fields(("path", .text(path)), ("access", .text(access?.rawValue)), ("creates", .bool(creates)), ("result", .text(result)), ("count", .figure(count)))
    }
}

extension JobReport.ExecutedProgram {
    var json: JSONValue { .fields(("path", .text(path)), ("result", .text(result)), ("count", .figure(count))) }
}

extension JobReport.Address {
    var json: JSONValue {
        .fields(("call", .text(call)), ("family", .text(family)), ("address", .text(address)), ("result", .text(result)), ("count", .figure(count)))
    }
}
