import BrigJSON
import BrigPolicy
import Glibc
import TestSupport
import Testing

/// Seccomp profiles of container engines: read whole or refused, and merged before what the policy says itself.
@Suite struct OCIProfileTests {
    private func policy(_ profile: String, _ more: String = "", capabilities: String = "[]") throws -> Policy {
        try load(#"{"version": 1, "capabilities": {"retain": \#(capabilities)}, "syscalls": {"profile": \#(profile)\#(more)}}"#)
    }

    private func rules(_ policy: Policy, _ name: String) throws -> [SystemCallPolicy.Rule] {
        let number = try #require(SystemCallCatalog.entry(name)?.number)
        return policy.systemCalls.rules.filter { $0.number == number }
    }

    /// What an entry makes of a call, in circumstances.
    private func allows(_ entry: String, capabilities: String = "[]", _ name: String = "getpid") throws -> Bool {
        let profile = #"{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{"names": ["\#(name)"], "action": "SCMP_ACT_ALLOW", \#(entry)}]}"#
        return try rules(policy(profile, capabilities: capabilities), name).contains { $0.action == .allow }
    }

    @Test func defaultsAndErrorNumbersAreThoseOfTheProfile() throws {
        let profile = #"{"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 38, "syscalls": [{"names": ["getpid"], "action": "SCMP_ACT_ERRNO", "errnoRet": 13}]}"#
        let calls = try policy(profile)
        #expect(calls.systemCalls.defaultAction == .errno(ENOSYS))
        #expect(try rules(calls, "getpid").map(\.action) == [.errno(EACCES)])
        #expect(try policy(#"{"defaultAction": "SCMP_ACT_ERRNO"}"#).systemCalls.defaultAction == .errno(EPERM))
        #expect(try policy(#"{"defaultAction": "SCMP_ACT_KILL_PROCESS"}"#).systemCalls.defaultAction == .kill)
        #expect(try policy(profile, #", "default": "errno:EIO""#).systemCalls.defaultAction == .errno(EIO), "the policy's own comes on top")
    }

    @Test func entriesDependOnCapabilitiesArchitectureAndKernel() throws {
        #expect(try !allows(#""includes": {"caps": ["CAP_SYS_TIME"]}"#))
        #expect(try allows(#""includes": {"caps": ["CAP_SYS_TIME"]}"#, capabilities: #"["SYS_TIME"]"#))
        #expect(try !allows(#""includes": {"caps": ["CAP_SYS_TIME", "CAP_CHOWN"]}"#, capabilities: #"["SYS_TIME"]"#), "all of them are needed")
        #expect(try allows(#""excludes": {"caps": ["CAP_SYS_TIME"]}"#))
        #expect(try !allows(#""excludes": {"caps": ["CAP_CHOWN", "CAP_SYS_TIME"]}"#, capabilities: #"["SYS_TIME"]"#), "one of them is enough")
        #expect(try allows(#""includes": {"arches": ["amd64", "arm64"]}"#))
        #expect(try !allows(#""includes": {"arches": ["s390x"]}"#))
        #expect(try !allows(#""excludes": {"arches": ["amd64", "arm64"]}"#))
        #expect(try allows(#""includes": {"minKernel": "4.8"}"#))
        #expect(try !allows(#""includes": {"minKernel": "99.0"}"#))
        #expect(try !allows(#""excludes": {"minKernel": "4.8"}"#))
        #expect(try allows(#""excludes": {"minKernel": "99.0"}"#))
    }

    @Test func kernelsAreComparedByNumber() throws {
        #expect(try #require(KernelVersion("4.8")) < #require(KernelVersion("4.19.0-amd64")))
        #expect(try #require(KernelVersion("6.12-rc1")) == KernelVersion(6, 12))
        for text in ["4", "", "v4.8", "4.", ".8", "-4.8"] { #expect(KernelVersion(text) == nil, "\(text)") }
    }

    @Test func argumentsAreComparedWithAllSevenOperators() throws {
        func condition(_ operation: String, _ value: Int, _ two: Int = 0) throws -> [[SystemCallPolicy.Condition]] {
            let entry = #"{"names": ["ioctl"], "action": "SCMP_ACT_ALLOW", "args": [{"index": 1, "value": \#(value), "valueTwo": \#(two), "op": "SCMP_CMP_\#(operation)"}]}"#
            return try rules(policy(#"{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [\#(entry)]}"#), "ioctl").map(\.conditions)
        }
        let kinds: [(String, SystemCallPolicy.Condition.Comparison)] = [
            ("EQ", .equal), ("NE", .notEqual), ("LT", .less), ("LE", .lessOrEqual), ("GT", .greater), ("GE", .greaterOrEqual),
        ]
        for (name, kind) in kinds { #expect(try condition(name, 7) == [[.init(index: 1, comparison: kind, value: 7, isWord: true)]]) }
        #expect(try condition("MASKED_EQ", 0xF0, 0x30) == [[.init(index: 1, comparison: .maskedEqual, value: 0x30, mask: 0xF0, isWord: true)]], "the first value is the mask")
    }

    @Test func comparisonsOfOneArgumentAreAlternatives() throws {
        let first = #"{"index": 0, "value": 1, "op": "SCMP_CMP_EQ"}"#, second = #"{"index": 0, "value": 2, "op": "SCMP_CMP_EQ"}"#, third = #"{"index": 1, "value": 3, "op": "SCMP_CMP_EQ"}"#
        func count(_ arguments: String...) throws -> [Int] {
            let entry = #"{"names": ["socket"], "action": "SCMP_ACT_ALLOW", "args": [\#(arguments.joined(separator: ","))]}"#
            return try rules(policy(#"{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [\#(entry)]}"#), "socket").map(\.conditions.count)
        }
        #expect(try count(first, third) == [2], "all must hold")
        #expect(try count(first, second, third) == [1, 1, 1], "any is enough, as engines have it")
    }

    @Test func whatThePolicySaysComesOnTop() throws {
        let profile = #"{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{"names": ["getpid", "getppid"], "action": "SCMP_ACT_ALLOW"}, {"names": ["bpf"], "action": "SCMP_ACT_ERRNO", "errnoRet": 13}]}"#
        let calls = try policy(profile, #", "allow": ["read"], "deny": ["getppid"]"#)
        #expect(try rules(calls, "read").map(\.action) == [.allow])
        #expect(try rules(calls, "getpid").map(\.action) == [.allow])
        #expect(try rules(calls, "getppid").map(\.action).first == .errno(EPERM))
        // Also a denial that says what the profile says anyway.
        let repeated = profile.replacingOnce("13", "1")
        let again = try messages(#"{"version": 1, "syscalls": {"profile": \#(repeated), "allow": ["bpf"]}}"#)
        #expect(again.count == 1 && again[0].contains("\"bpf\" is denied by the profile"), "\(again)")
        #expect(try rules(policy(repeated, #", "default": "log""#), "bpf").map(\.action) == [.errno(EPERM)])
        let found = try messages(#"{"version": 1, "syscalls": {"profile": \#(profile), "allow": ["bpf"]}}"#)
        #expect(found.count == 1 && found[0].contains("/syscalls/allow/0: \"bpf\" is denied by the profile"), "\(found)")
    }

    /// As libseccomp has it; see the comparison with it in the tests of filters.
    @Test func ofTwoEntriesForAWholeCallTheFirstCounts() throws {
        let allow = #"{"names": ["setns"], "action": "SCMP_ACT_ALLOW"}"#, deny = #"{"names": ["setns"], "action": "SCMP_ACT_ERRNO", "errnoRet": 1}"#
        let some = #"{"names": ["setns"], "action": "SCMP_ACT_KILL_PROCESS", "args": [{"index": 1, "value": 0, "op": "SCMP_CMP_EQ"}]}"#
        func actions(_ entries: String...) throws -> [SystemCallPolicy.Action] {
            try rules(policy(#"{"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 38, "syscalls": [\#(entries.joined(separator: ","))]}"#), "setns").map(\.action)
        }
        #expect(try actions(allow, deny) == [.allow])
        #expect(try actions(deny, allow) == [.errno(EPERM)])
        #expect(try actions(some, deny) == [.errno(EPERM)])
        #expect(try actions(allow, some) == [.allow])
    }

    /// Programs with threads would have a violation each time otherwise.
    @Test func whatProgramsFallBackFromIsAbsent() throws {
        let entry = #"{"names": ["clone3", "openat2"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38}"#
        let calls = try policy(#"{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [\#(entry)]}"#)
        #expect(try rules(calls, "clone3").map(\.action) == [.absent])
        #expect(try rules(calls, "openat2").map(\.action) == [.errno(ENOSYS)])
    }

    @Test(arguments: [
        (#"{"defaultAction": "SCMP_ACT_ALLOW"}"#, "denies what a policy does not name"),
        (#"{"defaultAction": "SCMP_ACT_ERRNO", "listenerPath": "/run/agent"}"#, "asks another process"),
        (#"{"defaultAction": "SCMP_ACT_ERRNO", "flags": ["SECCOMP_FILTER_FLAG_LOG"]}"#, "unknown flag"),
        (#"{"defaultAction": "SCMP_ACT_ERRNO", "architectures": ["SCMP_ARCH_S390X"]}"#, "is not among them"),
        (#"{"defaultAction": "SCMP_ACT_ERRNO", "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_AARCH64"], "archMap": [{"architecture": "SCMP_ARCH_X86_64"}]}"#, "either"),
        (#"{"defaultAction": "SCMP_ACT_TRAP"}"#, "SIGSYS"),
        (#"{"defaultAction": "SCMP_ACT_KILL_THREAD"}"#, "write SCMP_ACT_KILL_PROCESS"),
        (#"{"defaultAction": "SCMP_ACT_LOG", "defaultErrnoRet": 1}"#, "only SCMP_ACT_ERRNO"),
        (#"{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{"names": ["opnat"], "action": "SCMP_ACT_ALLOW"}]}"#, "did you mean \"openat\""),
        (
            #"{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{"names": ["openat"], "action": "SCMP_ACT_ALLOW", "args": [{"index": 1, "value": 0, "op": "SCMP_CMP_EQ"}]}]}"#,
            "is an address"
        ),
        (
            #"{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{"names": ["socket"], "action": "SCMP_ACT_ALLOW", "args": [{"index": 0, "value": 2, "op": "SCMP_CMP_NE"}]}, {"names": ["socket"], "action": "SCMP_ACT_KILL_PROCESS", "args": [{"index": 1, "value": 3, "op": "SCMP_CMP_EQ"}]}]}"#,
            "says something else for the same arguments"
        ),
    ])
    func whatCannotBeKeptIsRefused(_ profile: String, _ expected: String) throws {
        let found = try messages(#"{"version": 1, "syscalls": {"profile": \#(profile)}}"#)
        #expect(found.count == 1 && found[0].contains(expected), "\(found)")
        // The same in a file of its own, by its own lines.
        try withFile(Array(("\n\n" + profile).utf8), name: "seccomp.json") { path in
            let error = #expect(throws: PolicyError.self) { try ProfileImport.policy(path, base: nil) }
            #expect(error?.description.hasPrefix("\(path):3:") == true && error?.description.contains(expected) == true, "\(String(describing: error))")
        }
    }

    @Test func aFileIsFoundBesideThePolicyThatNamesIt() throws {
        let profile = #"{"defaultAction": "SCMP_ACT_KILL_PROCESS", "syscalls": [{"names": ["getpid"], "action": "SCMP_ACT_ALLOW"}]}"#
        try Fixture.run { fixture in
            try fixture.write("inner/seccomp", profile)
            try fixture.write("inner/base.json", #"{"version": 1, "syscalls": {"profile": "seccomp"}}"#)
            let top = try fixture.write("top.json", #"{"version": 1, "base": "inner/base.json"}"#)
            let resolved = try PolicyLoader.resolve(top)
            #expect(resolved.policy.systemCalls.defaultAction == .kill)
            #expect(try rules(resolved.policy, "getpid").map(\.action) == [.allow])
            // What is printed stands for itself.
            let again = try withFile(PolicyExplainer.json(resolved).encoded(pretty: true)) { try PolicyLoader.load($0) }
            #expect(again.systemCalls == resolved.policy.systemCalls)
            // A file that changes is another policy.
            try fixture.write("inner/seccomp", profile.replacingOnce("getpid", "getppid"))
            #expect(try PolicyLoader.load(top).origin.resolvedSHA256 != resolved.policy.origin.resolvedSHA256)

            try fixture.write("inner/seccomp", profile.replacingOnce("getpid", "getpidd"))
            let error = #expect(throws: PolicyError.self) { try PolicyLoader.load(top) }
            #expect(error?.description.hasPrefix("\(fixture.directory)/inner/seccomp:1:") == true, "\(String(describing: error))")
            #expect(error?.description.contains(": /syscalls/0/names/0: unknown system call \"getpidd\"") == true)
            let missing = try fixture.write("missing.json", #"{"version": 1, "syscalls": {"profile": "nowhere"}}"#)
            #expect(throws: PolicyError.self) { try PolicyLoader.load(missing) }
        }
    }

    @Test func aProfileReplacesThatOfTheBaseAsAWhole() throws {
        try Fixture.run { fixture in
            try fixture.write("base.json", #"{"version": 1, "syscalls": {"profile": {"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 13, "syscalls": []}}}"#)
            let top = try fixture.write("top.json", #"{"version": 1, "base": "base.json", "syscalls": {"profile": {"defaultAction": "SCMP_ACT_ERRNO"}}}"#)
            #expect(try PolicyLoader.load(top).systemCalls.defaultAction == .errno(EPERM))
        }
    }

    @Test func whatIsImportedIsExportedAgain() throws {
        let profile = try #require(PolicyFaults.complete["syscalls"]?["profile"])
        try withFile(profile.encoded(pretty: true)) { path in
            let imported = try ProfileImport.policy(path, base: "build").encoded(pretty: true)
            let exported = try OCIProfile.of(PolicyLoader.resolve(text: imported, path: "imported")).json
            let again = try withFile(exported.encoded(pretty: true)) { try ProfileImport.policy($0, base: nil) }
            #expect(again["syscalls"]?["profile"] == exported)
            for word in ["CAP_SYS_ADMIN", "s390x", "99.0", "SCMP_ARCH_ARM", "SCMP_CMP_MASKED_EQ", "SECCOMP_FILTER_FLAG_TSYNC"] {
                #expect(String(decoding: exported.encoded(pretty: false), as: UTF8.self).contains("\"\(word)\""), "\(word) is lost")
            }
        }
    }
}
