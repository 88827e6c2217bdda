import BrigReport

/// Reports at both ends: nothing known, and everything known.
enum Samples {
    static var empty: JobReport {
        var report = JobReport(
            brig: .init(version: "0", commit: nil), job: .init(id: "j", command: [], startedAt: "2026-01-02T03:04:05.678Z", labels: [:]), policy: nil, image: nil,
            host: .init(kernel: "6.1.0", architecture: "x86_64", cgroupVersion: nil), result: .init(reason: .setupFailed, message: "the policy could not be read"))
        report.explainNulls(under: "", because: "the job did not start")
        return report
    }

    static var full: JobReport {
        var report = JobReport(
            brig: .init(version: "1.0", commit: "0123abc"),
            job: .init(id: "j1", command: ["sh", "-c", "exit 3"], startedAt: "2026-01-02T03:04:05.678Z", labels: ["b": "2", "a": "1"]),
            policy: .init(
                name: "strict", path: "strict", isBuiltIn: true, sha256: hex("a"), resolvedSHA256: hex("b"), overrides: [.init(pointer: "/limits/memory", flag: "--memory")]),
            image: .init(reference: "debian:12", digest: "sha256:" + hex("c"), layers: 3), host: .init(kernel: "6.1.0", architecture: "x86_64", cgroupVersion: 2),
            result: .init(
                reason: .exited, exitCode: 3, message: "the program exited with 3", evidence: ["waitStatus": .text("exited"), "oomKills": .integer(0), "initSawIt": .flag(true)]))
        report.process = .init(
            arguments: (["sh", "-c", "exit 3"], "command-line"), workingDirectory: ("/w", "image"), user: (7, "policy"), group: (65534, "default"), environment: ["A": "image", "PATH": "built-in-policy"])
        report.time = times
        report.resources = resources
        report.output.stdoutBytes = 11
        report.output.stderrBytes = 4
        report.output.droppedBytes = 3
        report.output.stdout = .init(head: Array("hello ".utf8), tail: Array("wörld".utf8), droppedBytes: 3)
        report.output.stderr = .init(head: [0xFF, 0, 1, 2], tail: [], droppedBytes: 0)
        report.violations = [
            .init(
                kind: .systemCall, name: "ptrace", number: 101, abi: "x86_64", arguments: [0x10, .max], action: "EPERM", process: .init(pid: 2, command: "sh"), firstAtMillis: 3,
                count: 17, isSaturated: true),
            .init(kind: .apparmor, name: "brig-job", action: "EACCES", count: 1, details: ["operation": "open", "path": "/proc/kcore"]),
        ]
        report.systemCalls.engine = "seccomp-notify"
        report.systemCalls.calls = [
            .init(
                name: "socket", number: 41, abi: "x86_64", count: 18, verdict: "EPERM", ran: true,
                arguments: [.init(index: 0, what: "socket family", value: 2, name: "AF_INET", count: 17), .init(index: 0, what: "socket family", value: .max, name: nil, count: 1)]),
            .init(name: "bpf", number: 321, abi: "x86_64", count: 1, verdict: "EPERM", ran: false), .init(name: "bpf", number: 357, abi: "i386", count: 2, verdict: "ENOSYS", ran: false),
        ]
        report.systemCalls.gaps = ["more distinct arguments than are kept"]
        report.systemCalls.files = [.init(path: "/etc/passwd", access: .readWrite, creates: true, result: "EACCES", count: 2), .init(path: nil, access: nil, creates: false, result: nil, count: 1)]
        report.systemCalls.executed = [.init(path: "/bin/true", result: "ok", count: 1), .init(path: nil, result: nil, count: 1)]
        report.systemCalls.addresses = [
            .init(call: "connect", family: "AF_INET", address: "127.0.0.1:80", result: "ECONNREFUSED", count: 3), .init(call: nil, family: nil, address: nil, result: nil, count: 1),
        ]
        report.enforcement = enforcement
        report.degraded = [.init(protection: "apparmor", reason: "this kernel has no AppArmor")]
        return report
    }

    private static func hex(_ digit: String) -> String { String(repeating: digit, count: 64) }

    private static var times: JobReport.Times {
        var times = JobReport.Times()
        (times.setupNanos, times.wallNanos, times.userNanos, times.systemNanos, times.teardownNanos, times.source) = (1, 2, 3, 4, 5, "cpu.stat")
        return times
    }

    private static var resources: JobReport.Resources {
        var resources = JobReport.Resources()
        resources.memory.peakBytes = 1
        // cgroup 1 writes "no limit" as a number near 2^63.
        resources.memory.limitBytes = .max
        (resources.memory.anonPeakBytes, resources.memory.oomKills, resources.memory.limitHits, resources.memory.swapPeakBytes) = (2, 3, 4, 5)
        (resources.memory.maxResidentBytes, resources.memory.source) = (6, "memory.peak")
        (resources.cpu.throttledNanos, resources.cpu.throttledPeriods, resources.cpu.voluntarySwitches, resources.cpu.involuntarySwitches) = (1, 2, 3, 4)
        (resources.pids.peak, resources.pids.limit, resources.pids.limitHits, resources.pids.source) = (1, 64, 0, "pids.peak")
        (resources.io.readBytes, resources.io.writtenBytes, resources.io.readOperations, resources.io.writeOperations, resources.io.source) = (1, 2, 3, 4, "io.stat")
        (resources.pressure.memorySomeMicros, resources.pressure.cpuSomeMicros, resources.pressure.ioSomeMicros) = (1, 2, 3)
        (resources.faults.minor, resources.faults.major) = (1, 2)
        (resources.network.receivedBytes, resources.network.sentBytes) = (1, 2)
        (resources.scratch.bytes, resources.scratch.inodes) = (1, 2)
        resources.timeline = [.init(atMillis: 0, memoryBytes: 1, cpuMillis: 2, pids: 3)]
        return resources
    }

    private static var enforcement: JobReport.Enforcement {
        var cgroup = JobReport.Enforcement.Cgroup(version: 2)
        (cgroup.memoryMax, cgroup.swapMax, cgroup.pidsMax, cgroup.cpuMax, cgroup.ioMax) = (268_435_456, 0, 64, "50000 100000", ["8:0 rbps=max wbps=1048576 riops=max wiops=max"])
        return JobReport.Enforcement(
            readAt: "exec", seccomp: .init(mode: 2, filters: 1, instructions: 387, sha256: hex("d")),
            capabilities: .init(bounding: 0x20, permitted: 0x20, effective: 0x20, inheritable: 0, ambient: 0, names: ["CAP_KILL"]), noNewPrivileges: true,
            appArmor: .init(requested: "brig-job", current: "brig-job (enforce)"), namespaces: ["pid": .init(inode: 4_026_532_155, isFresh: true)], cgroup: cgroup,
            idMap: [.init(inside: 0, outside: 1_879_048_192, count: 65536)], groupMap: [.init(inside: 0, outside: 1_879_048_192, count: 65536)], mounts: 12)
    }
}
