import BrigJSON
import TestSupport
import Testing

/// A terminal of the job's own, between it and the caller's.
@Suite(.requires(.brig)) struct TerminalTests {
    /// Runs brig on a new terminal of 31 lines and 97 columns, types `input` once the job says `ready`, and prints what came out, the status, and
    /// whether the terminal was left as it was.
    static let driver = """
        import fcntl, json, os, pty, select, signal, struct, subprocess, sys, termios, time
        keys, words = sys.argv[1].encode().decode("unicode_escape").encode(), sys.argv[2:]
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 31, 97, 0, 0))
        before = termios.tcgetattr(theirs)
        child = subprocess.Popen(words, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True, preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        seen, typed, resized, end = b"", False, False, time.time() + 60
        while time.time() < end:
            if select.select([ours], [], [], 0.05)[0]:
                seen += os.read(ours, 4096)
            elif child.poll() is not None: break
            if b"ready" in seen and not typed:
                typed = True
                os.write(ours, keys)
            if b"resize" in seen and not resized:
                resized = True
                fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 11, 55, 0, 0))
                child.send_signal(signal.SIGWINCH)
        else: child.kill()
        print(json.dumps({"seen": seen.decode("latin1"), "status": child.wait(), "restored": termios.tcgetattr(theirs) == before}))
        """

    private func run(keys: String, _ command: [String], _ fixture: Fixture) throws -> (seen: String, status: Int64, restored: Bool, report: JSONValue) {
        let report = fixture.path("report.json")
        let words = ["-c", Self.driver, keys, Executables.brig, "run", "--tty", "--report", report, "--timeout", "50s", "--"] + command
        var driver = Command("python3", words)
        driver.timeLimit = 100
        let outcome = try driver.run()
        try #require(outcome.succeeded, "\(outcome.errorText)")
        let said = try JSONDocument(outcome.output, bounds: .init(size: 1 << 20, depth: 4)).value
        let result = try JSONDocument(try readFile(report), bounds: .init(size: 1 << 20, depth: 64)).value
        return (said["seen"]?.string ?? "", said["status"]?.integer ?? -99, said["restored"]?.bool ?? false, result)
    }

    @Test func `size, input, output, and afterwards all as it was`() throws {
        try Fixture.run { fixture in
            let script = "test -t 0 && test -t 1 && test -t 2 && echo terminal; tty; stty size; echo ready; read line; echo \"got $line\"; exit 5"
            let job = try run(keys: "some words\\r", shell(script), fixture)
            #expect(job.status == 5, "\(job)")
            for text in ["terminal\r\n", "/dev/pts/", "31 97\r\n", "got some words\r\n"] { #expect(job.seen.contains(text), "\(job.seen)") }
            #expect(job.restored, "the caller's terminal was left changed")
            try requireComplete([Launch(outcome: try Command("/bin/true").run(), report: job.report)])
        }
    }

    @Test func `keys that are signals go to the job, not to brig`() throws {
        try Fixture.run { fixture in
            let job = try run(keys: "\\x03", shell("trap 'echo interrupted; exit 9' INT; echo ready; while :; do sleep 0.1; done"), fixture)
            #expect(job.status == 9 && job.seen.contains("interrupted"), "\(job.seen)")
            #expect(job.restored)
        }
    }

    @Test func `a new size reaches the job`() throws {
        try Fixture.run { fixture in
            let job = try run(keys: "x", shell("trap 'stty size; exit 0' WINCH; echo resize; while :; do sleep 0.1; done"), fixture)
            #expect(job.seen.contains("11 55"), "\(job.seen)")
            #expect(job.status == 0 && job.restored, "\(job)")
        }
    }

    @Test(.requires(.probe)) func `a job that dies leaves the terminal as it was`() throws {
        try Fixture.run { fixture in
            let job = try run(keys: "", shell("stty raw -echo; kill -KILL $$"), fixture)
            #expect(job.status == 137 && job.restored, "\(job)")
            #expect(job.report["result"]?["reason"] == "signaled")
        }
    }
}
