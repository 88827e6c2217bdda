import BrigJSON
import TestSupport
import Testing

/// Paths that were opened, programs that were executed, addresses: with the results, and exact counts.
@Suite(.requires(.brig, .bpf, .seccompNotify)) struct ObservationTests {
    @Test(.requires(.busybox)) func `files with how they were opened and what came of it`() throws {
        try Fixture.run { fixture in
            let script = "for i in 1 2 3; do true >/tmp/made; done; for i in 1 2 3 4 5; do read x </tmp/made; done; true </nowhere; true <>/tmp/made; true >/usr/made"
            let job = try fixture.launch("default", ["--files"], ["/bin/busybox", "sh", "-c", script], subcommand: "audit")
            let files = (job["/syscalls/files"].array ?? []).filter { ($0["path"]?.string ?? "").hasSuffix("made") || $0["path"] == "/nowhere" }.map { file in
                [file["path"]?.string, file["access"]?.string, file["result"]?.string].map { $0 ?? "?" }.joined(separator: " ") + (file["creates"] == true ? " creates" : "")
                    + " \(file["count"]?.integer ?? -1)"
            }
            #expect(
                Set(files) == [
                    "/tmp/made write ok creates 3", "/tmp/made read ok 5", "/nowhere read ENOENT 1", "/tmp/made read-write ok creates 1", "/usr/made write EROFS creates 1",
                ], "\(files) \(job.summary)")
            #expect(job["/syscalls/executed"] == .null && job["/syscalls/addresses"] == .null)
            try requireComplete([job])
        }
    }

    @Test func `programs, those that are not there too`() throws {
        try Fixture.run { fixture in
            let job = try fixture.launch("default", ["--exec"], shell("for i in 1 2 3; do /bin/true; done; /bin/no-such-program; /etc/passwd; true"), subcommand: "audit")
            let programs = (job["/syscalls/executed"].array ?? []).map { "\($0["path"]?.string ?? "?") \($0["result"]?.string ?? "?") \($0["count"]?.integer ?? -1)" }
            #expect(Set(programs) == ["/bin/true ok 3", "/bin/no-such-program ENOENT 1", "/etc/passwd EACCES 1"], "\(programs) \(job.summary)")
            try requireComplete([job])
        }
    }

    @Test func addresses() throws {
        try Fixture.run { fixture in
            let program = """
                import socket
                for _ in range(3):
                    try: socket.create_connection(("127.0.0.1", 9))
                    except OSError: pass
                socket.socket(socket.AF_INET6).connect_ex(("::1", 99))
                socket.socket().bind(("127.0.0.1", 0))
                socket.socket(socket.AF_UNIX).bind("\\0name")
                socket.socket(socket.AF_UNIX).connect_ex("/nowhere")
                """
            let job = try fixture.launch("default", ["--addresses"], ["/usr/bin/python3", "-c", program], subcommand: "audit")
            let found = (job["/syscalls/addresses"].array ?? []).map { address in
                ["call", "family", "address", "result"].map { address[$0]?.string ?? "?" }.joined(separator: " ") + " \(address["count"]?.integer ?? -1)"
            }
            #expect(
                Set(found) == [
                    "connect AF_INET 127.0.0.1:9 ECONNREFUSED 3", "connect AF_INET6 [::1]:99 ECONNREFUSED 1", "bind AF_INET 127.0.0.1:0 ok 1", "bind AF_UNIX @name ok 1",
                    "connect AF_UNIX /nowhere ENOENT 1",
                ], "\(found) \(job.summary)")
            try requireComplete([job])
        }
    }

    @Test func `more distinct paths than are kept are counted together`() throws {
        try Fixture.run { fixture in
            let program = """
                import os
                for number in range(5000):
                    try: os.open(f"/nowhere/{number}", os.O_RDONLY)
                    except OSError: pass
                """
            let job = try fixture.launch("default", ["--files"], ["/usr/bin/python3", "-I", "-S", "-c", program], subcommand: "audit")
            let files = job["/syscalls/files"].array ?? []
            let others = files.filter { $0["path"] == .null }
            #expect(others.count == 1 && files.count <= 4097, job.summary)
            let total = files.reduce(0) { $0 + ($1["count"]?.integer ?? 0) }
            #expect(total == job.count("openat") + job.count("open"), "\(total) \(job.summary)")
            #expect(job["/syscalls/complete"] == true, "the calls themselves are all counted")
            try requireComplete([job])
        }
    }
}
