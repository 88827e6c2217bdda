import BrigJSON
import Glibc
import TestSupport
import Testing

/// The unified hierarchy: ceilings that jobs run into, figures that the kernel keeps.
@Suite(.serialized, .requires(.brig, .probe, .cgroupV2, .cgroupMemory, .cgroupPids)) struct CgroupTests {
    @Test(.requires(.swap)) func `swap has a ceiling of its own`() throws {
        try Fixture.run { fixture in
            func job(swap: String, hog: String) throws -> Launch { try fixture.launch("default", ["--memory", "32MiB", "--swap", swap], probe("hog", hog)) }
            let within = try job(swap: "64MiB", hog: "56")
            #expect(within.exitCode == 0 && within["/enforcement/cgroup/swapMax"] == .integer(64 << 20), within.summary)
            #expect(within["/resources/memory/peakBytes"].integer ?? .max <= 32 << 20, within.summary)
            if let peak = within["/resources/memory/swapPeakBytes"].integer { #expect(peak > 16 << 20 && peak <= 64 << 20, "\(peak)") }
            let above = try job(swap: "64MiB", hog: "160")
            #expect(above.exitCode == 137 && above.reason == "memory-limit", above.summary)
            // The same that came through above.
            let without = try job(swap: "0", hog: "56")
            #expect(without.exitCode == 137 && without.reason == "memory-limit", without.summary)
            #expect(without["/enforcement/cgroup/swapMax"] == 0, without.summary)
            try requireComplete([within, above, without])
        }
    }

    /// By the kernel, in one go: brig would have to find the others first.
    @Test func `oom group ends all at once`() throws {
        try Fixture.run { fixture in
            let command = probe("hog-child", "100", ",", "sleep", "50")
            let job = try fixture.launch("default", ["--memory", "32MiB"], command)
            #expect(job.exitCode == 137 && job.reason == "memory-limit", job.summary)
            #expect(job["/resources/memory/oomKills"].integer ?? 0 >= 2, job.summary)
            let single = try fixture.launch(try fixture.policy("default", [.init("limits", ["memory": "32MiB", "oomGroup": false])]), [], probe("hog-child", "100"))
            #expect(single.exitCode == 0 && single["/resources/memory/oomKills"] == 1, single.summary)
            try requireComplete([job, single])
        }
    }

    @Test(.requires(.cgroupCPU)) func `a share of a processor`() throws {
        try Fixture.run { fixture in
            let job = try fixture.launch("default", ["--cpus", "0.2"], probe("spin", "2", "2"))
            #expect(job.exitCode == 0 && job["/enforcement/cgroup/cpuMax"] == "20000 100000", job.summary)
            #expect(job["/resources/cpu/throttledPeriods"].integer ?? 0 > 0 && job["/resources/cpu/throttledNanos"].integer ?? 0 > 0, job.summary)
            let free = try fixture.launch("default", [], probe("spin", "2", "2"))
            func used(_ job: Launch) -> Double { Double((job["/time/userNanos"].integer ?? 0) + (job["/time/systemNanos"].integer ?? 0)) / Double(job.wallNanos) }
            #expect(used(job) < 0.5 && used(job) < used(free) / 2, "\(used(job)) beside \(used(free))")
            #expect(free["/resources/cpu/throttledPeriods"] == .null || free["/resources/cpu/throttledPeriods"] == 0, free.summary)
            try requireComplete([job, free])
        }
    }

    @Test(.requires(.cgroupIO)) func `bytes a second to a disk`() throws {
        try Fixture.run { fixture in
            let directory = try fixture.shared()
            let limit: JSONValue = ["path": .string(directory), "writeBytesPerSecond": 1_048_576]
            let limited = try fixture.policy("default", [.init("limits", ["io": .array([limit])])])
            let write = shell("dd if=/dev/zero of=/media/$1 bs=65536 count=48 oflag=direct 2>/dev/null; stat -c %s /media/$1")
            let job = try fixture.launch(limited, ["--bind", "\(directory):/media:rw"], write + ["sh", "limited"])
            let free = try fixture.launch("default", ["--bind", "\(directory):/media:rw"], write + ["sh", "free"])
            #expect(job.outcome.text == "3145728\n" && free.outcome.text == "3145728\n", job.summary)
            #expect(job.wallNanos > 2_000_000_000 && free.wallNanos < job.wallNanos, "\(job.wallNanos) beside \(free.wallNanos)")
            #expect(job["/resources/io/source"] == "io.stat" && job["/resources/io/writtenBytes"].integer ?? 0 >= 3_145_728, job.summary)
            #expect(job["/resources/io/writeOperations"].integer ?? 0 > 0, job.summary)
            try requireComplete([job, free])
        }
    }

    @Test func `a limit of something that is no disk is refused, or told where it need not hold`() throws {
        try Fixture.run { fixture in
            func policy(_ isRequired: Bool) throws -> String {
                let limit: JSONValue = ["path": "/proc", "writeBytesPerSecond": 1_048_576, "required": .bool(isRequired)]
                return try fixture.policy("default", [.init("limits", ["io": .array([limit])])])
            }
            let refused = try fixture.launch(try policy(true), [], ["/bin/true"])
            #expect(refused.exitCode == 125 && refused.reason == "setup-failed", refused.summary)
            let told = try fixture.launch(try policy(false), [], ["/bin/true"])
            #expect(told.exitCode == 0 && told["/degraded"].array?.contains { $0["protection"] == "io" } == true, told.summary)
        }
    }

    /// On each kernel: what it has a file for is a number, what it has none for is null and says so.
    @Test func `every figure for which the kernel has a file, and a reason for every other`() throws {
        try Fixture.run { fixture in
            let group = try fixture.cgroup()
            let job = try fixture.launch("default", ["--memory", "64MiB"], probe("hog", "20"))
            let figures = [
                ("memory.peak", "/resources/memory/peakBytes"), ("memory.swap.peak", "/resources/memory/swapPeakBytes"), ("memory.events", "/resources/memory/oomKills"),
                ("pids.peak", "/resources/pids/peak"), ("pids.events", "/resources/pids/limitHits"), ("memory.pressure", "/resources/pressure/memorySomeMicros"),
                ("cpu.pressure", "/resources/pressure/cpuSomeMicros"), ("io.pressure", "/resources/pressure/ioSomeMicros"),
            ]
            for (file, figure) in figures {
                let isKept = unsafe access("\(group)/\(file)", F_OK) == 0
                #expect((job[figure].integer != nil) == isKept, "\(file), \(figure): \(job[figure])")
                // A pointer is one name in there.
                let reason = job["/unavailable"].members?.first { $0.name == figure }?.value.string
                #expect((reason == nil) == isKept && (isKept || file.contains("pressure") || reason?.contains(file) == true), "\(figure): \(reason ?? "no reason")")
            }
            #expect(job["/resources/memory/peakBytes"].integer ?? 0 > 20 << 20 && job["/resources/memory/source"] == "memory.peak", job.summary)
            #expect(job["/time/source"] == "cpu.stat", job.summary)
            if job["/resources/pids/peak"] != .null { #expect(job["/resources/pids/peak"].integer ?? 0 >= 2, job.summary) }
            try requireComplete([job])
        }
    }
}
