import BrigJSON
import TestSupport
import Testing

/// What a job tries and may not do: refused, and told by name.
@Suite(.serialized, .requires(.root, .brig, .probe))
struct DenialTests {
    private func probe(_ fixture: Fixture, _ policy: String, _ words: [String]) throws -> Job {
        try Job(fixture, ["--policy", policy, "--bind", "\(Executables.probe):/probe"], ["/probe"] + words)
    }

    @Test(arguments: [["ptrace"], ["mount", "none", "/tmp", "tmpfs"], ["unshare", "0x10000000"], ["bpf"], ["keyctl"]]) func refusedByName(_ words: [String]) throws {
        let call = words[0]
        try Fixture.run { fixture in
            let job = try probe(fixture, "default", words)
            let violation = try #require(job.violation(call), "\(job.outcome.text) \(job.report)")
            #expect(violation["kind"]?.string == "syscall")
            #expect(violation["abi"]?.string == "x86_64")
            #expect(violation["action"]?.string == "EPERM")
            #expect(violation["count"]?.integer ?? 0 >= 1)
            #expect(violation["process"]?["command"]?.string == "probe")
        }
    }

    @Test(arguments: [("x32", "101"), ("i386", "26")]) func foreignABIs(_ abi: String, _ number: String) throws {
        try Fixture.run { fixture in
            let job = try probe(fixture, "default", [abi, number])
            let violation = try #require(job.violation("ptrace"), "\(job.outcome.text)")
            #expect(violation["abi"]?.string == abi && violation["action"]?.string == "ENOSYS")
        }
    }

    @Test func endsTheJobWhereThePolicySaysSo() throws {
        try Fixture.run { fixture in
            let policy = try fixture.write("p.json", #"{"version": 1, "base": "default", "onViolation": "kill"}"#)
            let job = try probe(fixture, policy, ["ptrace"])
            #expect(job.reason == "policy-violation")
            #expect(job.outcome.exitCode == 159)
        }
    }

    /// Every faulty policy is refused with the place of its fault, and nothing is started.
    @Test func faultyPolicies() throws {
        let faults = PolicyFaults.all
        #expect(faults.count >= 300)
        try Fixture.run { fixture in
            for fault in faults {
                let file = fixture.path("faulty.json")
                try fixture.write("faulty.json", fault.text)
                let outcome = try Executables.run(["run", "--policy", file, "--", "/bin/echo", "started"])
                #expect(outcome.exitCode == 125, "\(fault): \(outcome.errorText)")
                #expect(outcome.text.isEmpty, "\(fault)")
                #expect(outcome.errorText.contains("\(file):"), "\(fault): \(outcome.errorText)")
                if let pointer = fault.pointer { #expect(outcome.errorText.contains(pointer[..<(pointer.lastIndex(of: "/") ?? pointer.startIndex)]), "\(fault): \(outcome.errorText)") }
            }
        }
    }
}
