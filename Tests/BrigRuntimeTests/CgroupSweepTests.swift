import BrigSystem
import Glibc
import TestSupport
import Testing

@testable import BrigRuntime

/// What killed brigs have left is removed by what a table says, which somebody may have forged.
struct CgroupSweepTests {
    @Test func onlyGroupsAreSwept() throws {
        try Fixture.run { fixture in
            let started = try Command("/bin/sh", ["-c", "sleep 60 >/dev/null 2>&1 & echo $!"]).run()
            let victim = try #require(Int32(started.lines.first ?? ""))
            defer { kill(victim, SIGKILL) }
            try fixture.write("precious", "data")
            for name in ["brig-0-forged", "other"] {
                try fixture.write("\(name)/cgroup.procs", "\(victim)\n")
                _ = unsafe symlink(fixture.path("precious"), fixture.path("\(name)/cgroup.kill"))
            }
            _ = unsafe symlink("/sys/fs/cgroup", fixture.path("brig-0-link"))
            try Cgroup.sweep(["brig-0-forged", "other", "brig-0-link", "brig-0-gone"].map(fixture.path))
            #expect(try readText(fixture.path("precious")) == "data")
            usleep(50_000)
            #expect(kill(victim, 0) == 0)
            #expect(try fixture.names() == ["brig-0-forged", "brig-0-link", "other", "precious"])
        }
    }
}
