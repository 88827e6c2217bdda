import BrigJSON
import BrigSystem
import Glibc
import TestSupport
import Testing

/// Files that are file systems as roots of jobs.
@Suite(.requires(.brig, .busybox)) struct ImageFileTests {
    struct Form: Sendable, CustomTestStringConvertible {
        let name: String
        /// A shell command that makes the file "$2" of the directory "$1".
        let making: String
        /// mount(8) can do here what brig does: there are loop devices, the tool, and the file system in the kernel.
        let works: Bool

        var testDescription: String { name }

        init(_ name: String, _ making: String) {
            (self.name, self.making) = (name, making)
            let trial = """
                d=$(mktemp -d); mkdir $d/r $d/m; set -- $d/r $d/i
                { \(making); } >/dev/null 2>&1 && mount -t \(name) -o loop,ro $d/i $d/m 2>/dev/null && umount $d/m; s=$?
                rm -rf $d; exit $s
                """
            do { works = geteuid() == 0 ? try Command("/bin/sh", ["-c", trial]).run().succeeded : false } catch { works = false }
        }

        static let all = [Form("squashfs", "mksquashfs $1 $2 -quiet -noappend"), Form("erofs", "mkfs.erofs $2 $1")]
        static let working = all.filter(\.works)
    }

    /// A root with busybox and a file of some user, as a file system in a file.
    private func makeImage(_ form: Form, _ fixture: Fixture) throws -> String {
        for name in ["bin", "dev", "proc", "tmp"] { try fixture.makeDirectory("root/\(name)") }
        try fixture.write("root/bin/busybox", try readFile("/bin/busybox"), mode: 0o755)
        try fixture.write("root/release", "from the file\n")
        let file = fixture.path("root.\(form.name)")
        let script = "set -- '\(fixture.path("root"))' '\(file)'; for name in sh cat touch id; do ln -s busybox $1/bin/$name; done; chown 5:6 $1/release; \(form.making)"
        let made = try Command("/bin/sh", ["-c", script]).run()
        try #require(made.succeeded, "\(made.errorText)")
        return file
    }

    /// Whether a loop device of the fixture's files stays. The kernel lets go of one some time after the last mount has gone.
    private func hasDevice(_ fixture: Fixture) throws -> Bool {
        for _ in 0..<100 {
            if try !Command("losetup", ["-a"]).run().text.contains(fixture.directory) { return false }
            usleep(100_000)
        }
        return true
    }

    @Test(.requires(.root), .enabled("needs loop devices, mksquashfs or mkfs.erofs, and the file system in the kernel") { !Form.working.isEmpty }, arguments: Form.working)
    func `a file that is a file system is a root, and its device goes with the job`(form: Form) throws {
        try Fixture.run { fixture in
            let file = try makeImage(form, fixture)
            let image = "\(form.name):\(file)"
            let job = try fixture.launch("default", ["--rootfs", image], shell("cat /release; touch /x /release 2>&1; id -u"))
            #expect(job.outcome.lines.first == "from the file" && job.outcome.lines.last == "65534", job.summary)
            #expect(job.outcome.text.contains("Read-only file system"), job.summary)
            #expect(job["/image/reference"] == .string(image), job.summary)
            let policy = try fixture.policy("default", [.init("rootfs", ["image": .string(image), "writable": "scratch"])])
            let scratch = try fixture.launch(policy, ["--user", "0"], shell("echo written > /made && cat /made /release"))
            #expect(scratch.outcome.text == "written\nfrom the file\n", scratch.summary)
            #expect(try fixture.launch("default", ["--rootfs", image], shell("cat /release")).outcome.text == "from the file\n")
            #expect(try !hasDevice(fixture))
        }
    }

    @Test(.requires(.root)) func `what is no such file system is refused, and leaves no device`() throws {
        try Fixture.run { fixture in
            let file = try fixture.write("none", [UInt8](repeating: 1, count: 1 << 20))
            for image in ["squashfs:\(file)", "erofs:\(file)", "squashfs:/dev/null", "squashfs:\(fixture.directory)", "erofs:\(fixture.path("missing"))"] {
                let job = try fixture.launch("default", ["--rootfs", image], ["/bin/true"])
                #expect(job.exitCode == 125 && job.reason == "setup-failed", job.summary)
            }
            #expect(try !hasDevice(fixture))
        }
    }

    @Test(.requires(.ordinaryUser)) func `only root mounts files`() throws {
        try Fixture.run { fixture in
            let file = try fixture.write("any", "no file system")
            let job = try fixture.launch("default", ["--rootfs", "squashfs:\(file)"], ["/bin/true"], as: .ordinary)
            #expect(job.exitCode == 125 && job.message.contains("only root can mount a file"), job.summary)
        }
    }
}
