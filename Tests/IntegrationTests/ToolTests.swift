import BrigJSON
import TestSupport
import Testing

/// What people run: compilers, interpreters, version control, in the shipped policy for builds.
@Suite(.requires(.brig)) struct ToolTests {
    /// The tool works, nothing it does is denied, and the report is whole.
    private func work(_ script: String, as caller: Caller = .own, files: [String: String] = [:], expect text: String) throws {
        try Fixture.run { fixture in
            let directory = try fixture.shared()
            for (name, content) in files { try fixture.write("shared/\(name)", content, mode: 0o666) }
            let job = try fixture.launch("build", ["--bind", "\(directory):/w:rw"], shell(script), as: caller)
            #expect(job.exitCode == 0 && job.reason == "exited", job.summary)
            #expect(job.outcome.text == text, job.summary)
            #expect(job.violations == [], job.summary)
            #expect(job["/result/exitCode"] == 0)
            try requireComplete([job])
        }
    }

    @Test(.requires(.compiler, .ordinaryUser), arguments: Caller.allCases) func `a compiler, and what it made`(caller: Caller) throws {
        let hello = "#include <stdio.h>\nint main(void) { printf(\"hello from %s\\n\", __FILE__); return 0; }\n"
        try work("gcc hello.c -o hello && ./hello", as: caller, files: ["hello.c": hello], expect: "hello from hello.c\n")
    }

    @Test(.requires(.compiler)) func `make with many jobs`() throws {
        var files = ["main.c": "#include <stdio.h>\n" + (0..<12).map { "int f\($0)(void);\n" }.joined()]
        files["main.c", default: ""] += "int main(void) { printf(\"%d\\n\", " + (0..<12).map { "f\($0)()" }.joined(separator: " + ") + "); return 0; }\n"
        for index in 0..<12 { files["part\(index).c"] = "int f\(index)(void) { return \(index); }\n" }
        let objects = (0..<12).map { "part\($0).o" }.joined(separator: " ")
        files["Makefile"] = "sum: main.o \(objects)\n\tgcc -o $@ $^\n%.o: %.c\n\tgcc -O2 -c -o $@ $<\n"
        try work("make -s -j8 && ./sum", files: files, expect: "66\n")
    }

    @Test(.requires(.ordinaryUser), arguments: Caller.allCases) func `python with threads, children and sockets`(caller: Caller) throws {
        let program = """
            import multiprocessing, socket, subprocess, tempfile, threading

            def square(number): return number * number

            if __name__ == "__main__":
                done = []
                threads = [threading.Thread(target=done.append, args=(each,)) for each in range(8)]
                for each in threads: each.start()
                for each in threads: each.join()
                print(sorted(done))
                print(subprocess.run(["/bin/echo", "child"], capture_output=True, text=True, check=True).stdout.strip())
                with multiprocessing.Pool(3) as pool: print(pool.map(square, range(5)))
                server = socket.create_server(("127.0.0.1", 0))
                threading.Thread(target=lambda: server.accept()[0].sendall(b"over loopback")).start()
                print(socket.create_connection(server.getsockname()).recv(100).decode())
                with tempfile.TemporaryFile() as file: print(file.write(b"temporary"))
            """
        try work("/usr/bin/python3 tool.py", as: caller, files: ["tool.py": program], expect: "[0, 1, 2, 3, 4, 5, 6, 7]\nchild\n[0, 1, 4, 9, 16]\nover loopback\n9\n")
    }

    @Test(.requires(.node)) func `node with a worker, a child and a server`() throws {
        let program = """
            const { Worker } = require("worker_threads"), { execFileSync } = require("child_process"), http = require("http");
            const worker = new Worker("require('worker_threads').parentPort.postMessage(6 * 7)", { eval: true });
            worker.on("message", (answer) => {
              console.log(answer, execFileSync("/bin/echo", ["child"]).toString().trim());
              const server = http.createServer((request, response) => response.end("over loopback")).listen(0, "127.0.0.1", () =>
                http.get({ port: server.address().port, host: "127.0.0.1" }, (response) =>
                  response.on("data", (data) => console.log(String(data))).on("end", () => server.close())));
            });
            """
        try work("node tool.js", files: ["tool.js": program], expect: "42 child\nover loopback\n")
    }

    @Test(.requires(.git)) func `git makes, commits and clones`() throws {
        let script = """
            set -e
            git init -q -b main origin && cd origin && echo text > file && git add file
            git -c user.name=a -c user.email=a@b commit -q -m first && cd ..
            git clone -q origin copy 2>&1 && cat copy/file && git -C copy log --format=%s
            """
        try work(script, expect: "text\nfirst\n")
    }

    @Test func `tar packs and unpacks`() throws {
        try work("mkdir d && echo x > d/a && ln -s a d/b && tar czf t.tgz d && rm -r d && tar xzf t.tgz && cat d/b && ls d", expect: "x\na\nb\n")
    }

    /// A root that dies with the job: what is written is there, and then is not.
    @Test func `what a build writes to its root is gone with it`() throws {
        try Fixture.run { fixture in
            let job = try fixture.launch("build", ["--user", "0"], shell("echo x > /brig-installed && cat /brig-installed"))
            #expect(job.outcome.text == "x\n", job.summary)
            #expect(job["/resources/scratch/bytes"].integer ?? 0 > 0, job.summary)
            let next = try fixture.launch("build", ["--user", "0"], shell("test -e /brig-installed && echo there || echo gone"))
            #expect(next.outcome.text == "gone\n", next.summary)
            #expect((try? readFile("/brig-installed")) == nil)
        }
    }
}
