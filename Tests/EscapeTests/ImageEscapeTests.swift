import BrigJSON
import TestSupport
import Testing

/// Ways from a job to what later jobs are made of: the store that their roots come from, and the table of jobs. What archives try against it is in `BrigImageTests`.
@Suite(.serialized, .requires(.brig, .busybox, .userNamespaces, .ordinaryUser, .root)) struct ImageEscapeTests {
    private static let retained = ["CAP_DAC_OVERRIDE", "CAP_CHOWN", "CAP_FOWNER", "CAP_SYS_CHROOT"]

    /// A store of the caller's with one image in it.
    private struct Store {
        let place: String
        let caller: Caller
        let archive: String
        var path: String { "\(place)/store" }
        var environment: [String: String] { ["BRIG_STORE": path, "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/nonexistent"] }

        /// - Parameter place: a directory that is made for it and removed
        init(_ fixture: Fixture, _ caller: Caller, at place: String) throws {
            self.caller = caller
            self.place = place
            fixture.atEnd { _ = try? Command("rm", ["-rf", place]).run() }
            for name in ["bin", "dev", "proc", "tmp", "etc"] { try fixture.makeDirectory("image/\(name)") }
            try fixture.write("image/bin/busybox", try readFile("/bin/busybox"), mode: 0o755)
            try fixture.write("image/etc/release", "original\n", mode: 0o666)
            archive = fixture.path("root.tar")
            let image = fixture.path("image")
            let made = try Command("/bin/sh", ["-c", "mkdir -m 0755 \(place) && ln '\(image)/bin/busybox' '\(image)/bin/sh' && tar -C '\(image)' -cf \(archive) ."]).run()
            try #require(made.succeeded, "\(made.errorText)")
            if case .ordinary = caller { _ = try Command("chown", ["1000:1000", place]).run() }
            let imported = try unconfined([Executables.brig, "image", "import", "--name", "test", archive], as: caller, environment: environment)
            try #require(imported.succeeded, "\(imported.errorText)")
        }

        /// The command's own check of everything in the store.
        func isSound() throws -> Bool { try unconfined([Executables.brig, "image", "verify"], as: caller, environment: environment).succeeded }
    }

    @Test(arguments: Caller.allCases) func `the store is hidden in the machine's root`(caller: Caller) throws {
        try Fixture.run { fixture in
            // Where the machine's root shows it to jobs.
            let store = try Store(fixture, caller, at: "/var/brig-test-\(UInt32.random(in: 0...UInt32.max))")
            let attempt = shell("ls -A \(store.path); cat \(store.path)/version; echo 2 > \(store.path)/version; mv \(store.path) \(store.path)2; ls \(store.place)")
            let job = try fixture.launch(try fixture.lenient(retain: Self.retained), [], attempt, as: caller, environment: store.environment)
            #expect(job.outcome.text == "store\n", job.summary)
            #expect(try store.isSound())
            #expect(try unconfined(["cat", "\(store.path)/version"], as: caller).text == "1\n")
        }
    }

    /// Whoever may write to the store says what the next job runs.
    @Test(arguments: Caller.allCases) func `no writable bind reaches the store`(caller: Caller) throws {
        try Fixture.run { fixture in
            let store = try Store(fixture, caller, at: fixture.path("place"))
            let policy = try fixture.lenient(retain: Self.retained)
            for source in [store.place, store.path, "\(store.path)/layers", "\(store.path)/version", fixture.directory] {
                let job = try fixture.launch(policy, ["--bind", "\(source):/media:rw"], shell("echo ran"), as: caller, environment: store.environment)
                #expect(job.exitCode == 125 && job.message.contains("reaches the image store") && job.outcome.output.isEmpty, "\(source): \(job.summary)")
            }
            // The same directory by another name.
            let alias = try fixture.makeDirectory("alias")
            try #require(try Command("mount", ["--bind", store.place, alias]).run().succeeded)
            defer { _ = try? Command("umount", [alias]).run() }
            for source in [alias, "\(alias)/store/names"] {
                let job = try fixture.launch(policy, ["--bind", "\(source):/media:rw"], shell("echo ran"), as: caller, environment: store.environment)
                #expect(job.exitCode == 125 && job.message.contains("reaches the image store"), "\(source): \(job.summary)")
            }
            // A directory in which it is mounted, and one with a link that leads to it.
            try fixture.makeDirectory("holder/inner")
            try #require(try Command("mount", ["--bind", store.path, fixture.path("holder/inner")]).run().succeeded)
            defer { _ = try? Command("umount", [fixture.path("holder/inner")]).run() }
            var linked = store.environment
            linked["BRIG_STORE"] = "\(try fixture.makeDirectory("links"))/there"
            _ = try Command("ln", ["-s", store.path, fixture.path("links/there")]).run()
            for (source, environment) in [(fixture.path("holder"), store.environment), (fixture.path("links"), linked)] {
                let job = try fixture.launch(policy, ["--bind", "\(source):/media:rw"], shell("echo ran"), as: caller, environment: environment)
                #expect(job.exitCode == 125 && job.message.contains("the image store"), "\(source): \(job.summary)")
            }
            let reading = try fixture.launch(policy, ["--bind", "\(store.place):/media"], shell("echo 2 > /media/store/version"), as: caller, environment: store.environment)
            #expect(reading.outcome.errorText.contains("Read-only"), reading.summary)
            #expect(try store.isSound())
            // The same bind where it holds no store of the caller's.
            var elsewhere = store.environment
            elsewhere["BRIG_STORE"] = "/nonexistent"
            let writing = try fixture.launch(policy, ["--bind", "\(store.place):/media:rw"], shell("echo 2 > /media/store/version"), as: caller, environment: elsewhere)
            #expect(writing.exitCode == 0, writing.summary)
            #expect(try !store.isSound())
        }
    }

    /// The next brig removes what the table says that killed ones have left.
    @Test(arguments: Caller.allCases) func `no writable bind reaches the table of jobs`(caller: Caller) throws {
        try Fixture.run { fixture in
            let environment = ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/nonexistent"]
            let (place, table) = caller == .own ? ("/run", "/run/brig") : ("/tmp", "/tmp/brig-1000")
            for source in [place, table, "\(table)/jobs"] {
                let job = try fixture.launch("default", ["--bind", "\(source):/media:rw"], shell("echo ran"), as: caller, environment: environment)
                #expect(job.exitCode == 125 && job.message.contains("reaches the table of jobs") && job.outcome.output.isEmpty, "\(source): \(job.summary)")
            }
            let reading = try fixture.launch("default", ["--bind", "\(place):/media"], shell("touch /media/brig-test-new"), as: caller, environment: environment)
            #expect(reading.exitCode != 0 && reading.exitCode != 125, reading.summary)
        }
    }

    /// With every right that a policy can give it, on a root that it may write to and on one that it may not, while the same store takes another image.
    @Test(arguments: Caller.allCases) func `a job changes nothing of its image`(caller: Caller) throws {
        try Fixture.run { fixture in
            let store = try Store(fixture, caller, at: fixture.path("place"))
            let attack = """
                i=0; while [ $i -lt 100 ]; do i=$((i+1)); for f in /etc/release /bin/busybox; do
                echo changed > $f; /bin/busybox chmod 4777 $f; /bin/busybox chown 1:1 $f; /bin/busybox touch -d @1 $f; /bin/busybox ln $f /etc/again$i; done; done 2>/dev/null
                echo changed > /etc/release; /bin/busybox rm -rf /etc; /bin/busybox cat /etc/release
                """
            let words = ["/bin/sh", "-c", attack]
            let brig = (caller.prefix + [Executables.brig]).joined(separator: " ")
            let importing = "\"$@\" & for i in 1 2 3 4; do \(brig) image import --name other$i - < '\(store.archive)' || exit 99; done; wait $!"
            for (isScratch, output) in [(false, "original\n"), (true, "")] {
                let fields: [JSONValue.Member] = [.init("rootfs", ["image": "test", "writable": isScratch ? "scratch" : "none"])]
                let policy = try fixture.lenient(["@mount"], retain: Self.retained, with: fields)
                let job = try fixture.launch(policy, [], words, as: caller, environment: store.environment, script: importing)
                let lines = job.outcome.lines.filter { !$0.hasPrefix("sha256:") && !$0.hasPrefix(" ") }
                #expect(lines == output.split(separator: "\n").map(String.init), job.summary)
                #expect(job.outcome.lines.filter { $0.hasPrefix("sha256:") }.count == 4, job.summary)
                #expect(try store.isSound())
                let next = try fixture.launch(policy, [], ["/bin/busybox", "cat", "/etc/release"], as: caller, environment: store.environment)
                #expect(next.outcome.text == "original\n", next.summary)
            }
            // The account itself can, and it is noticed.
            _ = try unconfined(["/bin/sh", "-c", "for f in \(store.path)/layers/*/fs/etc/release; do echo changed > $f; done"], as: caller)
            #expect(try !store.isSound())
        }
    }
}
