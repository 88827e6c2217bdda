import TestSupport
import Testing

/// A policy under which everything but the protection in question is open.
private let lenient = #"""
    {"version": 1, "base": "ci-memory", "process": {"user": 0, "group": 0},
     "capabilities": {"retain": ["CAP_DAC_OVERRIDE", "CAP_CHOWN", "CAP_FOWNER", "CAP_SYS_CHROOT", "CAP_MKNOD", "CAP_KILL", "CAP_SETUID", "CAP_SETGID"]}}
    """#

/// Ways out of the job's root, each beside the same attempt where it succeeds.
@Suite(.serialized, .requires(.root, .brig))
struct RootEscapeTests {
    private func job(_ fixture: Fixture, _ options: [String] = [], _ script: String) throws -> Command.Outcome {
        let policy = try fixture.write("lenient.json", lenient)
        return try Executables.run(["run", "--policy", policy] + options + ["--", "/bin/sh", "-c", script])
    }

    /// The host's root must not lie over or under the job's: a marker in the host's /run is what a job would find there.
    @Test func dotDotStaysInside() throws {
        try Fixture.run { fixture in
            let marker = "/run/brig-escape-\(UInt32.random(in: 0...UInt32.max))"
            _ = try Command("/bin/sh", ["-c", "echo host > \(marker)"]).run()
            fixture.atEnd { _ = try? Command("/bin/rm", ["-f", marker]).run() }
            #expect(try Command("/bin/cat", ["/..\(marker)"]).run().text == "host\n")
            for path in ["", "/..", "/../../..", "/proc/self/root/..", "/proc/self/cwd/.."] {
                let outcome = try job(fixture, [], "cat \(path)\(marker)")
                #expect(outcome.exitCode == 1 && outcome.text.isEmpty, "\(path): \(outcome.text)")
            }
        }
    }

    @Test func privateFilesOfTheMachineAreHidden() throws {
        try Fixture.run { fixture in
            let control = try Command("/bin/cat", ["/etc/shadow"]).run()
            #expect(control.text.contains(":"))
            let shadow = try job(fixture, [], "cat /etc/shadow")
            #expect(shadow.text.isEmpty)
            let listing = try job(fixture, [], "ls -A /root /home /run /var/lib | grep -v : | grep .")
            #expect(listing.text.isEmpty)
        }
    }

    @Test func readOnlyBindsStayReadOnly() throws {
        try Fixture.run { fixture in
            let shared = fixture.path("shared")
            _ = try Command("/bin/mkdir", [shared]).run()
            #expect(try job(fixture, ["--bind", "\(shared):/mnt"], "echo x > /mnt/f || mount -o remount,bind,rw /mnt && echo x > /mnt/f").exitCode != 0)
            #expect(try fixture.names(in: "shared").isEmpty)
            #expect(try job(fixture, ["--bind", "\(shared):/mnt:rw"], "echo x > /mnt/f").exitCode == 0)
            #expect(try fixture.names(in: "shared") == ["f"])
        }
    }

    @Test func mountsAndAdministrationExcludeEachOther() throws {
        try Fixture.run { fixture in
            let policy = try fixture.write("p.json", #"{"version": 1, "base": "ci-memory", "capabilities": {"retain": ["CAP_SYS_ADMIN"]}, "syscalls": {"default": "log", "allow": ["@mount"], "deny": [], "rules": []}}"#)
            let outcome = try Executables.run(["run", "--policy", policy, "--", "/bin/true"])
            #expect(outcome.exitCode == 125)
        }
    }

    /// A set-uid program in a directory that the host shares would be the host's to run.
    @Test(.requires(.probe)) func noSetUserBitsInSharedDirectories() throws {
        try Fixture.run { fixture in
            let shared = fixture.path("shared")
            _ = try Command("/bin/mkdir", [shared]).run()
            let script = "touch /mnt/f && chmod 4755 /mnt/f; stat -c %a /mnt/f"
            #expect(try job(fixture, ["--bind", "\(shared):/mnt:rw"], script).text == "644\n")
            #expect(try Command("/bin/sh", ["-c", "cd \(shared) && chmod 4755 f && stat -c %a f"]).run().text == "4755\n")
        }
    }

    @Test func hostileImageCannotRedirectMounts() throws {
        try Fixture.run { fixture in
            let outside = fixture.path("outside")
            let script = "mkdir -p image/bin outside && cp /bin/busybox image/bin/sh && ln -s \(outside) image/dev && ln -s ../../../../..\(outside) image/tmp && ln -s / image/proc"
            _ = try Command("/bin/sh", ["-c", "cd \(fixture.directory) && \(script)"]).run()
            let outcome = try Executables.run(["run", "--policy", "ci-memory", "--rootfs", "dir:\(fixture.path("image"))", "--", "/bin/sh", "-c", "echo ran"])
            #expect(try fixture.names(in: "outside").isEmpty, "\(outcome.text) \(outcome.errorText)")
        }
    }

    @Test func programsAndDirectoriesThroughMagicLinksAreRefused() throws {
        try Fixture.run { fixture in
            for options in [["--workdir", "/proc/self/fd/5"], ["--workdir", "/proc/self/root"]] {
                #expect(try Executables.run(["run", "--policy", "ci-memory"] + options + ["--", "/bin/true"]).exitCode == 125, "\(options)")
            }
            #expect(try Executables.run(["run", "--policy", "ci-memory", "--", "/proc/self/exe"]).exitCode == 126)
            try fixture.write("s", "#!/proc/self/exe\n", mode: 0o755)
            #expect(try Executables.run(["run", "--policy", "ci-memory", "--bind", "\(fixture.directory):/mnt", "--", "/mnt/s"]).exitCode == 125)
        }
    }
}
