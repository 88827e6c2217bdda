import BrigJSON
import TestSupport
import Testing

/// Ways out of the job's root, and into what others put beside it.
@Suite(.serialized, .requires(.brig, .probe, .userNamespaces, .ordinaryUser)) struct RootEscapeTests {
    private static let retained = ["CAP_DAC_OVERRIDE", "CAP_CHOWN", "CAP_FOWNER", "CAP_SYS_CHROOT", "CAP_MKNOD", "CAP_KILL"]

    /// The host's root must not lie over or under the job's: a marker in the host's /run is what a job would find there.
    @Test(.requires(.root), arguments: Caller.allCases) func `dot-dot stays inside`(caller: Caller) throws {
        try Fixture.run { fixture in
            let marker = "/run/brig-escape-\(UInt32.random(in: 0...UInt32.max))"
            _ = try Command("/bin/sh", ["-c", "echo host > \(marker)"]).run()
            fixture.atEnd { _ = try? Command("/bin/rm", ["-f", marker]).run() }
            let policy = try fixture.lenient(retain: Self.retained)
            for path in ["", "/..", "/../../..", "/proc/self/root/..", "/proc/self/cwd/..", "/proc/1/root", "/proc/self/fd/0/..", "/dev/fd/1/.."] {
                let job = try fixture.launch(policy, [], ["/bin/cat", "\(path)\(marker)"], as: caller)
                #expect(job.exitCode == 1 && job.outcome.text.isEmpty, "\(path): \(job.outcome.text)")
                if ["", "/..", "/proc/self/root/.."].contains(path) { #expect(try unconfined(["/bin/cat", "\(path)\(marker)"]).text == "host\n", "\(path)") }
            }
        }
    }

    /// chroot(2) below an open directory is the old way up.
    @Test(.requires(.root), arguments: Caller.allCases) func `chroot is no way up`(caller: Caller) throws {
        try Fixture.run { fixture in
            let job = try fixture.launch(try fixture.lenient(["chroot"], retain: ["CAP_SYS_CHROOT"]), [], probe("climb"), as: caller)
            #expect(job.outcome.text == "chroot = 0\nfchdir = 0\nclimb: same root\n", job.summary)
            try fixture.makeDirectory("root/tmp")
            _ = try Command("cp", [Executables.probe, fixture.path("root/probe")]).run()
            #expect(try Command("chroot", [fixture.path("root"), "/probe", "climb"]).run().text.contains("another root"))
        }
    }

    @Test(.requires(.root), arguments: Caller.allCases) func `private files of the machine are hidden`(caller: Caller) throws {
        try Fixture.run { fixture in
            let attempt = shell("cat /etc/shadow /etc/gshadow; ls -A /root; ls -A /home; ls -A /run; ls -A /var/lib; ls -A /etc/ssh 2>/dev/null")
            let job = try fixture.launch(try fixture.lenient(retain: Self.retained), [], attempt, as: caller)
            #expect(job.outcome.text.isEmpty, job.summary)
            #expect(try unconfined(attempt).text.contains(":"))
        }
    }

    /// A home need not be below /home. Which accounts have one is `HomeTests`.
    @Test(.requires(.root), arguments: Caller.allCases) func `the caller's home is hidden wherever it is`(caller: Caller) throws {
        try Fixture.run { fixture in
            let home = "/var/brig-test-\(UInt32.random(in: 0...UInt32.max))"
            fixture.atEnd { _ = try? Command("rm", ["-rf", home]).run() }
            _ = try Command("/bin/sh", ["-c", "mkdir -m 0755 \(home) && echo private > \(home)/secret && chmod 0644 \(home)/secret && mkdir -m 0755 \(home)/work && echo shared > \(home)/work/file"]).run()
            func environment(_ home: String) -> [String: String] { ["HOME": home, "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"] }
            let attempt = shell("cat \(home)/secret; ls -A \(home)")
            let job = try fixture.launch("default", [], attempt, as: caller, environment: environment(home + "/"))
            #expect(job.outcome.text.isEmpty, job.summary)
            // What the policy mounts in it is there, and nothing else.
            let mounted = try fixture.launch(
                "default", ["--bind", "\(home)/work:\(home)/work"], shell("cat \(home)/secret \(home)/work/file; ls -A \(home); touch \(home)/new"), as: caller, environment: environment(home))
            #expect(mounted.outcome.text == "shared\nwork\n" && mounted.outcome.errorText.contains("Read-only"), mounted.summary)
            let elsewhere = try fixture.launch("default", [], attempt, as: caller, environment: environment("/nonexistent"))
            #expect(elsewhere.outcome.text == "private\nsecret\nwork\n", elsewhere.summary)
        }
    }

    @Test(arguments: Caller.allCases) func `read-only binds stay read-only`(caller: Caller) throws {
        try Fixture.run { fixture in
            let shared = try fixture.shared()
            let policy = try fixture.lenient(["@mount"], retain: Self.retained)
            let attempts = ["create", "/media/f", "x", ",", "remount", "/media", ",", "mkdir", "/media/d", ",", "symlink", "x", "/media/l", ",", "chmod", "0777", "/media"]
            let job = try fixture.launch(policy, ["--bind", "\(shared):/media"], probe() + attempts, as: caller)
            #expect(job.outcome.lines.count == 5 && job.outcome.lines.allSatisfy { $0.contains("= -1 E") }, job.summary)
            #expect(try fixture.names(in: "shared").isEmpty)
            let open = try fixture.launch(policy, ["--bind", "\(shared):/media:rw"], probe("create", "/media/f", "x"), as: caller)
            #expect(open.outcome.text == "write = 1\n", open.summary)
            #expect(try fixture.names(in: "shared") == ["f"])
        }
    }

    /// A hard link is a second name: one in a writable bind for a file of a read-only one would be a way to write to it.
    @Test(arguments: Caller.allCases) func `no hard link leads from one bind into another`(caller: Caller) throws {
        try Fixture.run { fixture in
            let (given, kept) = (try fixture.shared("given"), try fixture.shared("kept"))
            try fixture.write("kept/file", "kept", mode: 0o666)
            let binds = ["--bind", "\(given):/given:rw", "--bind", "\(kept):/kept"]
            let policy = try fixture.lenient(retain: Self.retained)
            let attempts = ["link", "/kept/file", "/given/link", ",", "write", "/kept/file", "x", ",", "link", "/kept/file", "/kept/link"]
            let job = try fixture.launch(policy, binds, probe() + attempts, as: caller)
            #expect(job.outcome.text == "link = -1 EXDEV\nopen = -1 EROFS\nlink = -1 EROFS\n", job.summary)
            let control = try unconfined(bare("link", "\(kept)/file", "\(given)/link", ",", "write", "\(given)/link", "x"), as: caller)
            #expect(control.text == "link = 0\nwrite = 1\n", "\(control.text)")
        }
    }

    /// Nothing is made through a link that an image has in the way of the set-up, be it of a mount's target or of a directory on the way to it.
    @Test(.requires(.busybox), arguments: Caller.allCases) func `links of an image redirect no mount`(caller: Caller) throws {
        try Fixture.run { fixture in
            let outside = try fixture.shared("outside")
            for (name, link) in [("dev", outside), ("tmp", "../../../../../../../..\(outside)"), ("proc", "/"), ("data", outside), ("proc", "/proc/self"), ("etc", "/proc/1/root")] {
                _ = try Command(
                    "/bin/sh",
                    [
                        "-c",
                        "cd \(fixture.directory) && rm -rf image && mkdir -p image/bin image/proc image/dev image/tmp image/data image/etc && cp /bin/busybox image/bin/sh && rmdir image/\(name) && ln -s \(link) image/\(name)",
                    ]
                )
                .run()
                let policy = try fixture.lenient(with: [.init("rootfs", ["image": .string("dir:\(fixture.path("image"))"), "writable": "scratch"])])
                let job = try fixture.launch(policy, ["--bind", "\(try fixture.shared("given")):/data/made/here"], shell("echo x > /tmp/file; echo x > /data/file"), as: caller)
                #expect(try fixture.names(in: "outside").isEmpty, "\(name) -> \(link): \(job.message)")
            }
            // The same path, without brig, leads there.
            _ = try unconfined(shell("ln -s \(outside) \(fixture.path("given"))/data; mkdir -p \(fixture.path("given"))/data/made/here"), as: caller)
            #expect(try fixture.names(in: "outside") == ["made"])
        }
    }

    /// A target below a directory that an earlier job could write to goes by what that job has left there.
    @Test(arguments: Caller.allCases) func `a link that a job has left moves no mount over /proc or /dev`(caller: Caller) throws {
        try Fixture.run { fixture in
            let shared = try fixture.shared()
            let links = shell("for d in / /proc /proc/sys /dev /dev/pts /etc; do ln -s $d /media/$(echo $d | tr / _) || exit 3; done")
            #expect(try fixture.launch("default", ["--bind", "\(shared):/media:rw"], links, as: caller).exitCode == 0)
            let given = try fixture.shared("given")
            try fixture.write("given/passwd", "given")
            for (name, allowed) in [("_", false), ("_proc", false), ("_proc_sys", false), ("_dev", false), ("_dev_pts", false), ("_etc", true)] {
                let options = ["--bind", "\(shared):/media:rw", "--bind", "\(given):/media/\(name)"]
                let job = try fixture.launch("default", options, ["/bin/cat", "/etc/passwd"], as: caller)
                #expect(allowed ? job.outcome.text == "given" : job.exitCode == 125 && job.message.contains("ELOOP"), "\(name): \(job.message)")
            }
        }
    }

    /// Between the look at a bind's source and its mount, another directory takes the place: an ordinary account's child opens the path itself.
    @Test func `a source that is replaced is not mounted`() throws {
        try Fixture.run { fixture in
            let place = try fixture.shared("place")
            for name in ["given", "other"] { try fixture.write("place/\(name)/who", name) }
            _ = try Command("chmod", ["-R", "0777", place]).run()
            let driver = """
                import os, subprocess, sys, time
                place, words, seen = sys.argv[1], sys.argv[2:], []
                for attempt in range(40):
                    job = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
                    children, end = f"/proc/{job.pid}/task/{job.pid}/children", time.time() + 20
                    while time.time() < end and job.poll() is None:
                        try:
                            if open(children).read(): break
                        except OSError: break
                    for pause in range(attempt % 8 * 300): pass
                    os.rename(place + "/given", place + "/aside"); os.rename(place + "/other", place + "/given")
                    out, said = job.communicate()
                    os.rename(place + "/given", place + "/other"); os.rename(place + "/aside", place + "/given")
                    seen.append(out.decode() or ("stale" if b"another file" in said else "refused"))
                print("\\n".join(sorted(set(seen))))
                """
            let words = Caller.allCases.last.map(\.prefix) ?? []
            var run = Command("python3", ["-c", driver, place] + words + [Executables.brig, "run", "--bind", "\(place)/given:/media", "--", "/bin/cat", "/media/who"])
            run.timeLimit = 200
            let outcome = try run.run()
            #expect(outcome.succeeded && !outcome.lines.isEmpty && !outcome.lines.contains("other"), "\(outcome.text)\(outcome.errorText)")
        }
    }

    @Test(arguments: Caller.allCases) func `programs and directories through magic links are refused`(caller: Caller) throws {
        try Fixture.run { fixture in
            for place in ["/proc/self/fd/5", "/proc/self/root", "/proc/self/cwd", "/proc/thread-self/root/tmp"] {
                let job = try fixture.launch("default", ["--workdir", place], ["/bin/true"], as: caller)
                #expect(job.exitCode == 125 && job.message.hasPrefix("directory:"), job.summary)
            }
            #expect(try fixture.launch("default", ["--workdir", "/tmp"], ["/bin/true"], as: caller).exitCode == 0)
            #expect(try fixture.launch("default", [], ["/proc/self/exe"], as: caller).exitCode == 126)
            try fixture.write("s", "#!/proc/self/exe\n", mode: 0o755)
            let script = try fixture.launch("default", ["--bind", "\(fixture.directory):/mnt"], ["/mnt/s"], as: caller)
            #expect(script.exitCode == 125, script.summary)
        }
    }
}
