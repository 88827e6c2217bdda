import BrigJSON
import Foundation
import TestSupport
import Testing

/// Nothing of a job stays, however it and brig end.
@Suite(.serialized, .requires(.brig, .probe, .root)) struct CleanUpTests {
    /// What could stay of jobs on this machine. Other jobs may come and go while a test looks.
    struct Traces {
        let names: Set<String>

        init() throws {
            let manager = FileManager.default
            // A cgroup's own files go with it.
            var found = Set<String>()
            for hierarchy in try Self.hierarchies() {
                let all = manager.enumerator(atPath: hierarchy)
                while let name = all?.nextObject() as? String {
                    if (name as NSString).lastPathComponent.hasPrefix("brig-"), !name.hasSuffix("somebodyelse") { found.insert("\(hierarchy)/\(name)") }
                }
            }
            names =
                found
                .union(try readText("/proc/self/mountinfo").split(separator: "\n").map { "mount \($0)" })
                .union(
                    try manager.contentsOfDirectory(atPath: "/tmp")
                        .filter { $0.hasPrefix("brig") && !$0.hasPrefix("brig-test-") && !$0.hasPrefix("brig-policy-") }.map { "/tmp/\($0)" }
                )
                .union((try? manager.contentsOfDirectory(atPath: "/run/brig"))?.map { "/run/brig/\($0)" } ?? [])
                .union(try manager.contentsOfDirectory(atPath: "/dev/shm").map { "/dev/shm/\($0)" })
        }

        static func hierarchies() throws -> [String] {
            try readText("/proc/self/mounts").split(separator: "\n").map { $0.split(separator: " ") }.filter { $0.count > 2 && $0[2].hasPrefix("cgroup") }.map { String($0[1]) }
        }
    }

    /// Every process that carries `token` in its command line, brig's own included.
    private func processes(with token: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: "/proc").filter { Int($0) != nil }.filter { process in
            // A process that has just gone has no command line.
            guard let words = try? readFile("/proc/\(process)/cmdline") else { return false }
            return String(decoding: words, as: UTF8.self).contains(token)
        }
    }

    /// Waits until nothing is left of what was not there before; fails with what stays.
    private func expectNothing(since before: Traces, token: String) throws {
        var left = try Traces().names.subtracting(before.names)
        var running = try processes(with: token)
        for _ in 0..<100 where !left.isEmpty || !running.isEmpty {
            usleep(100_000)
            left = left.intersection(try Traces().names)
            running = try processes(with: token)
        }
        #expect(left == [], "left behind")
        #expect(running == [], "still running")
    }

    private static func token() -> String { "3\(UInt32.random(in: 100_000_000...UInt32.max))" }

    /// `BRIG_TEST_LAUNCHES`: how many one after the other. 500, and 100 of a debug build, which takes a quarter of a second for each.
    static let launches = Int(environmentValue("BRIG_TEST_LAUNCHES") ?? "") ?? (Executables.brig.contains("/debug/") ? 100 : 500)

    @Test func `hundreds one after the other`() throws {
        try Fixture.run { fixture in
            let before = try Traces()
            let token = Self.token()
            // Each job leaves a daemon, a directory on its scratch and a shared memory segment.
            let job = "(setsid sleep \(token) &); mkdir /tmp/x; : > /dev/shm/brig-\(token); exit 0"
            let script = "i=0; while [ $i -lt \(Self.launches) ]; do \"$@\" || exit 1; i=$((i + 1)); done"
            var run = Command("/bin/sh", ["-c", script, "sh", Executables.brig, "run", "--", "/bin/sh", "-c", job])
            run.timeLimit = 300
            let outcome = try run.run()
            #expect(outcome.exitCode == 0, "\(outcome.errorText)")
            try expectNothing(since: before, token: token)
        }
    }

    @Test func `dozens at once`() throws {
        try Fixture.run { fixture in
            let before = try Traces()
            let token = Self.token()
            let reports = try fixture.shared("many")
            let script = """
                i=0; while [ $i -lt 64 ]; do
                    \(Executables.brig) run --report '\(reports)'/$i.json -- /bin/sh -c "(setsid sleep \(token) &); sleep 0.2; exit $i" & i=$((i + 1))
                done; wait
                """
            var run = Command("/bin/sh", ["-c", script])
            run.timeLimit = 120
            let outcome = try run.run()
            #expect(!outcome.timedOut && outcome.errorText.isEmpty, "\(outcome.errorText)")
            var ranges = Set<Int64>()
            for index in 0..<64 {
                let report = try JSONDocument(try readFile("\(reports)/\(index).json"), bounds: .init(size: 1 << 20, depth: 64)).value
                #expect(report["result"]?["exitCode"] == .integer(Int64(index)), "\(report["result"] ?? .null)")
                if let first = report["enforcement"]?["idMap"]?.array?.first?.array?.dropFirst().first?.integer { ranges.insert(first) }
            }
            // No two of them that ran together shared their identities.
            #expect(ranges.count > 1)
            try expectNothing(since: before, token: token)
        }
    }

    /// A group that cannot be removed, as one with a process in it that does not end, costs others nothing but its slot.
    @Test(.requires(.cgroupMemory)) func `what cannot be removed stops nobody`() throws {
        try Fixture.run { fixture in
            let report = fixture.path("r.json")
            let script = "\"$@\" & pid=$!; until grep -q . \(fixture.path("out")) 2>/dev/null; do sleep 0.05; done; kill -KILL $pid; wait $pid; exit 0"
            let options = ["--policy", "ci-memory", "--report", report, "--bind", "\(fixture.directory):/media:rw"]
            _ = try Command("/bin/sh", ["-c", script, "sh", Executables.brig, "run"] + options + ["--", "/bin/sh", "-c", "echo started > /media/out; sleep 60"]).run()
            let left = try Traces().names.filter { $0.contains("/memory/") || $0.contains("/sys/fs/cgroup/") }.filter { $0.split(separator: "/").last?.hasPrefix("brig-") == true }
            let stuck = try #require(left.first, "nothing is left")
            // A job's own group of version 2 may have none below it.
            _ = try Command("/bin/sh", ["-c", "! [ -e \(stuck)/cgroup.max.descendants ] || echo 1 > \(stuck)/cgroup.max.descendants"]).run()
            try FileManager.default.createDirectory(atPath: "\(stuck)/held", withIntermediateDirectories: false)
            defer { unsafe _ = rmdir("\(stuck)/held") }
            for _ in 0..<2 {
                let next = try fixture.launch("ci-memory", [], ["/bin/true"])
                #expect(next.exitCode == 0, next.summary)
            }
            #expect(FileManager.default.fileExists(atPath: stuck))
            unsafe _ = rmdir("\(stuck)/held")
            #expect(try fixture.launch("ci-memory", [], ["/bin/true"]).exitCode == 0)
            #expect(!FileManager.default.fileExists(atPath: stuck))
        }
    }

    @Test func `brig killed at any moment`() throws {
        try Fixture.run { fixture in
            let before = try Traces()
            let token = Self.token()
            // Somebody else's cgroup, named like ours, beside ours.
            let other = try Self.ownCgroup() + "/brig-0-somebodyelse"
            try FileManager.default.createDirectory(atPath: other, withIntermediateDirectories: false)
            let sleeper = try Command("/bin/sh", ["-c", "sleep 300 >/dev/null 2>&1 & echo $! > '\(other)/cgroup.procs'; cat '\(other)/cgroup.procs'"]).run()
            fixture.atEnd {
                for each in sleeper.lines { if let process = Int32(each) { kill(process, SIGKILL) } }
                usleep(100_000)
                unsafe _ = rmdir(other)
            }
            try #require(sleeper.lines.count == 1, "\(sleeper.errorText)")
            let reports = try fixture.shared("reports")
            for round in 0..<40 {
                // From before the namespaces to long after the program began.
                let delay = Double.random(in: 0...0.05) * (round % 4 == 0 ? 6 : 1)
                let script = "\"$@\" & pid=$!; sleep \(delay); kill -KILL $pid; wait $pid; exit 0"
                let words = [Executables.brig, "run", "--policy", "ci-memory", "--report", "\(reports)/r.json", "--", "/bin/sh", "-c", "(setsid sleep \(token) &); sleep \(token)"]
                let outcome = try Command("/bin/sh", ["-c", script, "sh"] + words).run()
                #expect(!outcome.timedOut && outcome.exitCode == 0, "\(outcome.errorText)")
            }
            // No half of a report, and nothing of what was written in its place.
            #expect(try fixture.names(in: "reports").filter { $0 != "r.json" } == [])
            // The kernel ends the jobs; the next start removes what is left of them.
            let next = try fixture.launch("default", [], ["/bin/true"])
            #expect(next.exitCode == 0, next.summary)
            try expectNothing(since: before, token: token)
            #expect(FileManager.default.fileExists(atPath: other), "somebody else's cgroup is gone")
            for each in sleeper.lines { #expect(FileManager.default.fileExists(atPath: "/proc/\(each)"), "somebody else's process is gone") }
        }
    }

    /// The directory of the memory hierarchy that this test is in.
    private static func ownCgroup() throws -> String {
        let lines = try readText("/proc/self/cgroup").split(separator: "\n").map { $0.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false) }
        if let memory = lines.first(where: { $0[1].split(separator: ",").contains("memory") }) { return "/sys/fs/cgroup/memory" + memory[2] }
        return "/sys/fs/cgroup" + (lines.first { $0[1].isEmpty }?[2] ?? "")
    }
}
