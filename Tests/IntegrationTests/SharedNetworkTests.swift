import TestSupport
import Testing

/// `--network job:ID`: two jobs in one network, and nobody else in it.
@Suite(.serialized, .requires(.root, .brig))
struct SharedNetworkTests {
    private static let server = "import socket; s = socket.create_server(('127.0.0.1', 7777)); c, _ = s.accept(); c.sendall(b'shared'); c.close()"
    private static let client = "import socket; print(socket.create_connection(('127.0.0.1', 7777)).recv(10).decode())"

    @Test func aJobReachesAnothersLoopback() throws {
        try Fixture.run { fixture in
            let script = """
                "$0" run --policy default --hostname server -- /usr/bin/python3 -c "$1" & server=$!
                for i in $(seq 300); do id=$("$0" jobs | cut -d' ' -f1 | tail -n 1); [ -n "$id" ] && break; sleep 0.05; done
                for i in $(seq 100); do
                    "$0" run --policy default --network job:$id --report \(fixture.path("r.json")) -- /usr/bin/python3 -c "$2" 2>/dev/null && break; sleep 0.1
                done
                "$0" run --policy default -- /usr/bin/python3 -c "$2" 2>&1 | grep -c ConnectionRefused
                kill -TERM $server 2>/dev/null; wait $server
                """
            let outcome = try Command("/bin/bash", ["-c", script, Executables.brig, Self.server, Self.client]).run()
            #expect(outcome.text == "shared\n1\n", "\(outcome.errorText)")
            let report = try readText(fixture.path("r.json"))
            #expect(report.contains("\"fresh\": false"))
        }
    }

    @Test func aJobThatDoesNotRunIsAnError() throws {
        let outcome = try Executables.run(["run", "--network", "job:nosuchjob", "--", "/bin/true"])
        #expect(outcome.exitCode == 125)
        #expect(outcome.errorText.contains("no job nosuchjob"))
    }
}
