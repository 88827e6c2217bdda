import BrigJSON
import BrigPolicy
import BrigSystem
import Glibc
import Testing

func load(_ text: String, overrides: [PolicyOverride] = []) throws -> Policy { try withFile(Array(text.utf8)) { try PolicyLoader.load($0, overrides: overrides) } }

/// The messages for a text, without the file's path.
func messages(_ text: String, overrides: [PolicyOverride] = []) throws -> [String] {
    try diagnostics(of: Array(text.utf8), overrides: overrides).map { diagnostic in
        guard case .file(_, let line, let column) = diagnostic.place else { return diagnostic.description }
        return "\(line):\(column): \(diagnostic.pointer): \(diagnostic.message)"
    }
}

@Suite struct PolicyDecodingTests {
    @Test func whatAPolicyDoesNotSayIsDenied() throws {
        let policy = try load(#"{"version": 1}"#)
        #expect(policy.rootfs.image == .host && !policy.rootfs.isScratch && policy.rootfs.scratchSize == ByteCount(64 << 20) && policy.rootfs.scratchInodes == 65_536)
        #expect(policy.mounts.isEmpty && policy.network == .none && policy.capabilities.retained == 0 && !policy.capabilities.isAmbient)
        #expect(policy.process.user == .number(65_534) && policy.process.group == .number(65_534) && policy.process.workingDirectory == "/" && policy.process.umask == 0o022)
        #expect(policy.process.environment.map(\.name) == ["PATH"] && policy.process.hostName == "brig" && policy.process.hasInit)
        #expect(policy.systemCalls.defaultAction == .errno(EPERM) && !policy.systemCalls.rules.contains { $0.action == .allow } && policy.systemCalls.record == .denied)
        #expect(policy.limits.pids == Demand(64) && policy.limits.memory == nil && policy.limits.swap == Demand(ByteCount(0)) && policy.limits.wallTime == .seconds(60))
        #expect(policy.limits.oomGroup && policy.limits.onOutput == .truncate && policy.limits.output == ByteCount(16 << 20) && policy.limits.coreSize == ByteCount(0))
        #expect(policy.appArmor.profile == "brig-job" && !policy.appArmor.isRequired)
        #expect(policy.onViolation == .deny)
    }

    @Test func faultsAreCollectedAndPlaced() throws {
        let text = """
            {
              "version": 1,
              "limits": {"memry": "1GiB", "pids": "many"},
              "syscalls": {"allow": ["read", "opnat", "@file-oi"], "default": "errno:ENOSSY"}
            }
            """
        #expect(
            try messages(text) == [
                "4:67: /syscalls/default: unknown error name in \"errno:ENOSSY\" (did you mean \"ENOSYS\"?)",
                "4:34: /syscalls/allow/1: unknown system call \"opnat\" (did you mean \"openat\"?)",
                "4:43: /syscalls/allow/2: unknown group \"@file-oi\" (did you mean \"@file-io\"?)",
                "3:14: /limits/memry: unknown field \"memry\" (did you mean \"memory\"?)",
                "3:39: /limits/pids: expected an integer from 1 to 4194304, found \"many\"",
            ])
    }

    @Test func faultsAreBounded() throws {
        let text = #"{"version": 1, "syscalls": {"allow": ["# + (0..<5000).map { "\"nosuchcall\($0)\"" }.joined(separator: ",") + "]}}"
        try withFile(Array(text.utf8)) { path in
            let error = #expect(throws: PolicyError.self) { try PolicyLoader.load(path) }
            #expect(error?.diagnostics.count == 100 && error?.omittedCount == 4900)
            #expect(error?.description.hasSuffix("and 4900 more") == true)
        }
    }

    @Test(arguments: [
        ("\"256MiB\"", 256 << 20, true), ("1048576", 1 << 20, true), (#"{"value": "1GiB", "required": false}"#, 1 << 30, false), (#"{"value": "1GiB"}"#, 1 << 30, true),
    ])
    func memoryIsAPlainSizeOrADemand(_ text: String, _ bytes: UInt64, _ isRequired: Bool) throws {
        #expect(try load(#"{"version": 1, "limits": {"memory": \#(text)}}"#).limits.memory == Demand(ByteCount(bytes), isRequired: isRequired))
    }

    @Test(
        arguments: [("\"500ms\"", Duration.milliseconds(500)), ("\"30s\"", .seconds(30)), ("\"10min\"", .seconds(600)), ("\"2h\"", .seconds(7200)), ("\"none\"", nil)]
            as [(String, Duration?)])
    func times(_ text: String, _ expected: Duration?) throws {
        #expect(try load(#"{"version": 1, "limits": {"wallTime": \#(text)}}"#).limits.wallTime == expected)
    }

    @Test func images() throws {
        let images: [(String, Policy.ImageReference)] = [
            ("host", .host), ("dir:/srv/a:b", .directory("/srv/a:b")), ("tar:root.tar", .tar("root.tar")), ("docker-archive:a.tar", .dockerArchive(path: "a.tar", tag: nil)),
            ("docker-archive:/x:y/a.tar:app:1", .dockerArchive(path: "/x:y/a.tar:app", tag: "1")), ("oci:dir:latest", .oci(path: "dir", tag: "latest")),
            ("squashfs:/a.img", .file("/a.img", .squashfs)), ("erofs:a:b", .file("a:b", .erofs)), ("debian:12", .stored("debian:12")),
        ]
        for (text, image) in images { #expect(try load(#"{"version": 1, "rootfs": {"image": "\#(text)"}}"#).rootfs.image == image) }
    }

    @Test func aNamedProfileIsRequiredUnlessSaidOtherwise() throws {
        #expect(
            try load(#"{"version": 1, "apparmor": {"profile": "mine"}}"#).appArmor
                == Policy.AppArmorPolicy?.some(try load(#"{"version": 1, "apparmor": {"profile": "mine", "required": true}}"#).appArmor))
        #expect(try !load(#"{"version": 1, "apparmor": {"profile": "mine", "required": false}}"#).appArmor.isRequired)
        #expect(try load(#"{"version": 1, "apparmor": {"profile": "unconfined"}}"#).appArmor.profile == nil)
    }

    @Test func anAddressIsNoGroundForARule() throws {
        let found = try messages(#"{"version": 1, "syscalls": {"rules": [{"names": ["openat"], "action": "allow", "args": [{"index": 1, "op": "equal", "value": 0}]}]}}"#)
        #expect(found.count == 1 && found[0].contains("/syscalls/rules/0/args/0/index: argument 1 of openat is an address"))
    }
}

@Suite struct SystemCallRuleTests {
    private func rules(_ syscalls: String, of name: String) throws -> [SystemCallPolicy.Rule] {
        let number = try #require(SystemCallCatalog.entry(name)?.number)
        return try load(#"{"version": 1, "syscalls": \#(syscalls)}"#).systemCalls.rules.filter { $0.number == number }
    }

    @Test func groupsBecomeOneRuleACall() throws {
        let rules = try rules(#"{"allow": ["@file-io", "@network", "@network-client", "read"]}"#, of: "read")
        #expect(rules.count == 1 && rules[0].action == .allow && rules[0].conditions.isEmpty)
        #expect(try self.rules(#"{"allow": ["@network", "@network-client"]}"#, of: "socket").count == 1)
    }

    @Test func theMoreSevereDenialStays() throws {
        #expect(try rules(#"{"deny": [{"names": ["@debug"], "action": "errno:ENOSYS"}, {"names": ["ptrace"], "action": "kill"}]}"#, of: "ptrace").map(\.action) == [.kill])
        #expect(try rules(#"{"default": "kill", "deny": ["ptrace"]}"#, of: "ptrace").map(\.action) == [.kill])
        #expect(try rules(#"{"default": "log", "deny": ["ptrace"]}"#, of: "ptrace").map(\.action) == [.errno(EPERM)])
    }

    @Test func callsThatHideOthersAreAnsweredENOSYSUnlessAllowed() throws {
        for name in ["clone3", "io_uring_setup", "io_uring_enter", "io_uring_register"] {
            // The C library tries clone3 for every thread: that is no violation.
            let answer: SystemCallPolicy.Action = name == "clone3" ? .absent : .errno(ENOSYS)
            #expect(try rules("{}", of: name).map(\.action) == [answer])
            #expect(try rules(#"{"default": "kill", "allow": ["@file-io"]}"#, of: name).map(\.action) == [answer])
            #expect(try rules(#"{"allow": ["\#(name)"]}"#, of: name).map(\.action) == [.allow])
            #expect(try rules(#"{"deny": [{"names": ["\#(name)"], "action": "kill"}]}"#, of: name).map(\.action) == [.kill])
        }
    }

    @Test func valuesAreReadAsTheKernelReadsThem() throws {
        func condition(_ name: String, _ text: String) throws -> SystemCallPolicy.Condition? {
            try rules(#"{"rules": [{"names": ["\#(name)"], "action": "errno:EPERM", "args": [\#(text)]}]}"#, of: name).first?.conditions.first
        }
        #expect(try condition("ioctl", #"{"index": 1, "op": "equal", "value": "TIOCSTI"}"#) == .init(index: 1, comparison: .equal, value: 0x5412, isWord: true))
        #expect(
            try condition("clone", #"{"index": 0, "op": "maskedEqual", "value": "CLONE_NEWUSER|CLONE_NEWNS", "mask": "0x10020000"}"#)
                == .init(index: 0, comparison: .maskedEqual, value: 0x1002_0000, mask: 0x1002_0000, isWord: true))
        #expect(try condition("personality", #"{"index": 0, "op": "notEqual", "value": -1}"#) == .init(index: 0, comparison: .notEqual, value: 0xFFFF_FFFF, isWord: true))
        #expect(try condition("mmap", #"{"index": 2, "op": "equal", "value": "PROT_READ|PROT_EXEC"}"#) == .init(index: 2, comparison: .equal, value: 5, isWord: false))
        #expect(
            try rules(#"{"rules": [{"names": ["clone"], "action": "kill", "args": [{"index": 0, "op": "anyBit", "value": "CLONE_NEWUSER|CLONE_NEWNS"}]}]}"#, of: "clone").map(
                \.conditions) == [
                    [.init(index: 0, comparison: .maskedEqual, value: 0x2_0000, mask: 0x2_0000, isWord: true)],
                    [.init(index: 0, comparison: .maskedEqual, value: 0x1000_0000, mask: 0x1000_0000, isWord: true)],
                ])
        // Of a file mode only 16 bits count, so a job cannot slip past by setting others.
        #expect(
            try condition("fchmod", #"{"index": 1, "op": "equal", "value": "S_ISUID"}"#) == .init(index: 1, comparison: .maskedEqual, value: 0o4000, mask: 0xFFFF, isWord: true))
    }

    @Test(arguments: [
        (#"{"allow": ["read"], "deny": ["read"]}"#, "listed in both"),
        (#"{"allow": ["read", "read"]}"#, "listed twice"),
        (#"{"allow": ["@process"], "rules": [{"names": ["clone"], "action": "allow", "args": [{"index": 0, "op": "equal", "value": 0}]}]}"#, "never reached"),
        (#"{"deny": ["clone"], "rules": [{"names": ["clone"], "action": "allow", "args": [{"index": 0, "op": "equal", "value": 0}]}]}"#, "never reached"),
        (#"{"rules": [{"names": ["clone"], "action": "allow", "args": [{"index": 0, "op": "maskedEqual", "value": 3, "mask": 1}]}]}"#, "can never hold"),
        (#"{"allow": ["listxattrat"], "baseline": "mseal"}"#, "newer than the baseline"),
        (#"{"rules": [{"names": ["read"], "action": "allow", "args": [{"index": 3, "op": "equal", "value": 0}]}]}"#, "read has 3 arguments"),
    ])
    func contradictionsAreErrors(_ syscalls: String, _ expected: String) throws {
        let found = try messages(#"{"version": 1, "syscalls": \#(syscalls)}"#)
        #expect(found.count == 1 && found[0].contains(expected), "\(found)")
    }

    @Test func callsOfOtherArchitecturesAreAccepted() throws {
        #expect(try messages(#"{"version": 1, "syscalls": {"allow": ["mmap2", "read", "sigreturn"]}}"#) == [])
    }
}
