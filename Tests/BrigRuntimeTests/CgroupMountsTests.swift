import Testing

@testable import BrigRuntime

/// Where a host has its hierarchies, from the texts of hosts of all kinds.
struct CgroupMountsTests {
    @Test func version2AsSystemdMountsIt() {
        let mounts = CgroupMounts(
            mountInfo: "30 24 0:27 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n", membership: "0::/user.slice/user-1000.slice/session-2.scope\n")
        #expect(mounts.version1.isEmpty)
        #expect(mounts.version2 == .init(mountPoint: "/sys/fs/cgroup", own: "/sys/fs/cgroup/user.slice/user-1000.slice/session-2.scope"))
    }

    @Test func hybridWithSharedControllers() {
        let info = """
            31 30 0:28 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct
            32 30 0:29 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
            33 30 0:30 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw
            """
        let mounts = CgroupMounts(mountInfo: info, membership: "3:cpu,cpuacct:/a\n2:memory:/a/b\n0::/c\n")
        #expect(mounts.version1["cpu"] == mounts.version1["cpuacct"])
        #expect(mounts.version1["cpu"]?.own == "/sys/fs/cgroup/cpu,cpuacct/a")
        #expect(mounts.version1["memory"]?.own == "/sys/fs/cgroup/memory/a/b")
        #expect(mounts.version2?.own == "/sys/fs/cgroup/unified/c")
    }

    /// A container sees a part of the hierarchy as its root, and may be told of a cgroup outside it.
    @Test func onlyWhatIsMountedCanBeReached() {
        let info = "30 24 0:27 /docker/abc /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n"
        #expect(CgroupMounts(mountInfo: info, membership: "2:memory:/docker/abc/inner\n").version1["memory"]?.own == "/sys/fs/cgroup/memory/inner")
        #expect(CgroupMounts(mountInfo: info, membership: "2:memory:/elsewhere\n").version1["memory"]?.own == "/sys/fs/cgroup/memory")
        #expect(CgroupMounts(mountInfo: info, membership: "2:memory:/../..\n").version1["memory"]?.own == "/sys/fs/cgroup/memory")
    }

    @Test func blanksInPathsAreRead() {
        let mounts = CgroupMounts(mountInfo: "30 24 0:27 / /mnt/my\\040cgroups rw - cgroup2 none rw\n", membership: "0::/\n")
        #expect(mounts.version2?.mountPoint == "/mnt/my cgroups")
    }
}
