import BrigJSON
import BrigPolicy
import Testing

@Suite struct PolicyDifferenceTests {
    private func resolve(_ fields: String) throws -> PolicyLoader.Resolved {
        try PolicyLoader.resolve(text: Array(#"{"version": 1\#(fields.isEmpty ? "" : ", " + fields)}"#.utf8), path: "p.json")
    }

    private func difference(_ first: String, _ second: String) throws -> [String] { try PolicyDifference(from: resolve(first), to: resolve(second)).lines.map(\.description) }

    @Test(arguments: PolicyLoader.builtInNames) func `a policy does not differ from itself, nor from its resolved form`(name: String) throws {
        let policy = try PolicyLoader.resolve(name)
        let written = try PolicyLoader.resolve(text: PolicyExplainer.json(policy).encoded(pretty: false), path: "p.json")
        #expect(try PolicyDifference(from: policy, to: written).lines == [])
    }

    @Test(arguments: [
        ("system call ptrace", #""syscalls": {}"#, #""syscalls": {"allow": ["ptrace"]}"#),
        (
            "system call prctl: with some arguments, for example argument 0 = 0xf", "",
            #""syscalls": {"rules": [{"names": ["prctl"], "action": "allow", "args": [{"index": 0, "op": "equal", "value": "PR_SET_NAME"}]}]}"#
        ),
        (
            "system call prctl: with more arguments, for example argument 0 = 0xf",
            #""syscalls": {"allow": ["prctl"], "rules": [{"names": ["prctl"], "action": "kill", "args": [{"index": 0, "op": "equal", "value": "PR_SET_NAME"}]}]}"#,
            #""syscalls": {"allow": ["prctl"]}"#
        ),
        ("capability CAP_SYS_TIME", "", #""capabilities": {"retain": ["SYS_TIME"]}"#),
        (
            "path /data: writable", #""mounts": [{"type": "bind", "source": "/srv", "target": "/data"}]"#,
            #""mounts": [{"type": "bind", "source": "/srv", "target": "/data", "readOnly": false}]"#
        ),
        (
            "path /data: programs may be started from it", #""mounts": [{"type": "bind", "source": "/srv", "target": "/data"}]"#,
            #""mounts": [{"type": "bind", "source": "/srv", "target": "/data", "exec": true}]"#
        ),
        ("path /: writable, in a layer that dies with the job", "", #""rootfs": {"writable": "scratch"}"#),
        ("limit memory: 2MiB instead of 1MiB", #""limits": {"memory": "1MiB"}"#, #""limits": {"memory": "2MiB"}"#),
        ("limit memory: none instead of 1MiB", #""limits": {"memory": "1MiB"}"#, ""),
        ("limit memory: runs without it where the host cannot enforce it", #""limits": {"memory": "1MiB"}"#, #""limits": {"memory": {"value": "1MiB", "required": false}}"#),
        ("limit pids: 65 instead of 64", "", #""limits": {"pids": 65}"#),
        ("limit openFiles: none instead of 100", #""limits": {"openFiles": 100}"#, ""),
        ("network the machine's own", "", #""namespaces": {"network": "host", "acceptRisk": true}"#),
        ("protection AppArmor: unconfined instead of brig-job", "", #""apparmor": {"profile": "unconfined"}"#),
        ("protection the job goes on after a denied call", #""onViolation": "kill""#, ""),
        ("process the caller's variable HOME", "", #""process": {"inheritEnvironment": ["HOME"]}"#),
    ])
    func `what the second allows is told, and the other way round what it does not`(line: String, first: String, second: String) throws {
        #expect(try difference(first, second).filter { $0.hasPrefix("+") } == ["+ \(line)"])
        #expect(try PolicyDifference(from: resolve(first), to: resolve(second)).allowsMore)
        #expect(try difference(second, first).allSatisfy { $0.hasPrefix("-") })
        #expect(try !PolicyDifference(from: resolve(second), to: resolve(first)).allowsMore)
    }

    @Test func `a mount gives what is in it, and without it what it hid is seen`() throws {
        let mount = #""mounts": [{"type": "bind", "source": "/srv", "target": "/data"}]"#
        #expect(try difference("", mount) == ["+ path /data: /srv of the host, read-only"])
        #expect(try Set(difference(mount, "")) == ["- path /data: /srv of the host, read-only", "+ path /data: what the mount hid"])
        let other = #""mounts": [{"type": "bind", "source": "/etc", "target": "/data"}]"#
        #expect(try PolicyDifference(from: resolve(mount), to: resolve(other)).allowsMore)
    }

    @Test func `another answer is no more`() throws {
        #expect(
            try difference("", #""syscalls": {"deny": [{"names": ["ptrace"], "action": "kill"}]}"#) == ["~ system call ptrace: ends the job, before it is answered EPERM"])
    }

    /// Written differently, and the same for every argument.
    @Test func `what means the same does not differ`() throws {
        let one = #""syscalls": {"rules": [{"names": ["prctl"], "action": "allow", "args": [{"index": 0, "op": "less", "value": 4}]}]}"#
        let values = (0..<4).map { #"{"names": ["prctl"], "action": "allow", "args": [{"index": 0, "op": "equal", "value": \#($0)}]}"# }
        #expect(try difference(one, #""syscalls": {"rules": [\#(values.joined(separator: ", "))]}"#) == [])
        let masked = #"{"names": ["prctl"], "action": "allow", "args": [{"index": 0, "op": "maskedEqual", "value": 0, "mask": "0xfffffffc"}]}"#
        #expect(try difference(one, #""syscalls": {"rules": [\#(masked)]}"#) == [])
        #expect(try difference(one, #""syscalls": {"rules": [\#(values.dropLast().joined(separator: ", "))]}"#).count == 1)
    }
}
