import TestSupport
import Testing

/// What a job gets of brig, of its caller and of the kernel beyond its own processes.
@Suite(.serialized, .requires(.root, .brig, .probe))
struct ProcessEscapeTests {
    private func job(_ options: [String] = [], _ words: [String], environment: [String: String]? = nil) throws -> Command.Outcome {
        try Executables.run(["run", "--policy", "ci-memory", "--bind", "\(Executables.probe):/probe"] + options + ["--"] + words, environment: environment)
    }

    @Test func nothingOfTheCallerIsInherited() throws {
        let inside = try job([], ["/bin/sh", "-c", "env; ls /proc/self/fd | wc -l; id -G; umask"], environment: ["SECRET": "x", "PATH": "/usr/bin:/bin"])
        #expect(!inside.text.contains("SECRET"))
        // 0, 1, 2 and the directory that ls itself reads.
        #expect(inside.text.contains("\n4\n"))
        #expect(inside.text.contains("\n65534\n"))
        #expect(try Command("/usr/bin/env", [], environment: ["SECRET": "x"]).run().text.contains("SECRET"))
    }

    @Test func initIsOutOfReach() throws {
        let script = "cat /proc/1/environ /proc/1/maps; ls -l /proc/1/exe /proc/1/root /proc/1/fd; kill -9 1; kill -STOP 1; echo alive"
        let outcome = try job([], ["/bin/sh", "-c", "exec 2>/dev/null; \(script)"])
        #expect(outcome.text == "alive\n")
        #expect(outcome.exitCode == 0)
    }

    @Test func capabilitiesAndIdentity() throws {
        let outcome = try job([], ["/bin/grep", "-E", "^(Cap|NoNewPrivs|Seccomp:|Uid)", "/proc/self/status"])
        #expect(outcome.text.split(separator: "\n").filter { $0.hasPrefix("Cap") }.allSatisfy { $0.hasSuffix("0000000000000000") })
        #expect(outcome.text.contains("NoNewPrivs:\t1"))
        #expect(outcome.text.contains("Seccomp:\t2"))
        #expect(try Command("/bin/grep", ["CapEff", "/proc/self/status"]).run().text.contains("0000000000000000") == false)
    }

    @Test func kernelInterfacesAreReadOnlyOrMasked() throws {
        let files = "/proc/sys/kernel/core_pattern /proc/sysrq-trigger /proc/sys/vm/drop_caches"
        let script = "for f in \(files); do (echo x > $f) 2>/dev/null && echo wrote $f; done; cat /proc/kcore /proc/timer_list 2>/dev/null | head -c 1; ls /sys"
        #expect(try job(["--user", "0"], ["/bin/sh", "-c", script]).text.isEmpty)
    }

    @Test func onlyLoopback() throws {
        #expect(try job([], ["/probe", "interfaces"]).text.contains("lo"))
        #expect(try job([], ["/bin/grep", "-c", ":", "/proc/net/dev"]).text == "1\n")
        let own = try Command("/bin/readlink", ["/proc/self/ns/net"]).run().text
        #expect(try job(["--network", "host"], ["/bin/readlink", "/proc/self/ns/net"]).text == own)
    }

    @Test func processesOfTheHostAreUnseen() throws {
        let outcome = try job([], ["/bin/sh", "-c", "ls -d /proc/[0-9]* | wc -l"])
        #expect(Int(outcome.text.prefix { $0 != "\n" }) ?? 99 <= 4)
    }

    /// The launcher's own calls carry a key; the job's do not, whatever it puts into the sixth argument.
    @Test func launchCallsAreNotTheJobs() throws {
        let outcome = try Executables.run(["run", "--policy", "strict", "--bind", "\(Executables.probe):/probe", "--", "/probe", "exec", "/bin/true"])
        #expect(outcome.text.contains("EPERM"), "\(outcome.text) \(outcome.errorText)")
        let control = try job([], ["/probe", "exec", "/bin/true"])
        #expect(!control.text.contains("EPERM"))
    }

    @Test func terminalInjectionIsRefused() throws {
        for high in [[], ["0x100000000"]] as [[String]] {
            let outcome = try Executables.run(["run", "--policy", "default", "--bind", "\(Executables.probe):/probe", "--", "/probe", "tiocsti"] + high)
            #expect(outcome.text.contains("EPERM"), "\(outcome.text)")
        }
    }

    @Test func ringsAndClone3AreAbsent() throws {
        for words in [["io_uring"], ["clone3", "0x10000000"]] {
            let outcome = try Executables.run(["run", "--policy", "default", "--bind", "\(Executables.probe):/probe", "--", "/probe"] + words)
            #expect(outcome.text.contains("ENOSYS"), "\(outcome.text)")
        }
    }

    /// Exact however many come, from however many threads.
    @Test func aFloodOfRefusedCallsIsCounted() throws {
        try Fixture.run { fixture in
            let file = fixture.path("r.json")
            let outcome = try Executables.run(["run", "--policy", "default", "--report", file, "--bind", "\(Executables.probe):/probe", "--", "/probe", "denied-threads", "8", "2000"])
            #expect(outcome.exitCode == 0, "\(outcome.errorText)")
            let report = try readText(file)
            #expect(report.contains("\"count\": 16000"), "\(report)")
            #expect(outcome.maxResidentBytes < 200 << 20)
        }
    }
}
