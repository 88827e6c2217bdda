import BrigPolicy
import TestSupport
import Testing

/// What `brig policy lint` says: each finding on the policy that has it, and none on the one that has not.
@Suite struct PolicyLintTests {
    private func findings(_ syscalls: String, _ more: String = "", base: String? = nil) throws -> [String] {
        try Fixture.run { fixture in
            if let base { try fixture.write("base.json", #"{"version": 1, "syscalls": \#(base)}"#) }
            let path = try fixture.write("p.json", #"{"version": 1\#(base == nil ? "" : #", "base": "base.json""#), "syscalls": \#(syscalls)\#(more)}"#)
            return try PolicyLint.findings(PolicyLoader.resolve(path)).map(\.diagnostic.message)
        }
    }

    @Test(arguments: PolicyLoader.builtInNames) func `nothing is found in shipped policies that they do not accept`(name: String) throws {
        #expect(try PolicyLint.findings(PolicyLoader.resolve(name)).map(\.description) == [])
    }

    @Test func `an entry that others always come before is unreachable`() throws {
        let condition = #"[{"index": 0, "op": "equal", "value": 1}]"#
        let found = try findings(
            #"{"allow": ["prctl"], "rules": [{"names": ["prctl"], "action": "kill", "args": \#(condition)}, {"names": ["prctl"], "action": "errno:EIO", "args": \#(condition)}]}"#
        ).filter { !$0.hasPrefix("hole") }
        #expect(found.count == 1 && found[0].hasPrefix("unreachable: prctl has its answer from"), "\(found)")
        #expect(try findings(#"{"allow": ["read"], "rules": [{"names": ["prctl"], "action": "kill", "args": \#(condition)}]}"#) == [])
        // Narrowed as a whole: the group stands there for nothing.
        #expect(try findings(#"{"allow": ["@exec", "read"], "deny": [{"names": ["@exec"], "action": "kill"}]}"#).contains { $0.hasPrefix("unreachable: every call of the group") })
        #expect(try findings(#"{"allow": ["@process"], "deny": [{"names": ["@exec"], "action": "kill"}]}"#).allSatisfy { !$0.hasPrefix("unreachable") })
    }

    @Test func `what one policy takes away from its base is no mistake, and what it adds in vain is`() throws {
        #expect(try findings(#"{"deny": [{"names": ["getcwd"], "action": "kill"}]}"#, base: #"{"allow": ["getcwd"]}"#) == [])
        let found = try findings(#"{"allow": ["getcwd"]}"#, base: #"{"deny": [{"names": ["getcwd"], "action": "kill"}]}"#)
        #expect(found.count == 1 && found[0].hasPrefix("unreachable: getcwd"), "\(found)")
    }

    @Test func `rules of a base that a policy replaces are named`() throws {
        let base = #"{"allow": ["socket", "read"], "rules": [{"names": ["socket"], "action": "errno:EPERM", "args": [{"index": 0, "op": "equal", "value": "AF_NETLINK"}]}]}"#
        let own = #""rules": [{"names": ["socket"], "action": "errno:EPERM", "args": [{"index": 0, "op": "equal", "value": "AF_VSOCK"}]}]"#
        let found = try findings("{\(own)}", base: base).filter { $0.hasPrefix("replaced") }
        #expect(found.count == 1 && found[0].hasPrefix("replaced: replaces the 1 entries of rules in "), "\(found)")
        // Whoever writes all of it means all of it.
        #expect(try findings(#"{"allow": ["socket", "read"], \#(own)}"#, base: base).allSatisfy { !$0.hasPrefix("replaced") })
    }

    @Test func `rules that the order decides contradict each other`() throws {
        func rule(_ action: String, _ operation: String, _ value: Int) -> String {
            #"{"names": ["prctl"], "action": "\#(action)", "args": [{"index": 0, "op": "\#(operation)", "value": \#(value)}]}"#
        }
        func found(_ first: String, _ second: String) throws -> [String] { try findings(#"{"rules": [\#(first), \#(second)]}"#) }
        #expect(try found(rule("errno:EIO", "less", 10), rule("errno:EPERM", "greater", 5)).contains { $0.hasPrefix("contradiction: prctl") })
        #expect(try !found(rule("errno:EIO", "less", 6), rule("errno:EPERM", "greater", 5)).contains { $0.hasPrefix("contradiction") })
        // The more severe wins wherever it stands.
        #expect(try !found(rule("errno:EIO", "less", 10), rule("kill", "greater", 5)).contains { $0.hasPrefix("contradiction") })
    }

    @Test func `what the default says anyway is redundant`() throws {
        #expect(try findings(#"{"deny": ["acct"]}"#).map { $0.prefix(9) } == ["redundant"])
        #expect(try findings(#"{"deny": [{"names": ["acct"], "action": "kill"}]}"#) == [])
    }

    @Test(arguments: [
        (#"{"allow": ["execveat"], "deny": ["execve"]}"#, "undone: execve is denied here, and execveat, which does the same"),
        (#"{"allow": ["fchmodat"], "deny": [{"names": ["chmod"], "action": "errno:EIO"}]}"#, "undone: chmod"),
        (
            #"{"allow": ["unshare", "@process"], "rules": [{"names": ["clone"], "action": "errno:EPERM", "args": [{"index": 0, "op": "anyBit", "value": "CLONE_NEWUSER"}]}]}"#,
            "undone: clone is denied here, and unshare"
        ),
    ])
    func `an allowed call that does what is denied undoes the denial`(syscalls: String, expected: String) throws {
        let found = try findings(syscalls)
        #expect(found.contains { $0.hasPrefix(expected) }, "\(found)")
    }

    @Test func `a denial that has programs fall back is undone by nothing`() throws {
        #expect(try findings(#"{"allow": ["fchmodat"], "deny": [{"names": ["fchmodat2"], "action": "absent"}]}"#) == [])
    }

    @Test func `holes are those of the arguments that are allowed`() throws {
        func holes(_ syscalls: String) throws -> Int { try findings(syscalls).count { $0.hasPrefix("hole: ") } }
        #expect(try holes(#"{"allow": ["bpf", "read"]}"#) == 1)
        #expect(try holes(#"{"allow": ["ioctl"]}"#) == 2)
        let rule = #"{"names": ["ioctl"], "action": "errno:EPERM", "args": [{"index": 1, "op": "equal", "value": "TIOCSTI"}]}"#
        #expect(try holes(#"{"allow": ["ioctl"], "rules": [\#(rule)]}"#) == 1)
        #expect(try holes(#"{"rules": [{"names": ["ioctl"], "action": "allow", "args": [{"index": 1, "op": "equal", "value": "TCGETS"}]}]}"#) == 0)
        #expect(try holes(#"{"allow": ["personality"]}"#) == 2)
        // All ones ask, and change nothing.
        #expect(try holes(#"{"rules": [{"names": ["personality"], "action": "allow", "args": [{"index": 0, "op": "equal", "value": -1}]}]}"#) == 0)
    }

    @Test func `what is accepted with a reason is not told, and nothing is accepted in vain`() throws {
        let accept = #""accept": [{"names": ["@debug"], "reason": "a debugger"}]"#
        #expect(try findings(#"{"allow": ["bpf", "ptrace"], \#(accept)}"#) == [])
        #expect(try findings(#"{"allow": ["bpf", "setns"], \#(accept)}"#).count == 1)
        let vain = try findings(#"{"allow": ["read"], \#(accept)}"#)
        #expect(vain.count == 1 && vain[0].hasPrefix("ineffective: there is nothing about @debug"), "\(vain)")
        // A mistake is not a risk that one could take.
        #expect(try findings(#"{"deny": ["acct"], "accept": [{"names": ["acct"], "reason": "so be it"}]}"#).contains { $0.hasPrefix("redundant") })
    }

    @Test(arguments: [
        (#", "rootfs": {"scratchSize": "1MiB"}"#, true), (#", "rootfs": {"scratchSize": "1MiB", "writable": "scratch"}"#, false), (#", "limits": {"swap": "1MiB"}"#, true),
        (#", "limits": {"swap": "1MiB", "memory": "1GiB"}"#, false), (#", "capabilities": {"ambient": true}"#, true), (#", "namespaces": {"acceptRisk": true}"#, true),
        (#", "namespaces": {"network": "host", "acceptRisk": true}"#, false),
    ])
    func `a field that changes nothing is told`(field: String, isIneffective: Bool) throws {
        #expect(try findings(#"{"allow": ["read"]}"#, field).map { $0.prefix(12) } == (isIneffective ? ["ineffective:"] : []))
    }

    @Test func `entries of a profile that never count are told, by the profile's own lines`() throws {
        try Fixture.run { fixture in
            let allow = #"{"names": ["setns"], "action": "SCMP_ACT_ALLOW"}"#, deny = #"{"names": ["setns"], "action": "SCMP_ACT_ERRNO", "errnoRet": 13}"#
            let profile = try fixture.write("seccomp.json", "{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"syscalls\": [\(allow),\n\(deny)]}")
            let path = try fixture.write("p.json", #"{"version": 1, "syscalls": {"profile": "seccomp.json"}}"#)
            let found = try PolicyLint.findings(PolicyLoader.resolve(path)).map(\.description)
            #expect(found.contains { $0.hasPrefix("\(profile):2:") && $0.contains("never counts") }, "\(found)")
        }
    }
}
