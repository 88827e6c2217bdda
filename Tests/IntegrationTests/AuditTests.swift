import BrigJSON
import TestSupport
import Testing

/// Calls are counted instead of refused, exactly, by either engine, and the job is confined all the same. Numbers of calls are those of x86-64.
@Suite(.requires(.brig, .probe, .seccompNotify)) struct AuditTests {
    /// Those that this machine allows.
    static let engines = Requirement.bpf.obstacle == nil ? ["ebpf", "notification"] : ["notification"]

    @Test(.requires(.bpf)) func `a million calls are counted exactly, in the kernel where it allows that`() throws {
        try Fixture.run { fixture in
            let job = try fixture.launch("default", [], probe("denied", "1000000", "110"), subcommand: "audit")
            #expect(job.exitCode == 0, job.summary)
            #expect(job.count("getppid") == 1_000_000, job.summary)
            #expect(job["/syscalls/engine"] == "ebpf" && job["/syscalls/complete"] == true && job["/syscalls/recorded"] == "all")
            #expect(job["/syscalls/enforced"] == false)
            try requireComplete([job])
        }
    }

    @Test(.requires(.ordinaryUser)) func `an ordinary user's calls are counted by notification`() throws {
        try Fixture.run { fixture in
            let job = try fixture.launch("default", [], probe("denied", "20000", "110"), as: .ordinary, subcommand: "audit")
            #expect(job.exitCode == 0, job.summary)
            #expect(job.count("getppid") == 20_000, job.summary)
            #expect(job["/syscalls/engine"] == "seccomp-notify" && job["/syscalls/complete"] == true)
            #expect(job.outcome.errorText.contains("getppid"), job.summary)
            try requireComplete([job])
        }
    }

    /// Two jobs at once, and what the machine does besides.
    @Test(.requires(.bpf)) func `each job is counted by itself`() throws {
        try Fixture.run { fixture in
            let other = try fixture.shared()
            let script =
                "\(Executables.brig) audit --policy default --report \(other)/other.json --bind \(Executables.probe.dropLast("/probe".count)):/mnt"
                + " -- \(probeInJob) denied 300000 110 2>\(other)/errors & \"$@\"; wait $!"
            let job = try fixture.launch("default", [], probe("denied", "200000", "110"), script: script, subcommand: "audit")
            #expect(job.count("getppid") == 200_000, job.summary)
            let report = try JSONDocument(try readFile("\(other)/other.json"), bounds: .init(size: 64 << 20, depth: 64)).value
            let errors = try readText("\(other)/errors")
            #expect(report["syscalls"]?["counts"]?["getppid"] == 300_000, "\(errors)")
        }
    }

    /// The kernel gives the memory of a process that ended to the next one, whoever's it is.
    @Test(.requires(.bpf)) func `a process that begins where another ended is not taken for it, in the job and beside it`() throws {
        try Fixture.run { fixture in
            let script = "while :; do \(Executables.probe) denied 100 140 >/dev/null; done & others=$!; \"$@\"; s=$?; kill $others; exit $s"
            let attempts = "n=0; while [ $n -lt 200 ]; do n=$((n + 1)); (:); \(probeInJob) denied 5 111 >/dev/null; done"
            let job = try fixture.launch("default", ["--timeout", "\(Int(60 * timeFactor))s"], shell(attempts), script: script, subcommand: "audit")
            #expect(job.exitCode == 0, job.summary)
            #expect(job.count("getpgrp") == 1000 && job.count("getpriority") == 0, job.summary)
            #expect(job["/syscalls/engine"] == "ebpf" && job["/syscalls/complete"] == true, job.summary)
            try requireComplete([job])
        }
    }

    @Test(arguments: engines) func `a refused call runs and the table says what the policy says`(engine: String) throws {
        try Fixture.run { fixture in
            // socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)
            let attempt = probe("syscall", "41", "2", "524289", "0")
            // An audit leaves AppArmor in force, and the profile of this policy denies sockets too.
            let policy = try fixture.policy("strict", [.init("apparmor", ["profile": "unconfined"])])
            let control = try fixture.launch(policy, [], attempt)
            #expect(control.outcome.text.contains("= -1 EPERM"), control.summary)
            let job = try fixture.launch(policy, ["--engine", engine], attempt, subcommand: "audit")
            #expect(job.outcome.text.contains("= 3"), job.summary)
            #expect(job.verdicts("socket") == ["EPERM ran"] && job.violations == [], job.summary)
            #expect(job.facts("socket") == ["0 AF_INET 1", "1 SOCK_STREAM|SOCK_CLOEXEC 1", "2 0x0 1"], "\(job.facts("socket"))")
            #expect(job.outcome.errorText.contains(" refuses 1 of"), job.summary)
            try requireComplete([job])
        }
    }

    /// Calls with arguments that were seen are counted in another place than the first.
    @Test(arguments: engines) func `arguments are counted however often they come`(engine: String) throws {
        try Fixture.run { fixture in
            let attempts = "n=0; while [ $n -lt 400 ]; do n=$((n + 1)); : </dev/null; : >/dev/null; : >>/dev/null; done; exec \(probeInJob) denied 3 110"
            let job = try fixture.launch("default", ["--engine", engine], shell(attempts), subcommand: "audit")
            #expect(job.exitCode == 0, job.summary)
            let facts = job.facts("openat")
            for flags in ["O_RDONLY 400", "O_WRONLY|O_CREAT|O_TRUNC 400", "O_WRONLY|O_APPEND|O_CREAT 400"] { #expect(facts.contains("2 \(flags)"), "\(facts)") }
            #expect(job["/syscalls/complete"] == true, job.summary)
            try requireComplete([job])
        }
    }

    /// More values than are kept: that nothing was refused cannot be said.
    @Test(arguments: engines) func `what the policy says to values that were too many is not known`(engine: String) throws {
        try Fixture.run { fixture in
            let attempts = "import fcntl\nfor request in range(0x10000, 0x10000 + 5000):\n    try: fcntl.ioctl(0, request)\n    except OSError: pass"
            let job = try fixture.launch("default", ["--engine", engine], ["python3", "-c", attempts], subcommand: "audit")
            #expect(job.exitCode == 0 && job.count("ioctl") >= 5000, job.summary)
            #expect(job.outcome.errorText.contains("default allows all others; what it says to all of ioctl is not known"), job.summary)
        }
    }

    @Test(arguments: engines) func `what changes the confinement or the machine is refused still, and counted`(engine: String) throws {
        try Fixture.run { fixture in
            let attempts = ["mount", "none", "/tmp", "tmpfs", ",", "unshare", "0x10000000", ",", "unshare", "0x400", ",", "bpf", ",", "keyctl", ",", "dangerous", ",", "tiocsti"]
            // A policy that ends a job at its first violation does not end an audit.
            let policy = try fixture.policy("default", [.init("onViolation", "kill")])
            let job = try fixture.launch(policy, ["--engine", engine], [probeInJob] + attempts, subcommand: "audit")
            #expect(job.exitCode == 0 && job.reason == "exited", job.summary)
            for name in ["mount", "bpf", "init_module", "kexec_load", "reboot", "perf_event_open", "userfaultfd", "setns", "open_tree", "add_key"] {
                #expect(job.verdicts(name) == ["EPERM"], "\(name)")
                #expect(!job.outcome.lines.contains("\(name) = 0"), job.summary)
            }
            #expect(job.outcome.lines.contains("unshare = 0"), job.summary)
            // The same call, refused for one value and run for another.
            #expect(job.count("unshare") == 2 && Set(job.verdicts("unshare")) == ["EPERM", "EPERM ran"], job.summary)
            #expect(job.violations.contains("syscall mount x86_64 EPERM") && job.violations.contains("syscall ioctl x86_64 EPERM"), job.summary)
            try requireComplete([job])
        }
    }

    @Test(arguments: engines) func `calls of other interfaces are told apart`(engine: String) throws {
        try Fixture.run { fixture in
            let job = try fixture.launch("default", ["--engine", engine], probe("x32", "521", ",", "i386", "26", ",", "i386", "26", ",", "i386", "0xffffff9b", ",", "syscall", "500"), subcommand: "audit")
            let found = (job["/syscalls/calls"].array ?? []).filter { $0["ran"] == false }
                .map { "\($0["abi"]?.string ?? "") \($0["number"]?.integer ?? -1) \($0["count"]?.integer ?? -1) \($0["verdict"]?.string ?? "")" }
            #expect(Set(found) == ["x32 521 1 ENOSYS", "i386 26 2 ENOSYS", "i386 4294967195 1 ENOSYS", "x86_64 500 1 absent"], "\(found) \(job.summary)")
            try requireComplete([job])
        }
    }

    /// Names are the job's own.
    @Test(.requires(.bpf)) func `the table of an audit shows what would steer a terminal as numbers`() throws {
        try Fixture.run { fixture in
            let program = "import os\ntry: os.open('/tmp/\\x1b\\u202egpj\\u2028', 0)\nexcept OSError: pass"
            let job = try fixture.launch("default", ["--files"], ["python3", "-c", program], subcommand: "audit")
            #expect(job.outcome.errorText.contains(#"/tmp/\u{1B}\u{202E}gpj\u{2028}"#), "\(job.outcome.errorText.suffix(600))")
        }
    }

    /// uprobe(2), which newer kernels let past every filter: it has run where the kernel's own answer came of it.
    @Test(.requires(.bpf)) func `what a filter does not see is not told as refused`() throws {
        try Fixture.run { fixture in
            let job = try fixture.launch("default", ["--engine", "ebpf"], probe("syscall", "336"), subcommand: "audit")
            #expect(job.count("syscall_336") == 1, job.summary)
            #expect(job.verdicts("syscall_336").allSatisfy { $0.hasSuffix(" ran") } == job.outcome.text.contains("ENXIO"), "\(job.verdicts("syscall_336")) \(job.summary)")
        }
    }

    /// What is done through a ring is no call.
    @Test(arguments: engines) func `an audit that lets a ring be made is not complete`(engine: String) throws {
        try Fixture.run { fixture in
            let open: JSONValue = ["default": "log", "allow": ["@io-uring"], "deny": [], "rules": []]
            for (policy, isComplete) in [(try fixture.policy("default", [.init("syscalls", open)]), false), ("default", true)] {
                let job = try fixture.launch(policy, ["--engine", engine], probe("syscall", "425", "0", "0"), subcommand: "audit")
                #expect(job["/syscalls/complete"] == .bool(isComplete), "\(job["/syscalls/gaps"]) \(job.summary)")
            }
        }
    }

    @Test(arguments: engines) func `threads and children are counted`(engine: String) throws {
        try Fixture.run { fixture in
            let job = try fixture.launch("default", ["--engine", engine], shell("\(probeInJob) denied-threads 4 500; \(probeInJob) denied 500 140 & \(probeInJob) denied 700 140; wait"), subcommand: "audit")
            #expect(job.count("kexec_load") == 2000 && job.count("getpriority") == 1200, job.summary)
            #expect(job["/violations/0/count"] == 2000, job.summary)
        }
    }

    @Test(arguments: engines) func `limits hold in an audit`(engine: String) throws {
        try Fixture.run { fixture in
            let job = try fixture.launch("default", ["--engine", engine, "--timeout", "1s"], shell("while :; do :; done"), subcommand: "audit")
            #expect(job.reason == "wall-time" && job.exitCode == 124, job.summary)
            let hidden = try fixture.launch("default", ["--engine", engine], shell("cat /etc/shadow; echo x > /usr/brig-was-here"), subcommand: "audit")
            #expect(hidden.outcome.output.isEmpty && hidden.exitCode != 0, hidden.summary)
        }
    }

    @Test func `record all counts every call of a job that is held to its policy`() throws {
        try Fixture.run { fixture in
            let policy = try fixture.policy("default", [.init("syscalls", ["record": "all"])])
            let job = try fixture.launch(policy, [], probe("ptrace", ",", "denied", "3000", "110", ",", "clone3", "0"))
            #expect(job["/syscalls/recorded"] == "all" && job["/syscalls/enforced"] == true && job["/syscalls/complete"] == true, job.summary)
            #expect(job.verdicts("ptrace") == ["EPERM"] && job.violations == ["syscall ptrace x86_64 EPERM"], job.summary)
            #expect(job.verdicts("clone3") == ["absent"] && job.count("getppid") == 3000, job.summary)
            #expect(job.outcome.text.contains("ptrace = -1 EPERM"), job.summary)
            try requireComplete([job])
        }
    }
}
