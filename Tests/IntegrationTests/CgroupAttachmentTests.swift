import BrigJSON
import TestSupport
import Testing

/// How processes come into a job's cgroup: a process id that is written could have become somebody else's by then.
/// As root, because a traced newuidmap(1) has no privileges.
@Suite(.serialized, .requires(.root, .brig, .cgroupMemory, .strace)) struct CgroupAttachmentTests {
    /// What a command and its children write to files that move processes, and whether a child was started in a cgroup.
    private func trace(_ words: [String], _ fixture: Fixture) throws -> (written: [Substring], startsInside: Bool) {
        let log = fixture.path("trace")
        var command = Command("strace", ["-f", "-y", "-s", "64", "-e", "trace=write,writev,pwrite64,clone3", "-o", log] + words)
        command.timeLimit = 120
        let outcome = try command.run()
        try #require(outcome.succeeded, "\(outcome.text)\(outcome.errorText)")
        let text = try readText(log)
        let writes = text.matches(of: #/(?:write|writev|pwrite64)\(\d+<[^>]*/(?:cgroup\.procs|cgroup\.threads|tasks)>, .*?"([^"]*)"/#)
        return (writes.map(\.1), text.contains(#/clone3\(.*CLONE_INTO_CGROUP/#))
    }

    @Test func `no process is moved by its id`() throws {
        try Fixture.run { fixture in
            // In a profile a job must be traced by brig itself.
            let policy = try fixture.policy("ci-memory", [.init("apparmor", ["profile": "unconfined"])])
            let job = try trace([Executables.brig, "run", "--policy", policy, "--", "/bin/true"], fixture)
            #expect(job.written.allSatisfy { $0 == "0" || $0 == "0\\n" }, "\(job.written)")
            // It did come into one: by its own hand (version 1), or by being born there (version 2).
            #expect(job.startsInside != !job.written.isEmpty, "\(job)")
            // The same eyes see an id where one is written.
            let group = try fixture.cgroup()
            let control = try trace(["/bin/sh", "-c", "echo $$ > '\(group)/cgroup.procs'"], fixture)
            #expect(control.written.contains { $0.wholeMatch(of: #/[1-9][0-9]*\\n/#) != nil }, "\(control)")
        }
    }
}
