import BrigJSON
import TestSupport
import Testing

/// Programs that are kept attached between audits count as exactly as those of one audit. Each test has a bpf file system of its own, and they are gone with it.
@Suite(.requires(.brig, .probe, .root, .bpf)) struct KeptTracerTests {
    private static let tracer = "\(Executables.brig) tracer"

    /// A script around the launch, which it has as "$@".
    private func alone(_ script: String) -> String {
        "exec unshare -m sh -c 'mount -t bpf -o mode=700 bpf /sys/fs/bpf || exit 90; \(script)' -- \"$@\""
    }

    private let untilBusy = "n=0; until \(tracer) status | grep -q \"in use\"; do n=$((n + 1)); [ $n -lt 2000 ] || exit 91; done"
    private let untilReady = "n=0; until \(tracer) status >/dev/null; do n=$((n + 1)); [ $n -lt 2000 ] || exit 92; done"

    @Test func `one audit after the other uses them, and each is counted by itself`() throws {
        try Fixture.run { fixture in
            let other = try fixture.shared()
            let script = alone(
                "\(Self.tracer) attach >/dev/null || exit 93; \(Self.tracer) attach 2>/dev/null && exit 94; "
                    + "\(Executables.brig) audit --policy default --report \(other)/first.json --bind \(other):/mnt -- /bin/sh -c \"until test -e /mnt/go; do sleep 0.05; done\" 2>/dev/null & "
                    + "\(untilBusy); \(Executables.brig) audit --policy default --report \(other)/beside.json -- /bin/true 2>/dev/null; >\(other)/go; wait; "
                    + "\(untilReady); \"$@\" & p=$!; \(untilBusy); >\(other)/again; wait $p; s=$?; \(Self.tracer) detach >/dev/null || exit 95; \(Self.tracer) status >/dev/null && exit 96; exit $s")
            let waiting = "until test -e /media/again; do sleep 0.05; done; exec \(probeInJob) denied 1000 140"
            let job = try fixture.launch("default", ["--bind", "\(other):/media"], shell(waiting), script: script, subcommand: "audit")
            #expect(job.exitCode == 0, job.summary)
            #expect(job.count("getpriority") == 1000, job.summary)
            #expect(job["/syscalls/engine"] == "ebpf" && job["/syscalls/complete"] == true, job.summary)
            for name in ["first", "beside"] {
                let report = try JSONDocument(try readFile("\(other)/\(name).json"), bounds: .init(size: 64 << 20, depth: 64)).value
                #expect(report["syscalls"]?["engine"] == "ebpf" && report["syscalls"]?["complete"] == true, "\(name)")
            }
            try requireComplete([job])
        }
    }

    @Test func `what an audit that was killed has left is not counted by the next`() throws {
        try Fixture.run { fixture in
            let script = alone(
                "\(Self.tracer) attach >/dev/null || exit 93; \(Executables.brig) audit --policy default --bind \(Executables.probe.dropLast("/probe".count)):/mnt"
                    + " -- \(probeInJob) denied 1000000000 110 2>/dev/null & \(untilBusy); sleep 0.3; kill -9 $!; \(untilReady); \"$@\"")
            let job = try fixture.launch("default", [], probe("denied", "2000", "110"), script: script, subcommand: "audit")
            #expect(job.exitCode == 0, job.summary)
            #expect(job.count("getppid") == 2000 && job["/syscalls/complete"] == true, job.summary)
        }
    }

    /// Tasks that one audit has seen are gone, and their memory is others', when the next begins.
    @Test func `what one audit knows of tasks does not mislead the next`() throws {
        try Fixture.run { fixture in
            let other = try fixture.shared()
            let attempts = "n=0; while [ $n -lt 100 ]; do n=$((n + 1)); (:); \(probeInJob) denied 5 111 >/dev/null; done"
            let script = alone(
                "\(Self.tracer) attach >/dev/null || exit 93; while :; do \(Executables.probe) denied 100 140 >/dev/null; done & others=$!; "
                    + "\(Executables.brig) audit --policy default --timeout \(Int(60 * timeFactor))s --report \(other)/first.json -- /bin/sh -c \"n=0; while [ \\$n -lt 100 ]; do n=\\$((n + 1)); (:); done\""
                    + " 2>/dev/null; \(untilReady); \"$@\"; s=$?; kill $others; exit $s")
            let job = try fixture.launch("default", ["--timeout", "\(Int(60 * timeFactor))s"], shell(attempts), script: script, subcommand: "audit")
            #expect(job.exitCode == 0, job.summary)
            #expect(job.count("getpgrp") == 500 && job.count("getpriority") == 0, job.summary)
            #expect(job["/syscalls/engine"] == "ebpf" && job["/syscalls/complete"] == true, job.summary)
            let first = try JSONDocument(try readFile("\(other)/first.json"), bounds: .init(size: 64 << 20, depth: 64)).value
            #expect(first["syscalls"]?["complete"] == true && first["syscalls"]?["counts"]?["getpriority"] == nil)
        }
    }

    @Test func `what this version has not made is not used`() throws {
        try Fixture.run { fixture in
            for remains in ["mkdir /sys/fs/bpf/brig", "\(Self.tracer) attach >/dev/null; chmod 755 /sys/fs/bpf/brig", "\(Self.tracer) attach >/dev/null; rm /sys/fs/bpf/brig/state"] {
                let script = alone("\(remains) || exit 93; \(Self.tracer) status | grep -q \"does not use\" || exit 94; \"$@\"")
                let job = try fixture.launch("default", [], probe("denied", "1000", "110"), script: script, subcommand: "audit")
                #expect(job.exitCode == 0, job.summary)
                #expect(job.count("getppid") == 1000 && job["/syscalls/complete"] == true, job.summary)
            }
        }
    }
}
