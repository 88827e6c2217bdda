import BrigJSON
import TestSupport
import Testing

/// Programs that people really run, under the shipped policy for builds.
@Suite(.serialized, .requires(.root, .brig))
struct ProgramTests {
    private func build(_ fixture: Fixture, _ command: [String]) throws -> Job {
        try Job(fixture, ["--policy", "\(Executables.repository)/Policies/build.json", "--bind", "\(fixture.directory):/w:rw"], command)
    }

    private func expectClean(_ job: Job, _ output: String) {
        #expect(job.outcome.text == output)
        #expect(job.outcome.exitCode == 0, "\(job.outcome.errorText)")
        #expect(job.reason == "exited")
        #expect(job["violations"] == .array([]))
    }

    @Test(.requires(.compiler)) func compilesAndRuns() throws {
        try Fixture.run { fixture in
            try fixture.write("hello.c", "#include <stdio.h>\nint main(void) { puts(\"hello\"); }\n")
            expectClean(try build(fixture, ["sh", "-c", "gcc hello.c -o hello && ./hello"]), "hello\n")
        }
    }

    @Test(.requires(.compiler)) func makesInParallel() throws {
        try Fixture.run { fixture in
            try fixture.write("Makefile", "all: a.o b.o c.o\n\t@echo done\n%.o: %.c\n\t@gcc -c $< -o $@\n")
            for name in ["a", "b", "c"] { try fixture.write("\(name).c", "int \(name);\n") }
            expectClean(try build(fixture, ["make", "-j4"]), "done\n")
        }
    }

    @Test func runsPython() throws {
        let program = """
            import socket, subprocess, threading
            seen = []
            threads = [threading.Thread(target=seen.append, args=(i,)) for i in range(8)]
            [t.start() for t in threads]; [t.join() for t in threads]
            server = socket.create_server(("127.0.0.1", 0))
            client = socket.create_connection(server.getsockname())
            server.accept()[0].sendall(b"x")
            print(sorted(seen), client.recv(1), subprocess.check_output(["echo", "sub"]))
            """
        try Fixture.run { fixture in
            try fixture.write("p.py", program)
            expectClean(try build(fixture, ["/usr/bin/python3", "p.py"]), "[0, 1, 2, 3, 4, 5, 6, 7] b'x' b'sub\\n'\n")
        }
    }

    @Test(.requires(.node)) func runsNode() throws {
        try Fixture.run { fixture in
            expectClean(try build(fixture, ["node", "-e", "setTimeout(() => console.log([1, 2].map(x => x * 2)), 5)"]), "[ 2, 4 ]\n")
        }
    }

    @Test(.requires(.git)) func clonesAndPacks() throws {
        try Fixture.run { fixture in
            let script = """
                export GIT_CONFIG_GLOBAL=/dev/null && git init -q a && cd a && echo text > f && git add f && git -c user.name=n -c user.email=e commit -qm m
                cd .. && git clone -q a b && cat b/f && tar -cf b.tar b && tar -tf b.tar | grep -c '^b/f$'
                """
            expectClean(try build(fixture, ["sh", "-c", script]), "text\n1\n")
        }
    }

    @Test(.requires(.jsonschema)) func reportsEveryFigureOrWhyNot() throws {
        try Fixture.run { fixture in
            let job = try Job(fixture, ["--policy", "strict", "--label", "a=\u{1}\"b"], ["/bin/true"])
            #expect(job["job/labels/a"]?.string == "\u{1}\"b")
            let file = fixture.path("again.json")
            _ = try Executables.run(["run", "--report", file, "--", "/bin/true"])
            let check = "import json, sys, jsonschema; jsonschema.validate(json.load(open(sys.argv[1])), json.load(open(sys.argv[2])))"
            let outcome = try Command("python3", ["-c", check, file, "\(Executables.repository)/Policies/report.schema.json"]).run()
            #expect(outcome.exitCode == 0, "\(outcome.errorText)")
        }
    }

    @Test(.requires(.ordinaryUser, .userNamespaces)) func runsForAnOrdinaryUser() throws {
        try Fixture.run { fixture in
            let job = try Job(fixture, ["--policy", "build"], ["sh", "-c", "echo $(id -u) $(cat /proc/self/uid_map)"], asUser: true)
            #expect(job.outcome.text.hasPrefix("65534 65534 1000 1"), "\(job.outcome.errorText)")
            #expect(job["enforcement/noNewPrivileges"]?.bool == true)
        }
    }

    @Test(arguments: ["default", "strict", "ci-memory", "network-client"]) func shippedPoliciesRun(_ policy: String) throws {
        try Fixture.run { fixture in
            let job = try Job(fixture, ["--policy", policy], ["/bin/cat", "/etc/hostname"])
            #expect(job.outcome.exitCode == 0, "\(job.outcome.errorText)")
        }
    }
}
