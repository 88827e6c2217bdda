import BrigJSON
import TestSupport
import Testing

/// Sockets of the machine and of others.
@Suite(.serialized, .requires(.brig, .probe, .userNamespaces, .ordinaryUser)) struct NetworkEscapeTests {
    /// Abstract names belong to the network namespace.
    @Test(arguments: Caller.allCases) func `abstract sockets of the machine are unreachable`(caller: Caller) throws {
        try Fixture.run { fixture in
            let directory = try fixture.shared()
            let name = "@brig-\(UInt32.random(in: 0...UInt32.max))"
            let server = "import socket, time; s = socket.socket(socket.AF_UNIX); s.bind(b\"\\0\(name.dropFirst())\"); s.listen(8); print(\"ready\", flush=True); time.sleep(60)"
            let job = try fixture.launch("default", [], probe("unix", name), as: caller, script: beside(server, directory))
            #expect(job.outcome.text == "connect = -1 ECONNREFUSED\n", job.summary)
            #expect(try unconfined(bare("unix", name), as: caller, script: beside(server, try fixture.shared("again"))).text == "connect = 0\n")
        }
    }

    /// A read-only mount does not keep anybody from connecting to a socket in it.
    @Test(.requires(.root), arguments: Caller.allCases) func `sockets in the machine's root are hidden`(caller: Caller) throws {
        try Fixture.run { fixture in
            let place = "/var/brig-test-\(UInt32.random(in: 0...UInt32.max))"
            try #require(try Command("mkdir", ["-m", "0755", place]).run().succeeded)
            fixture.atEnd { _ = try? Command("rm", ["-rf", place]).run() }
            let server = "import os, socket, time; s = socket.socket(socket.AF_UNIX); s.bind(\"\(place)/socket\"); os.chmod(\"\(place)/socket\", 0o777); s.listen(8); print(\"ready\", flush=True); time.sleep(60)"
            let job = try fixture.launch("default", [], probe("unix", "\(place)/socket"), as: caller, script: beside(server, try fixture.shared()))
            #expect(job.outcome.text == "connect = -1 ECONNREFUSED\n", job.summary)
            _ = try Command("rm", ["-f", "\(place)/socket"]).run()
            // Bound by the policy, it is the job's to use; so the path and the mode are not what stood in the way.
            let given = try fixture.launch("default", ["--bind", "\(place):/media"], probe("unix", "/media/socket"), as: caller, script: beside(server, try fixture.shared("again")))
            #expect(given.outcome.text == "connect = 0\n", given.summary)
        }
    }

    @Test(arguments: Caller.allCases) func `no route leads out, and none to the machine's own services`(caller: Caller) throws {
        try Fixture.run { fixture in
            let server = "import socket, time; s = socket.socket(); s.bind((\"127.0.0.1\", 0)); s.listen(8); print(\"ready\", s.getsockname()[1], flush=True); time.sleep(60)"
            let directory = try fixture.shared()
            // The port is known only once the server runs: the script puts it in the place of the word.
            let script = beside(server, directory).replacing("\"$@\"; status", with: "port=$(cut -d' ' -f2 \(directory)/said); for w; do shift; [ \"$w\" = PORT ] && w=$port; set -- \"$@\" \"$w\"; done; \"$@\"; status")
            let attempt = ["connect", "127.0.0.1", "PORT", ",", "connect", "169.254.169.254", "80", ",", "connect", "192.0.2.1", "80"]
            let job = try fixture.launch("default", [], probe() + attempt, as: caller, script: script)
            #expect(job.outcome.text == "connect = -1 ECONNREFUSED\nconnect = -1 ENETUNREACH\nconnect = -1 ENETUNREACH\n", job.summary)
            _ = try Command("rm", ["-f", "\(directory)/said"]).run()
            #expect(try unconfined([Executables.probe, "connect", "127.0.0.1", "PORT"], as: caller, script: script).text == "connect = 0\n")
        }
    }

    /// AF_ALG, AF_VSOCK (the hypervisor), AF_PACKET, AF_KEY, AF_TIPC and the netlink protocols of audit, netfilter and uevents.
    @Test(.requires(.seccompNotify), arguments: Caller.allCases) func `other families of sockets are refused`(caller: Caller) throws {
        try Fixture.run { fixture in
            let families = [["38", "5"], ["40", "1"], ["17", "3"], ["15", "3"], ["30", "1"], ["44", "3"], ["31", "1"]]
            let protocols = [["16", "3", "9"], ["16", "3", "12"], ["16", "3", "15"]]
            for shipped in ["default", "build"] {
                let words = (families + protocols).map { ["socket"] + $0 }.joined(separator: [","])
                let job = try fixture.launch(shipped, [], probe() + words, as: caller)
                let expected = families.map { _ in "socket = -1 EAFNOSUPPORT" } + protocols.map { _ in "socket = -1 EPROTONOSUPPORT" }
                #expect(job.outcome.lines == expected, job.summary)
                #expect(job.violations.contains { $0.hasPrefix("syscall socket") && $0.hasSuffix("EAFNOSUPPORT") }, job.summary)
                #expect(job.violations.contains { $0.hasPrefix("syscall socket") && $0.hasSuffix("EPROTONOSUPPORT") }, job.summary)
            }
            let open = try fixture.launch(try fixture.lenient(), [], probe("socket", "16", "3", "15"), as: caller)
            #expect(open.outcome.text.hasPrefix("socket = ") && !open.outcome.text.contains("-1"), open.summary)
        }
    }
}
