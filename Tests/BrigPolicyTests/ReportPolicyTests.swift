import BrigJSON
import BrigPolicy
import Glibc
import TestSupport
import Testing

/// Policies of reports, and reports beside policies: on reports that are written here, as `brig audit` writes them.
@Suite struct ReportPolicyTests {
    /// One of `syscalls.calls`; `arguments` are index, value, name and count.
    private func call(
        _ name: String, _ count: Int64, verdict: String = "allow", ran: Bool = true, abi: String? = nil, _ arguments: (Int64, String, String?, Int64)...
    ) throws -> JSONValue {
        try call(name, count, verdict: verdict, ran: ran, abi: abi, arguments)
    }

    private func call(
        _ name: String, _ count: Int64, verdict: String = "allow", ran: Bool = true, abi: String? = nil, _ arguments: [(Int64, String, String?, Int64)]
    ) throws -> JSONValue {
        let number = try #require(SystemCallCatalog.entry(name)?.number)
        let facts: [JSONValue] = arguments.map { ["index": .integer($0.0), "what": "fact", "value": .string($0.1), "name": $0.2.map { .string($0) } ?? .null, "count": .integer($0.3)] }
        return [
            "name": .string(name), "number": .integer(Int64(number)), "abi": .string(abi ?? SystemCallABI.native.rawValue), "count": .integer(count), "verdict": .string(verdict),
            "ran": .bool(ran), "arguments": .array(facts),
        ]
    }

    private func report(
        _ calls: [JSONValue], recorded: String = "all", gaps: [JSONValue] = [], policy: JSONValue = ["path": "build", "builtIn": true, "overrides": []]
    ) -> JSONValue {
        [
            "job": ["command": ["prog", "a b"]], "policy": policy, "result": ["exitCode": 0],
            "syscalls": ["recorded": .string(recorded), "complete": .bool(gaps.isEmpty), "gaps": .array(gaps), "calls": .array(calls)],
        ]
    }

    private func observed(_ reports: JSONValue...) throws -> [ObservedCalls] {
        try Fixture.run { fixture in
            try reports.enumerated().map { index, report in try ObservedCalls(file: fixture.write("\(index).json", String(decoding: report.encoded(pretty: true), as: UTF8.self))) }
        }
    }

    private func resolve(_ policy: ReportPolicy) throws -> PolicyLoader.Resolved { try PolicyLoader.resolve(text: policy.document.encoded(pretty: true), path: "p.json") }

    /// The rules of a call: their arguments and their reason.
    private func rules(_ policy: ReportPolicy, _ name: String) -> [(arguments: [JSONValue], reason: String)] {
        (policy.document["syscalls"]?["rules"]?.array ?? []).filter { $0["names"] == [.string(name)] }.map { ($0["args"]?.array ?? [], $0["reason"]?.string ?? "") }
    }

    @Test func `what was seen is allowed and nothing else, each rule with where it comes from`() throws {
        let reports = try observed(report([call("read", 3), call("write", 1)]), report([call("read", 2), call("getpid", 1)]))
        let policy = try ReportPolicy(reports, base: nil)
        #expect(policy.document["base"] == "build" && policy.notes == [])
        let first = reports[0].path, second = reports[1].path
        #expect(rules(policy, "read").map(\.reason) == ["seen 3 times in \(first) and 2 times in \(second)"])
        #expect(rules(policy, "write").map(\.reason) == ["seen once in \(first)"])
        let resolved = try resolve(policy)
        let allowed = Set(resolved.policy.systemCalls.rules.filter { $0.action == .allow }.compactMap { SystemCallCatalog.name(of: $0.number) })
        #expect(allowed == ["read", "write", "getpid", "exit", "exit_group"])
        #expect(resolved.policy.systemCalls.defaultAction == .errno(EPERM) && resolved.policy.rootfs.isScratch, "the rest is the base's")
        for report in reports { #expect(try ReportDifference(resolved.policy.systemCalls, report).usedButNotAllowed == []) }
        #expect(try PolicyLint.findings(resolved).map(\.description) == [])
    }

    @Test func `values of arguments become conditions`() throws {
        let reports = try observed(
            report([
                call("socket", 3, (0, "0x1", "AF_UNIX", 2), (0, "0x2", "AF_INET", 1), (1, "0x80001", "SOCK_STREAM|SOCK_CLOEXEC", 3), (2, "0x0", nil, 3)),
                call("clone", 2, (0, "0x1200011", "CLONE_CHILD_CLEARTID|CLONE_CHILD_SETTID", 2)),
                call("prctl", 1, (0, "0xf", "PR_SET_NAME", 1)),
            ]))
        let policy = try ReportPolicy(reports, base: nil)
        #expect(
            rules(policy, "socket").map(\.arguments) == [
                [["index": 0, "op": "equal", "value": "AF_UNIX"], ["index": 1, "op": "equal", "value": "SOCK_STREAM|SOCK_CLOEXEC"], ["index": 2, "op": "equal", "value": "0x0"]],
                [["index": 0, "op": "equal", "value": "AF_INET"], ["index": 1, "op": "equal", "value": "SOCK_STREAM|SOCK_CLOEXEC"], ["index": 2, "op": "equal", "value": "0x0"]],
            ])
        // The name does not say the signal, so the number stands there.
        #expect(rules(policy, "clone").map(\.arguments) == [[["index": 0, "op": "equal", "value": "0x1200011"]]])
        #expect(rules(policy, "prctl").map(\.arguments) == [[["index": 0, "op": "equal", "value": "PR_SET_NAME"]]])
        let calls = try resolve(policy).policy.systemCalls
        #expect(try ReportDifference(calls, reports[0]).usedButNotAllowed == [])
        let other = try observed(report([call("socket", 1, (0, "0xa", "AF_INET6", 1), (1, "0x80001", nil, 1)), call("prctl", 2, (0, "0x10", nil, 2))]))
        #expect(try ReportDifference(calls, other[0]).usedButNotAllowed == ["socket with fact AF_INET6: once", "prctl with fact 0x10: 2 times"])
    }

    /// A socket call's arguments are several; where a report tells which came together, no others are allowed.
    @Test func `only combinations that were seen are allowed`() throws {
        func sockets(_ combinations: [([String], Int64)]) throws -> JSONValue {
            var values: [JSONValue.Member] = try #require(
                call("socket", 3, (0, "0x2", "AF_INET", 2), (0, "0x10", "AF_NETLINK", 1), (1, "0x1", "SOCK_STREAM", 2), (1, "0x3", "SOCK_RAW", 1), (2, "0x6", nil, 2), (2, "0x0", nil, 1)).members)
            let told: [JSONValue] = combinations.map { ["values": .array($0.0.map { .string($0) }), "count": .integer($0.1)] }
            values.append(.init("combinations", .array(told)))
            return .object(values)
        }
        let reports = try observed(report([sockets([(["0x2", "0x1", "0x6"], 2), (["0x10", "0x3", "0x0"], 1)])]))
        let policy = try ReportPolicy(reports, base: nil)
        #expect(
            rules(policy, "socket").map(\.arguments) == [
                [["index": 0, "op": "equal", "value": "AF_INET"], ["index": 1, "op": "equal", "value": "SOCK_STREAM"], ["index": 2, "op": "equal", "value": "0x6"]],
                [["index": 0, "op": "equal", "value": "AF_NETLINK"], ["index": 1, "op": "equal", "value": "SOCK_RAW"], ["index": 2, "op": "equal", "value": "0x0"]],
            ])
        let calls = try resolve(policy).policy.systemCalls
        #expect(try ReportDifference(calls, reports[0]).usedButNotAllowed == [])
        let crossed = try observed(report([sockets([(["0x2", "0x1", "0x6"], 1), (["0x2", "0x3", "0x0"], 1), (["0x10", "0x1", "0x6"], 1)])]))[0]
        #expect(try ReportDifference(calls, crossed).usedButNotAllowed == ["socket with AF_INET, SOCK_RAW, 0x0: once", "socket with AF_NETLINK, SOCK_STREAM, 0x6: once"])
        // One that does not tell all of them, beside one that does.
        for short in [[], [(["0x2", "0x1", "0x6"], 2)], [(["0x2", "0x1"], 3)], [(["0x2", "0x1", "0x6"], .max), (["0x10", "0x3", "0x0"], .max)], [(["0x2", "0x9", "0x6"], 3)]] as [[([String], Int64)]] {
            #expect(try rules(ReportPolicy(observed(report([sockets(short)])), base: nil), "socket").count == 8, "\(short)")
        }
    }

    /// Reports may be anybody's.
    @Test func `counts that cannot be are refused`() throws {
        let most = Int64(1) << 50
        for calls in [
            [try call("read", .max)], [try call("read", most), try call("write", 1)], [try call("prctl", 1, (0, "0xf", nil, .max), (0, "0x10", nil, .max))],
            [try call("prctl", 1, (0, "0xf", nil, 1), (0, "0x10", nil, 1))], [try call("prctl", 1, (0, "0xf", nil, 0))], [try call("prctl", 1, (0, "0xf", nil, -1))],
        ] {
            #expect(throws: ObservationError.self) { try observed(report(calls)) }
        }
        #expect(try observed(report([try call("read", most)]), report([try call("read", most)])).count == 2)
    }

    /// As many as a program likes: other calls are told all the same.
    @Test func `values too many to compare hide no other call`() throws {
        let text = #"""
            {"version": 1, "syscalls": {"allow": ["socket"], "rules": [
              {"names": ["socket"], "action": "errno:EPERM", "args": [{"index": 0, "op": "equal", "value": 5}, {"index": 1, "op": "equal", "value": 6}]}]}}
            """#
        let calls = try PolicyLoader.resolve(text: Array(text.utf8), path: "p.json").policy.systemCalls
        let facts = (0..<70).flatMap { value in (0..<3).map { (Int64($0), "0x\(String(value, radix: 16))", String?.none, Int64(1)) } }
        var crowded = try #require(call("socket", 70, facts).members)
        let told = try observed(report([.object(crowded), call("ptrace", 1)]))[0]
        #expect(try ReportDifference(calls, told).usedButNotAllowed.map { $0.prefix(15) } == ["socket, perhaps", "ptrace: once"])
        crowded.append(.init("combinations", .array((0..<70).map { value in ["values": .array((0..<3).map { _ in .string("0x\(String(value, radix: 16))") }), "count": 1] })))
        let exact = try observed(report([.object(crowded), call("ptrace", 1)]))[0]
        #expect(try ReportDifference(calls, exact).usedButNotAllowed == ["ptrace: once"])
    }

    /// Arguments that the report does not keep, and values of which it does not tell which came together.
    @Test func `what a report does not tell of a call is not taken for allowed`() throws {
        let text = #"""
            {"version": 1, "syscalls": {"allow": ["socket", "lseek"], "rules": [
              {"names": ["socket"], "action": "errno:EPERM", "args": [{"index": 0, "op": "equal", "value": "AF_INET"}, {"index": 1, "op": "equal", "value": "SOCK_RAW"}]},
              {"names": ["lseek"], "action": "errno:EPERM", "args": [{"index": 2, "op": "equal", "value": 2}]}]}}
            """#
        let calls = try PolicyLoader.resolve(text: Array(text.utf8), path: "p.json").policy.systemCalls
        func differences(_ call: JSONValue) throws -> [String] { try ReportDifference(calls, observed(report([call]))[0]).usedButNotAllowed }
        let inet = (Int64(0), "0x2", "AF_INET" as String?, Int64(1)), unix = (Int64(0), "0x1", "AF_UNIX" as String?, Int64(1))
        let stream = (Int64(1), "0x1", "SOCK_STREAM" as String?, Int64(1)), raw = (Int64(1), "0x3", "SOCK_RAW" as String?, Int64(1))
        #expect(try differences(call("socket", 2, inet, unix, (1, "0x1", "SOCK_STREAM", 2))) == [])
        #expect(try differences(call("socket", 1, unix, raw)) == [])
        #expect(try differences(call("socket", 2, inet, unix, stream, raw)).map { $0.hasPrefix("socket, perhaps: ") } == [true])
        #expect(try differences(call("socket", 1, inet, raw)).count == 1)
        #expect(try differences(call("lseek", 1)).map { $0.hasPrefix("lseek, perhaps: ") } == [true])
        #expect(try differences(call("lseek", 1, (2, "0x0", nil, 1))) == [])
        #expect(try differences(call("lseek", 2, (2, "0x0", nil, 1))).count == 1)
        #expect(try differences(call("lseek", 1, (2, "0x2", nil, 1))) == ["lseek with fact 0x2: once"])
    }

    @Test func `files that were only read are not opened for writing`() throws {
        let reports = try observed(report([call("openat", 5, (2, "0x80000", "O_RDONLY|O_CLOEXEC", 4), (2, "0x10000", "O_RDONLY|O_DIRECTORY", 1))]))
        let policy = try ReportPolicy(reports, base: nil)
        let calls = try resolve(policy).policy.systemCalls
        let number = try #require(SystemCallCatalog.entry("openat")?.number)
        #expect(calls.rules.filter { $0.number == number }.map(\.conditions) == [[.init(index: 2, comparison: .maskedEqual, value: 0, mask: 0xfff6_ffff, isWord: true)]])
        #expect(rules(policy, "openat").first?.reason.hasSuffix("in any combination of those seen: O_RDONLY|O_CLOEXEC, O_RDONLY|O_DIRECTORY") == true)
    }

    @Test func `what the facts cannot decide is widened and said`() throws {
        // One of three calls had a value that the report did not keep.
        let shortReport = try observed(report([call("prctl", 3, (0, "0xf", "PR_SET_NAME", 2))]))
        let short = try ReportPolicy(shortReport, base: nil, acceptsGaps: true)
        #expect(rules(short, "prctl").map(\.arguments) == [[]])
        #expect(rules(short, "prctl").first?.reason.contains("any fact, as a report does not have the values of all calls") == true)
        let pairs = try ReportPolicy(observed(report([call("socket", 2, (0, "0x1", nil, 1), (0, "0x2", nil, 1), (1, "0x1", nil, 1), (1, "0x2", nil, 1), (2, "0x0", nil, 2))])), base: nil)
        #expect(rules(pairs, "socket").count == 4)
        #expect(rules(pairs, "socket").allSatisfy { $0.reason.contains("one of 4 rules for what was seen 2 times") && $0.reason.contains("with any fact that was seen") })
    }

    /// A program that fills a report with values of one call would hide those of another.
    @Test func `values that a report does not keep make no wide policy by themselves`() throws {
        for facts in [try call("clone", 1), try call("clone", 2, (0, "0x1200011", nil, 1))] {
            let reports = try observed(report([facts]))
            let error = #expect(throws: ObservationError.self) { try ReportPolicy(reports, base: nil) }
            #expect(error?.description.contains("clone") == true && error?.description.contains("--incomplete") == true)
            let accepted = try ReportPolicy(reports, base: nil, acceptsGaps: true)
            #expect(accepted.document["syscalls"]?["accept"] == [], "the linter's word about it stands")
            #expect(try PolicyLint.findings(try resolve(accepted)).contains { $0.call == "clone" })
        }
    }

    /// Nor by values that it keeps, and that are too many for rules.
    @Test func `values too many for rules make no wide policy by themselves`() throws {
        let requests = (0..<65).map { (Int64(1), "0x\(String(0x7000 + $0, radix: 16))", String?.none, Int64(1)) }
        let socket = (0..<9).flatMap { value in (0..<2).map { (Int64($0), "0x\(value)", String?.none, Int64(1)) } } + [(2, "0x0", nil, 9)]
        for (name, facts, count) in [("ioctl", requests, Int64(65)), ("socket", socket, 9)] {
            let reports = try observed(report([try call(name, count, facts)]))
            let error = #expect(throws: ObservationError.self) { try ReportPolicy(reports, base: nil) }
            #expect(error?.description.contains("are too many for rules") == true && error?.description.contains("--incomplete") == true)
            let accepted = try ReportPolicy(reports, base: nil, acceptsGaps: true)
            #expect(accepted.document["syscalls"]?["accept"] == [], "the linter's word about it stands")
        }
        let few = try ReportPolicy(observed(report([try call("ioctl", 64, Array(requests.dropLast()))])), base: nil)
        #expect(rules(few, "ioctl").count == 64)
        #expect(try !PolicyLint.findings(try resolve(few)).contains { $0.call == "ioctl" })
    }

    @Test func `what the audit's policy refuses is allowed with a word`() throws {
        let policy = try ReportPolicy(observed(report([call("read", 1), call("socket", 1, verdict: "EAFNOSUPPORT", (0, "0x11", "AF_PACKET", 1), (1, "0x3", nil, 1), (2, "0x0", nil, 1))])), base: nil)
        #expect(policy.notes.count == 1 && policy.notes[0].hasPrefix("socket: refused"))
        #expect(rules(policy, "socket").count == 1)
    }

    @Test func `calls that depend on the moment are allowed beside what they go with`() throws {
        let policy = try ReportPolicy(observed(report([call("rt_sigaction", 1), call("set_robust_list", 1)])), base: nil)
        let names = (policy.document["syscalls"]?["rules"]?.array ?? []).compactMap { rule in rule["reason"]?.string?.hasPrefix("not seen") == true ? rule["names"] : nil }
        #expect(names.contains(["rt_sigreturn"]))
        #expect(names.contains { $0.array?.contains("futex") == true })
    }

    @Test func `what was refused or cannot be allowed stays so, and is said`() throws {
        let policy = try ReportPolicy(
            observed(report([call("read", 1), call("ptrace", 1, verdict: "EPERM", ran: false), call("clone3", 1, verdict: "absent", ran: false), call("getpid", 1, abi: "i386")])),
            base: nil)
        #expect(policy.notes.count == 2)
        #expect(policy.notes.contains { $0.contains("ptrace was refused") } && policy.notes.contains { $0.contains("through i386") })
        #expect(rules(policy, "ptrace").isEmpty && rules(policy, "clone3").isEmpty && rules(policy, "getpid").isEmpty)
        #expect(policy.document["description"]?.string?.contains("ptrace was refused") == true)
    }

    @Test func `reports that do not show all are refused`() throws {
        let denied = #expect(throws: ObservationError.self) { try observed(report([], recorded: "denied")) }
        #expect(denied?.description.contains("brig audit") == true)
        #expect(throws: ObservationError.self) { try observed(["version": 1]) }
        #expect(throws: ObservationError.self) { try observed(report([["name": "read"]])) }
        let gaps = try observed(report([call("read", 1)], gaps: ["the first calls may be missing"]))
        #expect(throws: ObservationError.self) { try ReportPolicy(gaps, base: nil) }
        let accepted = try ReportPolicy(gaps, base: nil, acceptsGaps: true)
        #expect(accepted.document["description"]?.string?.contains("the first calls may be missing") == true)
    }

    @Test func `a base is named, or is the one policy of the reports`() throws {
        let own = report([try call("read", 1)], policy: ["path": "own.json", "builtIn": false, "overrides": [["pointer": "/mounts/-", "flag": "--bind"]]])
        #expect(throws: ObservationError.self) { try ReportPolicy(observed(own), base: nil) }
        let policy = try ReportPolicy(observed(own), base: "strict")
        #expect(policy.document["base"] == "strict")
        #expect(policy.notes.contains { $0.contains("--bind, which is not in the policy") })
        #expect(throws: ObservationError.self) { try ReportPolicy(observed(report([]), report([], policy: ["path": "strict", "builtIn": true])), base: nil) }
    }

    @Test func `a policy beside a report: used and not allowed, allowed and not used`() throws {
        let report = try observed(report([call("read", 2), call("bpf", 1), call("getpid", 3, abi: "x32")]))[0]
        let policy = try PolicyLoader.resolve(text: Array(#"{"version": 1, "syscalls": {"allow": ["read", "write"]}}"#.utf8), path: "p.json").policy
        let difference = try ReportDifference(policy.systemCalls, report)
        #expect(difference.usedButNotAllowed == ["bpf: once", "getpid through x32: 3 times"])
        #expect(difference.allowedButNotUsed == ["write"])
    }
}
