import BrigJSON
import TestSupport
import Testing

/// Policies that allow one thing, and by it would allow another.
@Suite(.serialized, .requires(.brig, .probe, .userNamespaces, .ordinaryUser)) struct PolicyEscapeTests {
    /// A clone of a mount without what is mounted below it shows what a mask hides.
    @Test(arguments: Caller.allCases, ["mount", "umount2", "move_mount", "mount_setattr", "open_tree", "fsconfig", "pivot_root"]) func `administration and mounts exclude each other`(
        caller: Caller, call: String
    ) throws {
        try Fixture.run { fixture in
            let job = try fixture.launch(try fixture.lenient([call], retain: ["CAP_SYS_ADMIN"]), [], ["/bin/true"], as: caller)
            #expect(job.exitCode == 125 && job.message.contains("CAP_SYS_ADMIN and \(call)"), job.summary)
            for policy in [try fixture.lenient([call]), try fixture.lenient(retain: ["CAP_SYS_ADMIN"])] {
                let either = try fixture.launch(policy, [], ["/bin/true"], as: caller)
                #expect(either.exitCode == 0, either.summary)
            }
        }
    }

    /// Why open_tree(2) is among them.
    @Test(.requires(.root)) func `a clone shows what lies below`() throws {
        try Fixture.run { fixture in
            try fixture.write("tree/below/secret", "hidden")
            let script = "mount -t tmpfs none \(fixture.path("tree/below")) && \(Executables.probe) read \(fixture.path("tree/below/secret")) , open-tree \(fixture.path("tree")) 1 below/secret"
            let control = try Command("unshare", ["-m", "/bin/sh", "-c", script]).run()
            #expect(control.text == "open = -1 ENOENT\nopen_tree = 0\nread = 6\ntext: hidden\n", "\(control.text)\(control.errorText)")
        }
    }

    /// Root of a user namespace of the job's own has every capability there; the kernel has locked the mounts that came from above (mount_namespaces(7)).
    @Test(arguments: Caller.allCases) func `namespaces of the job's own do not open its mounts`(caller: Caller) throws {
        try Fixture.run { fixture in
            let shared = try fixture.shared()
            // Not as user 0: of that one the kernel lets nobody without CAP_SETFCAP be root below (user_namespaces(7)).
            let policy = try fixture.lenient(["@mount", "@namespaces"], user: 4711)
            let attempts = [
                "umount /var/lib", "umount /proc/keys", "umount /proc", "umount /etc/shadow", "remount /media", "remount /usr", "open-tree /var 1 lib/dpkg/status",
                "open-tree /proc 1 keys", "mount /var /tmp none 0x1000", "mount /media /tmp none 0x1000", "remount /tmp", "create /media/file x", "list /var/lib",
            ].joined(separator: " , ").split(separator: " ").map(String.init)
            let job = try fixture.launch(policy, ["--bind", "\(shared):/media"], probe("enter", "0x10020000", ",") + attempts, as: caller)
            #expect(job.outcome.lines.prefix(2) == ["unshare = 0", "uid_map = 0"], job.summary)
            // A bind of the read-only bind may be made, and is as read-only.
            #expect(job.outcome.lines.dropFirst(2).allSatisfy { $0.contains("= -1 E") || $0 == "mount = 0" }, job.summary)
            #expect(job.outcome.lines.filter { $0 == "mount = 0" }.count <= 2, job.summary)
            #expect(try fixture.names(in: "shared").isEmpty)
            // What such a root mounts itself it may unmount.
            let own = try fixture.launch(policy, [], probe("enter", "0x10020000", ",", "mount", "none", "/tmp", "tmpfs", ",", "umount", "/tmp"), as: caller)
            #expect(own.outcome.lines.suffix(2) == ["mount = 0", "umount2 = 0"], own.summary)
        }
    }

    /// In an id-mapped bind the job's root is the owner of the source: capabilities that it gave a file there were the host's to honour.
    @Test(.requires(.root)) func `no file on the machine gets capabilities`() throws {
        try Fixture.run { fixture in
            let shared = try fixture.shared()
            let bind = ["--bind", "\(shared):/media:rw"]
            let retained = try fixture.launch(try fixture.lenient(retain: ["CAP_SETFCAP"]), bind, probe("create", "/media/one", "x", ",", "file-caps", "/media/one"))
            #expect(retained.outcome.text == "write = 1\nsetxattr = -1 EPERM\n" && retained.violations.contains { $0.hasPrefix("syscall setxattr ") }, retained.summary)
            let nested = try fixture.launch(try fixture.lenient(["@namespaces"], user: 4711), bind, probe("create", "/media/two", "x", ",", "enter", "0x10000000", ",", "file-caps", "/media/two"))
            #expect(nested.outcome.text.contains("uid_map = 0") && nested.outcome.lines.last == "setxattr = -1 EPERM", nested.summary)
            // Without such a bind there is no file of the machine, and attributes are the job's own business.
            let scratch = try fixture.launch(try fixture.lenient(retain: ["CAP_SETFCAP"]), [], probe("create", "/tmp/one", "x", ",", "file-caps", "/tmp/one"))
            #expect(!scratch.violations.contains { $0.contains("setxattr") }, scratch.summary)
            #expect(try unconfined(bare("file-caps", "\(shared)/one")).text == "setxattr = 0\n")
        }
    }

    /// Whatever call makes the file or its mode.
    @Test(arguments: Caller.allCases) func `no set-id bits in shared directories`(caller: Caller) throws {
        try Fixture.run { fixture in
            let attempts = [
                "create F x", "chmod 04755 F", "chmod 02755 F", "mknod F.node 0104755 0 0", "open F.open 0101 04755", "syscall 437 -100 0 0 0",
            ].joined(separator: " , ")
            func words(_ directory: String) -> [String] { attempts.replacing("F", with: "\(directory)/file").split(separator: " ").map(String.init) }
            let shared = try fixture.shared()
            let job = try fixture.launch(try fixture.lenient(["mknod", "mknodat"], retain: ["CAP_FSETID", "CAP_FOWNER"]), ["--bind", "\(shared):/media:rw"], probe() + words("/media"), as: caller)
            #expect(job.outcome.lines == ["write = 1", "chmod = -1 EPERM", "chmod = -1 EPERM", "mknod = -1 EPERM", "open = -1 EPERM", "syscall = -1 ENOSYS"], job.summary)
            #expect(try Command("find", [shared, "-perm", "/6000"]).run().text.isEmpty)
            let own = try fixture.shared("own")
            #expect(try unconfined([Executables.probe] + words(own), as: caller).lines.prefix(5).allSatisfy { !$0.contains("-1") })
            #expect(try Command("find", [own, "-perm", "/6000"]).run().lines.count == 3)
        }
    }
}
