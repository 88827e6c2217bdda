import BrigJSON
import TestSupport
import Testing

/// Policies with one fault each: said where, and nothing started.
@Suite(.requires(.brig)) struct FaultyPolicyTests {
    @Test func `several hundred, and not one starts a job`() throws {
        try Fixture.run { fixture in
            let directory = try fixture.shared()
            let faults = PolicyFaults.all
            #expect(faults.count > 300)
            var reports: [Launch] = []
            for (index, fault) in faults.enumerated() {
                let path = try fixture.write("faulty/\(index).json", fault.text)
                let wanted = index % 50 == 0 ? ["--report", fixture.path("reports-\(index).json")] : []
                let outcome = try Executables.run(["run", "--policy", path] + wanted + ["--bind", "\(directory):/media:rw", "--", "/bin/touch", "/media/started"])
                let message = outcome.errorText
                #expect(outcome.exitCode == 125 && outcome.output.isEmpty, "\(fault): exit \(String(describing: outcome.exitCode)) \(message)")
                #expect(message.wholeMatch(of: /(?s)brig: .*\.json:[0-9]+:[0-9]+: .+/) != nil, "\(fault): \(message)")
                if let pointer = fault.pointer {
                    let holder = pointer[..<(pointer.lastIndex(of: "/") ?? pointer.startIndex)]
                    #expect(message.contains("\(holder)/") || message.contains(": \(holder): "), "\(fault): \(message)")
                }
                if let report = wanted.last {
                    reports.append(Launch(outcome: outcome, report: try JSONDocument(try readFile(report), bounds: .init(size: 1 << 20, depth: 64)).value))
                }
            }
            #expect(try fixture.names(in: "shared") == [], "a job was started")
            #expect(reports.allSatisfy { $0.reason == "setup-failed" && $0["/result/evidence/stage"] == "policy" })
            try requireComplete(reports)
            // The marker appears where there is no fault.
            let sound = try fixture.launch("default", ["--bind", "\(directory):/media:rw"], ["/bin/touch", "/media/started"])
            #expect(sound.exitCode == 0, sound.summary)
            #expect(try fixture.names(in: "shared") == ["started"])
        }
    }

    @Test func `options are judged like the policy, and named`() throws {
        try Fixture.run { fixture in
            let faults: [([String], String)] = [
                (["--memory", "12 pints"], "--memory"), (["--pids", "0"], "--pids"), (["--timeout", "soon"], "--timeout"), (["--network", "hots"], "--network"),
                (["--user", "-1"], "--user"), (["--bind", "/etc"], "--bind"), (["--env", "=x"], "--env"), (["--bind", "/nonexistent-source:/x"], "/nonexistent-source"),
                (["--unknown"], "--unknown"), (["--policy", "strcit"], "strict"), (["--policy", "/nonexistent.json"], "/nonexistent.json"),
                (["--rootfs", "dir:/nonexistent"], "/nonexistent"),
                (["--report", "-"], "--report"), (["--tty", "--capture=/tmp"], "--tty"), (["--report", "/nonexistent/report.json"], "/nonexistent"),
            ]
            let directory = try fixture.shared()
            for (words, named) in faults {
                let outcome = try Executables.run(["run"] + words + ["--bind", "\(directory):/media:rw", "--", "/bin/touch", "/media/started"])
                #expect(outcome.exitCode == 125 && outcome.errorText.contains(named), "\(words): \(String(describing: outcome.exitCode)) \(outcome.errorText)")
            }
            #expect(try fixture.names(in: "shared") == [])
        }
    }
}
