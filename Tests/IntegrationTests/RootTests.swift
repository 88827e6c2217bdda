import BrigJSON
import TestSupport
import Testing

/// Roots other than the machine's own, and what can be written in them.
@Suite(.requires(.brig, .busybox)) struct RootTests {
    /// A root with nothing but busybox.
    private func makeRoot(_ fixture: Fixture) throws -> String {
        let root = try fixture.makeDirectory("root")
        for name in ["bin", "dev", "proc", "tmp", "etc"] { try fixture.makeDirectory("root/\(name)") }
        try fixture.write("root/bin/busybox", try readFile("/bin/busybox"), mode: 0o755)
        try fixture.write("root/etc/passwd", "someone:x:77:88::/:/bin/sh\n")
        try fixture.write("root/etc/group", "some:x:88:\n")
        let linked = try Command("/bin/sh", ["-c", "cd '\(root)/bin' && for name in sh cat ls id touch dd stat echo head mkdir rm mv; do ln busybox $name; done"]).run()
        try #require(linked.succeeded, "\(linked.errorText)")
        return root
    }

    @Test(.requires(.ordinaryUser), arguments: Caller.allCases) func `a directory, read-only`(caller: Caller) throws {
        try Fixture.run { fixture in
            let root = try makeRoot(fixture)
            let job = try fixture.launch("default", ["--rootfs", "dir:\(root)", "--user", "0"], shell("ls /; touch /x; touch /bin/x; touch /tmp/x && echo scratch"), as: caller)
            #expect(job.outcome.lines == ["bin", "dev", "etc", "proc", "tmp", "scratch"], job.summary)
            #expect(job.outcome.errorText.contains("Read-only file system"), job.summary)
            #expect(try fixture.names(in: "root") == ["bin", "dev", "etc", "proc", "tmp"])
            #expect(try fixture.names(in: "root/tmp") == [])
            try requireComplete([job])
        }
    }

    @Test(.requires(.root)) func `a directory under a scratch layer, with its bound`() throws {
        try Fixture.run { fixture in
            let root = try makeRoot(fixture)
            let policy = try fixture.policy("default", [.init("rootfs", ["image": .string("dir:\(root)"), "writable": "scratch", "scratchSize": "4MiB", "scratchInodes": 64])])
            let script = """
                touch /x && echo written; echo changed > /etc/passwd; rm /bin/mv
                dd if=/dev/zero of=/big bs=1024 count=8192 2>&1 | head -1; stat -c %s /big; rm /big
                i=0; while [ $i -lt 100 ] && touch /f$i; do i=$((i + 1)); done; echo files $((i < 100))
                """
            let job = try fixture.launch(policy, ["--user", "0"], shell(script))
            #expect(job.outcome.text.contains("written") && job.outcome.text.contains("No space left on device"), job.summary)
            #expect(job.outcome.lines.last == "files 1", job.summary)
            let size = job.outcome.lines.compactMap { Int($0) }.first ?? 0
            #expect(size > 1 << 20 && size <= 4 << 20, job.summary)
            #expect(job["/resources/scratch/inodes"].integer ?? 0 > 0, job.summary)
            #expect(try readText("\(root)/etc/passwd").hasPrefix("someone"))
            #expect(try fixture.names(in: "root/bin").contains("mv"))
            try requireComplete([job])
        }
    }

    @Test func `names of users are the image's`() throws {
        try Fixture.run { fixture in
            let root = try makeRoot(fixture)
            let job = try fixture.launch("default", ["--rootfs", "dir:\(root)", "--user", "someone:some"], shell("id -u; id -g"))
            #expect(job.outcome.text == "77\n88\n", job.summary)
            let unknown = try fixture.launch("default", ["--rootfs", "dir:\(root)", "--user", "nobody-here"], shell("id -u"))
            #expect(unknown.exitCode == 125 && unknown.message.contains("nobody-here"), unknown.summary)
        }
    }

    @Test func `links out of the image lead nowhere`() throws {
        try Fixture.run { fixture in
            let root = try makeRoot(fixture)
            let outside = try fixture.write("outside", "secret")
            let linked = try Command("/bin/sh", ["-c", "ln -s / '\(root)/all'; ln -s '\(outside)' '\(root)/out'; rmdir '\(root)/tmp'; ln -s ../../../../tmp '\(root)/tmp'"]).run()
            try #require(linked.succeeded)
            let job = try fixture.launch("default", ["--rootfs", "dir:\(root)"], shell("cat /out; cat /all/out; cat /proc/1/root\(outside); ls /all; true"))
            #expect(!job.outcome.text.contains("secret"), job.summary)
            // Either a root without the mount at the link, or no job: never a mount outside the root.
            #expect(job.reason == "exited" || job.reason == "setup-failed", job.summary)
        }
    }

    @Test func `the machine's root hides what is not the job's`() throws {
        try Fixture.run { fixture in
            let script =
                "ls -A /root /home /run /var/lib 2>/dev/null | grep -v ':$' | grep -c ."
                + "; cat /etc/shadow 2>/dev/null | head -c 1 | wc -c; touch /usr/x 2>/dev/null || echo read-only"
            let job = try fixture.launch("default", ["--user", "0"], shell(script))
            #expect(job.outcome.lines == ["0", "0", "read-only"], job.summary)
        }
    }

    @Test func `a bind is read-only unless it says otherwise`() throws {
        try Fixture.run { fixture in
            let directory = try fixture.shared()
            let script = "cat /media/given; touch /media/x 2>&1 | grep -o 'Read-only file system'; echo x > /var/tmp/made"
            try fixture.write("shared/given", "given\n")
            let job = try fixture.launch("default", ["--bind", "\(directory):/media", "--bind", "\(try fixture.shared("other")):/var/tmp:rw"], shell(script))
            #expect(job.outcome.lines == ["given", "Read-only file system"], job.summary)
            #expect(try fixture.names(in: "other") == ["made"], job.summary)
        }
    }
}
