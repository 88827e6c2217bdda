import BrigJSON
import TestSupport
import Testing

/// Each policy that is shipped runs what it is for, and denies what it says.
@Suite(.requires(.brig, .probe)) struct ShippedPolicyTests {
    @Test(.requires(.ordinaryUser), arguments: Caller.allCases) func `default reads, computes and talks to itself`(caller: Caller) throws {
        try Fixture.run { fixture in
            let script =
                "sort /etc/passwd | wc -l >/dev/null && echo x > /tmp/x && cat /tmp/x"
                + " && /usr/bin/python3 -c 'import socket; socket.create_server((\"127.0.0.1\", 0)); print(2**70)'"
            let job = try fixture.launch("default", [], shell(script), as: caller)
            #expect(job.exitCode == 0 && job.outcome.text == "x\n1180591620717411303424\n" && job.violations == [], job.summary)
            try requireComplete([job])
        }
    }

    @Test(.requires(.cgroupMemory, .cgroupPids)) func `strict computes and nothing else`() throws {
        try Fixture.run { fixture in
            let job = try fixture.launch("strict", [], ["/usr/bin/python3", "-c", "import threading; t = threading.Thread(target=print, args=(6 * 7,)); t.start(); t.join()"])
            #expect(job.exitCode == 0 && job.outcome.text == "42\n" && job.violations == [], job.summary)
            let denied = try fixture.launch("strict", [], probe("socket", "1", "1", ",", "forks", "1", ",", "exec", "/bin/true"))
            #expect(denied.outcome.lines.filter { $0.contains("= -1 E") }.count == 3, denied.summary)
            #expect(denied["/violations"].array?.count ?? 0 >= 3, denied.summary)
            try requireComplete([job, denied])
        }
    }

    @Test(.requires(.compiler)) func `build compiles in a scratch root`() throws {
        try Fixture.run { fixture in
            let job = try fixture.launch("build", [], shell("echo 'int main(void) { return 42; }' > /tmp/a.c && gcc -o /tmp/a /tmp/a.c && /tmp/a"))
            #expect(job.exitCode == 42 && job.violations == [], job.summary)
        }
    }

    @Test(.requires(.cgroupMemory, .cgroupPids)) func `ci-memory runs a test suite without surprises`() throws {
        try Fixture.run { fixture in
            let directory = try fixture.shared()
            try fixture.write("shared/test_sum.py", "import unittest\nclass Sum(unittest.TestCase):\n    def test(self): self.assertEqual(sum([1, 2]), 3)\n")
            let command = shell("cd /media && exec /usr/bin/python3 -B -m unittest -q 2>&1")
            let job = try fixture.launch("ci-memory", ["--bind", "\(directory):/media:rw"], command)
            #expect(job.exitCode == 0 && job.violations == [], job.summary)
            #expect(job["/resources/memory/limitBytes"].integer ?? 0 > 0)
            let hog = try fixture.launch("ci-memory", ["--memory", "64MiB"], probe("hog", "200"))
            #expect(hog.reason == "memory-limit" && hog.exitCode == 137, hog.summary)
            try requireComplete([job, hog])
        }
    }

    @Test(.requires(.root)) func `network-client connects and does not listen`() throws {
        try Fixture.run { fixture in
            // Nobody listens on port 1: to be refused, it must have been asked.
            let program = """
                import socket
                for use in (lambda: socket.create_connection(("127.0.0.1", 1)), lambda: socket.create_server(("127.0.0.1", 0))):
                    try: use()
                    except OSError as error: print(type(error).__name__)
                """
            let job = try fixture.launch("network-client", [], ["/usr/bin/python3", "-c", program])
            #expect(job.exitCode == 0 && job.outcome.text == "ConnectionRefusedError\nPermissionError\n", job.summary)
            #expect(job.violations == ["syscall listen x86_64 EPERM"], job.summary)
            try requireComplete([job])
        }
    }

    /// The same wherever the policies are read from.
    @Test func `the built-in ones are the files`() throws {
        try Fixture.run { fixture in
            for name in ["default", "strict", "build", "ci-memory", "network-client"] {
                let built = try Executables.run(["policy", "explain", name, "--json"])
                let file = try Executables.run(["policy", "explain", "\(Executables.repository)/Policies/\(name).json", "--json"])
                #expect(built.succeeded && file.succeeded, "\(built.errorText)\(file.errorText)")
            }
        }
    }
}
