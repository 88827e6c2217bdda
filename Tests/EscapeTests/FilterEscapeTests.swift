import BrigJSON
import TestSupport
import Testing

/// Ways around the filter of system calls.
@Suite(.serialized, .requires(.brig, .probe, .userNamespaces, .ordinaryUser, .seccompNotify)) struct FilterEscapeTests {
    #if arch(x86_64)
    /// getppid has one number in each interface; the policy allows it in the native one.
    @Test(arguments: Caller.allCases) func `other interfaces of the processor are no way in`(caller: Caller) throws {
        try Fixture.run { fixture in
            let job = try fixture.launch("default", [], probe("x32", "110", ",", "i386", "64", ",", "syscall", "110"), as: caller)
            #expect(job.outcome.lines.prefix(2) == ["x32 = -1 ENOSYS", "i386 = -1 ENOSYS"], job.summary)
            #expect(job.outcome.lines.last?.hasPrefix("syscall = ") == true && job.outcome.lines.last?.contains("-1") == false, job.summary)
            #expect(job.violations.contains("syscall getppid x32 ENOSYS"), job.summary)
            #expect(job.violations.contains("syscall getppid i386 ENOSYS"), job.summary)
        }
    }

    /// A tracer changes its child's call after the child has made it; the filter is asked about what will be done (kernel 4.8, seccomp(2)).
    @Test(arguments: Caller.allCases) func `a tracer's change is filtered too`(caller: Caller) throws {
        try Fixture.run { fixture in
            let policy = try fixture.lenient(["ptrace"])
            // mount(2), with arguments that the kernel would answer EFAULT; getppid(2), which is allowed.
            let job = try fixture.launch(policy, [], probe("trace-change", "165", ",", "trace-change", "110"), as: caller)
            #expect(job.outcome.lines.first == "trace-change = -1 EPERM", job.summary)
            #expect(job.outcome.lines.last?.hasPrefix("trace-change = ") == true && job.outcome.lines.last?.contains("-1") == false, job.summary)
            #expect(job.violations.contains { $0.hasPrefix("syscall mount ") }, job.summary)
            // It could have put -1 there, which no filter is asked about, and said itself what came of it.
            #expect(job["/syscalls/complete"] == false, job.summary)
            let open = try fixture.launch(try fixture.lenient(["ptrace", "mount"]), [], probe("trace-change", "165"), as: caller)
            #expect(open.outcome.text.hasPrefix("trace-change = -1 E") && !open.violations.contains { $0.hasPrefix("syscall mount ") }, open.summary)
            // The shipped policies but ci-memory let nobody trace.
            #expect(try fixture.launch("default", [], probe("ptrace"), as: caller).outcome.text == "ptrace = -1 EPERM\n")
        }
    }
    #endif

    @Test(arguments: Caller.allCases) func `new namespaces are refused, however they are asked for`(caller: Caller) throws {
        try Fixture.run { fixture in
            for flags in ["0x10000000", "0x10020000", "0x7e020000"] {
                let job = try fixture.launch("default", [], probe("unshare", flags, ",", "clone", flags, ",", "clone3", flags), as: caller)
                #expect(job.outcome.text == "unshare = -1 EPERM\nclone = -1 EPERM\nclone3 = -1 ENOSYS\n", job.summary)
                for name in ["unshare", "clone"] { #expect(job.violations.contains { $0.hasPrefix("syscall \(name) ") }, job.summary) }
            }
            let open = try fixture.launch(try fixture.lenient(["unshare"]), [], probe("unshare", "0x10000000"), as: caller)
            #expect(open.outcome.text == "unshare = 0\n", open.summary)
        }
    }

    /// What a ring is told to do lies in memory that no filter reads.
    @Test(arguments: Caller.allCases) func `rings are absent`(caller: Caller) throws {
        try Fixture.run { fixture in
            let job = try fixture.launch("default", [], probe("io_uring"), as: caller)
            #expect(job.outcome.text == "io_uring_setup = -1 ENOSYS\n", job.summary)
            let open = try fixture.launch(try fixture.lenient(["@io-uring"]), [], probe("io_uring"), as: caller)
            // kernel.io_uring_disabled may be set, which answers EPERM.
            #expect(!open.outcome.text.contains("ENOSYS") && !open.violations.contains { $0.contains("io_uring") }, open.summary)
        }
    }

    /// A filter has one listener; a second one must not take the first one's place.
    @Test(arguments: Caller.allCases) func `a second listener does not replace brig's`(caller: Caller) throws {
        try Fixture.run { fixture in
            let job = try fixture.launch("default", [], probe("listener", ",", "denied", "3"), as: caller)
            #expect(job.outcome.text == "no_new_privs = 0\nseccomp = -1 EBUSY\ndenied = -1 EPERM\n", job.summary)
            #expect(job["/syscalls/counts/kexec_load"] == 3, job.summary)
            #expect(try unconfined(bare("listener"), as: caller).text.contains("seccomp = 3"))
        }
    }

    /// The stricter answer wins, and brig's filter, which asks brig, is not the stricter: what the job's own one answers is not seen. So that is what the report says.
    @Test(arguments: Caller.allCases) func `a filter of the job's own hides nothing silently`(caller: Caller) throws {
        try Fixture.run { fixture in
            let engines = caller == .own && Requirement.bpf.obstacle == nil ? ["ebpf", "notification"] : ["notification"]
            let runs = [("run", [String]())] + engines.map { ("audit", ["--engine", $0]) }
            for (subcommand, options) in runs {
                let job = try fixture.launch("default", options, probe("own-filter", ",", "denied", "3"), as: caller, subcommand: subcommand)
                #expect(job.outcome.text.hasSuffix("own-filter = 0\ndenied = -1 EACCES\n"), "\(options) \(job.summary)")
                #expect(job["/syscalls/complete"] == false && job["/syscalls/gaps/0"].string?.contains("filter of its own") == true, "\(options) \(job["/syscalls/gaps"])")
                #expect(job["/syscalls/counts/kexec_load"] == .null, "\(options) \(job["/syscalls/counts"])")
                // Calls that are made from anywhere but the lower half of the addresses would be the program's own to answer.
                let dispatch = try fixture.launch("default", options, probe("prctl", "59", "1", "0", "0x7fffffffffff", "0"), as: caller, subcommand: subcommand)
                #expect(dispatch.outcome.text == "prctl = 0\n" && dispatch["/syscalls/complete"] == false, "\(options) \(dispatch.summary)")
                let open = try fixture.launch("default", options, probe("prctl", "15", "0", ",", "denied", "3"), as: caller, subcommand: subcommand)
                #expect(open["/syscalls/complete"] == true && open["/syscalls/counts/kexec_load"] == 3, "\(options) \(open.summary)")
            }
        }
    }

    /// Callers die while brig looks at their calls, and their numbers are used again.
    @Test(arguments: Caller.allCases) func `callers that die in their calls upset nothing`(caller: Caller) throws {
        try Fixture.run { fixture in
            let job = try fixture.launch("default", [], probe("deny-and-die", "200", ",", "denied", "7"), as: caller)
            #expect(job.exitCode == 0 && job.outcome.text == "deny-and-die: done\ndenied = -1 EPERM\n", job.summary)
            #expect(job["/syscalls/counts/kexec_load"].integer ?? 0 > 200, job.summary)
        }
    }

    /// Without no_new_privs and with the mount's set-id bits, the program would run as its owner.
    @Test(.requires(.root)) func `a set-id program gains nothing`() throws {
        try Fixture.run { fixture in
            let tools = try fixture.makeDirectory("tools")
            _ = try Command("/bin/sh", ["-c", "cp \(Executables.probe) \(tools)/probe && chmod 6755 \(tools)/probe"]).run()
            for caller in Caller.allCases {
                let job = try fixture.launch(try fixture.lenient(user: 4711), ["--bind", "\(tools):/media"], ["/media/probe", "status", "NoNewPrivs", "CapEff", ",", "ids"], as: caller)
                #expect(job.outcome.lines.prefix(3) == ["CapEff:\t0000000000000000", "NoNewPrivs:\t1", "uid: 4711 4711 4711"], job.summary)
            }
            // Where the directory's file system has set-id bits at all, they do work without brig.
            let control = try unconfined(["\(tools)/probe", "ids"], as: .ordinary)
            let ignores = try Command("findmnt", ["-n", "-o", "OPTIONS", "-T", tools]).run().text.contains("nosuid")
            #expect(ignores || control.text.hasPrefix("uid: 1000 0 0"), "\(control.text)")
        }
    }

    /// A program without a file: the policy's word on execveat(2) holds for it.
    @Test(arguments: Caller.allCases) func `a program in memory is executed where the policy says so`(caller: Caller) throws {
        try Fixture.run { fixture in
            let denied = try fixture.policy("default", [.init("syscalls", ["deny": [["names": ["execveat"], "action": "errno:EPERM", "reason": "no programs from memory"]]])])
            let job = try fixture.launch(denied, [], probe("memfd-exec", probeInJob), as: caller)
            #expect(job.outcome.text == "execveat = -1 EPERM\n" && job.violations.contains { $0.hasPrefix("syscall execveat ") }, job.summary)
            let open = try fixture.launch("default", [], probe("memfd-exec", probeInJob), as: caller)
            #expect(open.exitCode == 42, open.summary)
        }
    }
}
