import BrigJSON
import TestSupport
import Testing

/// Standard streams, terminals and what a job does to them.
@Suite(.serialized, .requires(.brig, .probe, .userNamespaces, .ordinaryUser)) struct StreamEscapeTests {
    /// The number that a caller has closed must not become that of a file of brig's.
    @Test(arguments: Caller.allCases, 0...2) func `a closed stream is nobody's file`(caller: Caller, number: Int) throws {
        try Fixture.run { fixture in
            let shared = try fixture.shared()
            let script = "for n in 0 1 2; do all=\"$all$(readlink /proc/$$/fd/$n)\n\"; done; printf \"$all\" > /media/list"
            let job = try fixture.launch("default", ["--bind", "\(shared):/media:rw"], shell(script), as: caller, script: "exec \"$@\" \(number)\(number == 0 ? "<" : ">")&-")
            #expect(job.exitCode == 0, job.summary)
            let open = try fixture.launch("default", ["--bind", "\(shared):/media:rw"], shell(script.replacing("list", with: "open")), as: caller)
            #expect(open.exitCode == 0, open.summary)
            let closed = try readText("\(shared)/list").split(separator: "\n")
            #expect(closed.count == 3 && closed[number] == "/dev/null", "\(closed)")
            #expect(try readText("\(shared)/open").split(separator: "\n")[number].hasPrefix("pipe:"))
        }
    }

    /// A descriptor is also a path: /proc/self/fd/0 can be opened again, for writing where the file's owner and mode allow it.
    @Test(arguments: Caller.allCases) func `a file at standard input cannot be written to`(caller: Caller) throws {
        try Fixture.run { fixture in
            let file = try fixture.ownFile("input", "first\nsecond\n", of: caller)
            // Root's job has ids that own nothing here, and writes to what everybody may write to.
            if caller.prefix.isEmpty { _ = try Command("chmod", ["0666", file]).run() }
            let attempt = shell("cat; echo changed > /proc/self/fd/0")
            let script = "{ read -r line; exec \"$@\"; } < \(file)"
            let job = try fixture.launch("default", [], attempt, as: caller, script: script)
            #expect(job.outcome.text == "second\n", job.summary)
            #expect(job.outcome.errorText.contains("Read-only"), job.summary)
            #expect(try readText(file) == "first\nsecond\n")
            let control = try unconfined(attempt, as: caller, script: script)
            #expect(control.text == "second\n", "\(control.errorText)")
            #expect(try readText(file) == "changed\n")
        }
    }

    private static let driver = """
        import fcntl, json, os, pty, subprocess, sys, termios, time
        limit, typed, words = float(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
        ours, theirs = pty.openpty()
        child = subprocess.Popen(words, stdin=theirs, stdout=theirs, stderr=subprocess.DEVNULL, start_new_session=True, preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        os.set_blocking(ours, False)
        end, left = time.time() + limit, typed
        while time.time() < end and child.poll() is None:
            try: left -= os.write(ours, b"x" * min(left, 4096)) if left else 0
            except BlockingIOError: pass
            time.sleep(0.05)
        hung = child.poll() is None
        if hung: child.kill()
        print(json.dumps({"hung": hung, "left": left}))
        """

    private func stalled(_ words: [String], seconds: Double, typed: Int = 0) throws -> JSONValue {
        try JSONDocument(try run(Self.driver, ["\(seconds * timeFactor)", "\(typed)"] + words).output, bounds: .init(size: 1 << 16, depth: 4)).value
    }

    /// A terminal's other side, written in Python.
    private func run(_ driver: String, _ words: [String]) throws -> Command.Outcome {
        var command = Command("python3", ["-c", driver] + words)
        command.timeLimit = 120
        let outcome = try command.run()
        try #require(outcome.succeeded, "\(outcome.errorText)")
        return outcome
    }

    /// Nobody reads the caller's terminal: what the job writes goes nowhere, and its time still runs out.
    @Test(arguments: Caller.allCases) func `a stopped terminal holds no limit up`(caller: Caller) throws {
        try Fixture.run { fixture in
            let directory = try fixture.shared()
            for (name, program, typed) in [("writing", ["yes"], 0), ("typing", ["sleep", "1000"], 1 << 20)] {
                let report = "\(directory)/\(name).json"
                let words = caller.prefix + [Executables.brig, "run", "--tty", "--report", report, "--timeout", "2s", "--"] + program
                let said = try stalled(words, seconds: 60, typed: typed)
                #expect(said["hung"] == false, "\(name): brig waits for its caller's terminal")
                #expect(try readText(report).contains("\"wall-time\""), "\(name)")
            }
            // Such a terminal does stop who writes to it.
            #expect(try stalled(["yes"], seconds: 0.3)["hung"] == true)
        }
    }

    /// What a daemon holds open is closed with it, and brig does not wait for it.
    @Test(arguments: Caller.allCases) func `a daemon with the job's output does not hold brig up`(caller: Caller) throws {
        try Fixture.run { fixture in
            let attempt = shell("(setsid sh -c 'trap \"\" TERM HUP; sleep 600' &); echo out; echo err >&2; exit 3")
            for options in [[], ["--capture"]] {
                let job = try fixture.launch("default", options, attempt, as: caller)
                #expect(job.exitCode == 3 && job.reason == "exited", job.summary)
                #expect(job.outcome.seconds < 60 * timeFactor, job.summary)
                #expect(options.isEmpty || job["/output/stdoutBytes"] == 4, job.summary)
            }
            // Without a sandbox the daemon lives on, with the caller's pipe in its hands.
            let control = try unconfined(shell("(setsid sleep 30 & echo $!); sleep 0.2"))
            let pid = try #require(control.lines.first)
            #expect(try Command("/bin/kill", ["-KILL", pid]).run().succeeded)
        }
    }

    /// Runs a command on a new terminal, and prints what it has left of the modes and flags that were there, and whether the terminal takes output and is open to others.
    private static let settingsDriver = """
        import fcntl, os, pty, subprocess, sys, termios, threading
        ours, theirs = pty.openpty()
        def state(): return [str(termios.tcgetattr(theirs)), fcntl.fcntl(theirs, fcntl.F_GETFL)]
        before = state()
        def drain():
            try:
                while os.read(ours, 4096): pass
            except OSError: pass
        threading.Thread(target=drain, daemon=True).start()
        child = subprocess.Popen(sys.argv[2:], stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True, preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        try: status = child.wait(float(sys.argv[1]))
        except subprocess.TimeoutExpired: child.kill(); status = "hung"
        after = state()
        shared = fcntl.ioctl(theirs, 0x80045440, bytes(4)) == bytes(4) # TIOCGEXCL
        fcntl.ioctl(theirs, termios.TIOCNXCL)
        try: running = os.write(os.open(os.ttyname(theirs), os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY), b"x") == 1
        except BlockingIOError: running = False
        termios.tcflow(theirs, termios.TCOON)
        print("status", status, "modes", after[0] == before[0], "flags", after[1] == before[1], "output", running, "shared", shared)
        """

    private func left(_ words: [String]) throws -> String { try run(Self.settingsDriver, ["\(60 * timeFactor)"] + words).lines.last ?? "" }

    /// Both belong to the terminal and to what is open together, not to the process that sets them.
    @Test(arguments: Caller.allCases) func `modes and flags of the caller's terminal are what they were`(caller: Caller) throws {
        try Fixture.run { fixture in
            let attempt = shell("stty raw -echo; python3 -c 'import os; [os.set_blocking(stream, False) for stream in (0, 1, 2)]'; exit 4")
            let brig = caller.prefix + [Executables.brig, "run", "--policy", "default", "--report", "\(try fixture.shared())/report.json", "--"]
            #expect(try left(brig + attempt) == "status 4 modes True flags True output True shared True")
            #expect(try left(attempt) == "status 4 modes False flags False output True shared True")
            // Of a pager beside brig the modes might be.
            #expect(try left(["sh", "-c", "\"$@\" | cat", "--"] + brig + shell("stty raw -echo")) == "status 0 modes False flags True output True shared True")
        }
    }

    /// A terminal that tcflow(3) has stopped goes on for no key.
    @Test(arguments: Caller.allCases) func `a job that stops the caller's terminal stops neither brig nor its report`(caller: Caller) throws {
        try Fixture.run { fixture in
            let attempt = ["python3", "-c", "import termios; termios.tcflow(2, termios.TCOOFF)"]
            for command in ["run", "audit"] {
                let report = "\(try fixture.shared())/\(command).json"
                let said = try left(caller.prefix + [Executables.brig, command, "--policy", "default", "--report", report, "--"] + attempt)
                #expect(said == "status 0 modes True flags True output True shared True", "\(command)")
                #expect(try readText(report).contains("\"exited\""), "\(command)")
            }
            #expect(try left(attempt) == "status 0 modes True flags True output False shared True")
        }
    }

    /// Else nobody could open the terminal any more, whatever is beside brig on it.
    @Test(arguments: Caller.allCases) func `a job does not keep the caller's terminal for itself`(caller: Caller) throws {
        try Fixture.run { fixture in
            let attempt = ["python3", "-c", "import fcntl, termios; fcntl.ioctl(1, termios.TIOCEXCL)"]
            let brig = caller.prefix + [Executables.brig, "run", "--policy", "default", "--report", "\(try fixture.shared())/report.json", "--"]
            #expect(try left(brig + attempt) == "status 0 modes True flags True output True shared True")
            #expect(try left(["sh", "-c", "true | \"$@\"", "--"] + brig + attempt) == "status 0 modes True flags True output True shared True")
            #expect(try left(attempt) == "status 0 modes True flags True output True shared False")
        }
    }

    /// Runs a command on a terminal that nobody reads and that is full, sends it SIGTERM once a file has come, and prints how it ended.
    private static let unreadDriver = """
        import os, pty, signal, subprocess, sys, time
        limit, file = float(sys.argv[1]), sys.argv[2]
        ours, theirs = pty.openpty()
        filler = os.open(os.ttyname(theirs), os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY)
        full = 0 # what was written moves on a little later, and makes room
        while full < 5:
            try: os.write(filler, b"x"); full = 0
            except BlockingIOError: full += 1; time.sleep(0.1)
        child = subprocess.Popen(sys.argv[3:], stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True)
        end = time.time() + limit
        while time.time() < end and not (os.path.exists(file) and os.path.getsize(file)): time.sleep(0.02)
        came = time.time() < end
        time.sleep(0.3)
        waited = child.poll() is None
        child.send_signal(signal.SIGTERM)
        try: status = child.wait(limit / 4)
        except subprocess.TimeoutExpired: child.kill(); status = "hung"
        print("file", came, "waited", waited, "status", status)
        """

    /// Its own words find no room there.
    @Test(arguments: Caller.allCases) func `brig on a terminal that nobody reads has written its report, and ends by a signal`(caller: Caller) throws {
        try Fixture.run { fixture in
            for command in ["run", "audit"] {
                let report = "\(try fixture.shared())/\(command).json"
                let words = caller.prefix + [Executables.brig, command, "--policy", "default", "--timeout", "1s", "--report", report, "--", "sleep", "1000"]
                #expect(try run(Self.unreadDriver, ["\(20 * timeFactor)", report] + words).lines == ["file True waited True status -15"], "\(command)")
                #expect(try readText(report).contains("\"wall-time\""), "\(command)")
            }
        }
    }

    /// A byte pushed into the terminal is what the caller's shell reads next; the kernel looks at 32 bits of the request.
    @Test(arguments: Caller.allCases) func `nothing is pushed into the caller's terminal`(caller: Caller) throws {
        try Fixture.run { fixture in
            for high in [[], ["0x100000000"], ["0xffffffff00000000"]] as [[String]] {
                let job = try fixture.launch("default", [], [probeInJob, "tiocsti"] + high, as: caller)
                #expect(job.outcome.text.contains("tiocsti = -1 EPERM"), job.summary)
                #expect(job.violations.contains { $0.hasPrefix("syscall ioctl") }, job.summary)
            }
            // Under a policy without the rule the kernel is asked, and says that there is no terminal.
            let open = try fixture.launch(try fixture.lenient(), [], probe("tiocsti"), as: caller)
            #expect(open.outcome.text.contains("ENOTTY"), open.summary)
        }
    }
}
