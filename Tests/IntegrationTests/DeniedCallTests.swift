import BrigJSON
import TestSupport
import Testing

/// Denied system calls: refused, named, counted.
@Suite(.requires(.brig, .probe)) struct DeniedCallTests {
    /// Numbers of x86-64: bpf 321; ptrace is 521 in the x32 table and 26 in that of i386.
    static let attempts = [
        "ptrace", ",", "mount", "none", "/tmp", "tmpfs", ",", "unshare", "0x10000000", ",", "syscall", "321", "0", "0", "0", ",", "keyctl", ",", "x32", "521", ",",
        "i386", "26", ",", "ptrace",
    ]

    @Test(.requires(.seccompNotify, .ordinaryUser), arguments: Caller.allCases) func `each by name, interface and count`(caller: Caller) throws {
        try Fixture.run { fixture in
            let job = try fixture.launch("default", [], [probeInJob] + Self.attempts, as: caller)
            #expect(job.exitCode == 0 && job.reason == "exited", job.summary)
            #expect(job.outcome.lines.count == 9 && job.outcome.lines.allSatisfy { $0.contains(" = -1 E") }, job.summary)
            let expected: Set = [
                "syscall ptrace x86_64 EPERM", "syscall mount x86_64 EPERM", "syscall unshare x86_64 EPERM", "syscall bpf x86_64 EPERM", "syscall add_key x86_64 EPERM",
                "syscall keyctl x86_64 EPERM", "syscall ptrace x32 ENOSYS", "syscall ptrace i386 ENOSYS",
            ]
            #expect(Set(job.violations) == expected, job.summary)
            let traced = try #require(job["/violations"].array?.first { $0["name"] == "ptrace" && $0["abi"] == "x86_64" })
            #expect(traced["count"] == 2 && traced["number"] == 101 && traced["saturated"] == false)
            #expect(traced["process"]?["command"] == "probe", "\(traced)")
            #expect(job["/syscalls/recorded"] == "denied" && job["/syscalls/complete"] == true)
            try requireComplete([job])
        }
    }

    /// The line of a name ends behind it, and a carriage return before that is the name's.
    @Test(.requires(.seccompNotify)) func `a name is told as the process has it`() throws {
        try Fixture.run { fixture in
            // PR_SET_NAME; swapoff.
            let program = "import ctypes; c = ctypes.CDLL(None); c.prctl(15, b'odd\\r'); c.swapoff(None)"
            let job = try fixture.launch("default", [], ["python3", "-c", program])
            #expect(job["/violations/0/name"] == "swapoff" && job["/violations/0/process/command"] == "odd\r", job.summary)
        }
    }

    @Test(.requires(.seccompNotify)) func `counts are exact`() throws {
        try Fixture.run { fixture in
            let job = try fixture.launch("default", [], probe("denied-threads", "4", "500"))
            #expect(job.exitCode == 0, job.summary)
            #expect(job["/violations"].array?.count == 1, job.summary)
            #expect(job["/violations/0/count"] == 2000, job.summary)
        }
    }

    @Test(.requires(.seccompNotify)) func `onViolation kill ends the job at the first`() throws {
        try Fixture.run { fixture in
            let policy = try fixture.policy("default", [.init("onViolation", "kill")])
            let job = try fixture.launch(policy, [], shell("echo before; \(probeInJob) ptrace; echo after"))
            #expect(job.reason == "policy-violation" && job.exitCode == 159, job.summary)
            #expect(job.outcome.text == "before\n", job.summary)
            #expect(job.violations == ["syscall ptrace x86_64 kill"], job.summary)
            #expect(job["/result/evidence"].members?.contains { $0.value.string?.contains("ptrace") == true } == true, job.summary)
            #expect(job.outcome.errorText.contains("ptrace"), job.summary)
            try requireComplete([job])
        }
    }

    @Test func `nothing is recorded where nothing shall be, and all is denied still`() throws {
        try Fixture.run { fixture in
            let policy = try fixture.policy("default", [.init("syscalls", ["record": "none"])])
            let job = try fixture.launch(policy, [], [probeInJob] + Self.attempts)
            #expect(job.exitCode == 0, job.summary)
            #expect(job.outcome.lines.count == 9 && job.outcome.lines.allSatisfy { $0.contains(" = -1 E") }, job.summary)
            #expect(job.violations == [], job.summary)
            try requireComplete([job])
        }
    }

    @Test(arguments: ["denied", "none"]) func `a call whose action is kill`(record: String) throws {
        try Fixture.run { fixture in
            let policy = try fixture.policy("default", [.init("syscalls", ["record": .string(record), "deny": [["names": ["ptrace"], "action": "kill"]]])])
            let job = try fixture.launch(policy, [], probe("ptrace"))
            #expect(job.reason == "policy-violation", job.summary)
            #expect(job.exitCode == 159, job.summary)
            #expect(job.outcome.output.isEmpty, job.summary)
            if record == "denied" { #expect(job.violations == ["syscall ptrace x86_64 kill"], job.summary) }
            try requireComplete([job])
        }
    }

    /// The control: what the filter denied above is nothing that the kernel would have denied by itself.
    @Test func `with the call allowed it succeeds and is no violation`() throws {
        try Fixture.run { fixture in
            let policy = try fixture.policy(
                "default", [.init("syscalls", ["allow": ["@file-io", "@file-metadata", "@process", "@memory", "@info", "ptrace", "@exec", "@signals", "@threads"]])])
            let job = try fixture.launch(policy, [], probe("ptrace"))
            #expect(job.outcome.text == "ptrace = 0\n" && job.violations == [], job.summary)
        }
    }
}
