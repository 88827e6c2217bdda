import BrigJSON
import TestSupport
import Testing

/// A kernel without AppArmor: what requires it is refused, what does not says so.
@Suite(.requires(.brig, .noApparmor)) struct NoAppArmorTests {
    @Test(.requires(.ordinaryUser), arguments: Caller.allCases) func `a policy that requires a profile runs nothing`(caller: Caller) throws {
        try Fixture.run { fixture in
            let policy = try fixture.policy("default", [.init("apparmor", ["profile": "brig-job", "required": true])])
            let job = try fixture.launch(policy, [], ["/bin/echo", "ran"], as: caller)
            #expect(job.exitCode == 125 && job.reason == "setup-failed" && job.outcome.output.isEmpty, job.summary)
            #expect(job.message.contains("requires the profile \"brig-job\"") && job.message.contains("AppArmor"), job.summary)
            #expect(job["/result/evidence/stage"] == "apparmor")
            try requireComplete([job])
        }
    }

    @Test(.requires(.ordinaryUser), arguments: Caller.allCases) func `a policy that does not runs, and the report says what is missing`(caller: Caller) throws {
        try Fixture.run { fixture in
            let job = try fixture.launch("default", [], ["/bin/echo", "ran"], as: caller)
            #expect(job.exitCode == 0 && job.outcome.text == "ran\n", job.summary)
            #expect(job["/degraded"].array?.contains { $0["protection"] == "apparmor" && $0["reason"]?.string?.contains("no AppArmor") == true } == true, "\(job["/degraded"])")
            #expect(job["/enforcement/apparmor/requested"] == .null && job["/enforcement/apparmor/current"] == .null, job.summary)
            // Nothing was denied by what is not there, and that is known.
            #expect(job["/unavailable"]["/violations"] == nil, job.summary)
            try requireComplete([job])
        }
    }

    @Test func `unconfined is no loss where it is written out`() throws {
        try Fixture.run { fixture in
            let job = try fixture.launch(try fixture.policy("default", [.init("apparmor", ["profile": "unconfined"])]), [], ["/bin/true"])
            #expect(job.exitCode == 0 && job["/degraded"].array?.allSatisfy { $0["protection"] != "apparmor" } == true, job.summary)
        }
    }

    @Test(arguments: ["load", "unload", "list", "status"]) func `brig apparmor says that there is none`(command: String) throws {
        let outcome = try Executables.run(["apparmor", command])
        #expect(outcome.exitCode != 0 && outcome.errorText.contains("AppArmor"), "\(outcome.text)\(outcome.errorText)")
    }
}
