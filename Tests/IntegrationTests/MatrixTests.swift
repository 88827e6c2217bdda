import BrigJSON
import Foundation
import Glibc
import TestSupport
import Testing

/// What this machine lets be enforced: a job that asks for everything and requires nothing has it in force, or is told that it has not.
///
/// Each caller's answer is printed as a line that begins with `matrix: `; `Tests/VM/table` makes the README's table of them.
@Suite(.requires(.brig, .ordinaryUser)) struct MatrixTests {
    /// Protections by their names in `degraded`, with whether the report has them in force.
    private func enforced(_ job: Launch) -> [(name: String, isHeld: Bool)] {
        let group = "/enforcement/cgroup/"
        return [
            ("memory", job[group + "memoryMax"].integer == 64 << 20), ("swap", job[group + "swapMax"].integer == 32 << 20), ("pids", job[group + "pidsMax"].integer == 32),
            ("cpu", job[group + "cpuMax"] == "50000 100000"), ("io", job[group + "ioMax"].array?.contains { $0.string?.contains("wbps=1048576") == true } == true),
            ("apparmor", job["/enforcement/apparmor/current"].string?.contains("brig-job") == true),
        ]
    }

    @Test(arguments: Caller.allCases) func `what is not in force is told`(caller: Caller) throws {
        try Fixture.run { fixture in
            func wanted(_ value: JSONValue) -> JSONValue { ["value": value, "required": false] }
            let disk: JSONValue = ["path": .string(fixture.directory), "writeBytesPerSecond": 1_048_576, "required": false]
            let limits: JSONValue = ["memory": wanted("64MiB"), "swap": wanted("32MiB"), "pids": wanted(32), "cpus": wanted(.double(0.5)), "io": .array([disk])]
            let policy = try fixture.policy("default", [.init("limits", limits), .init("apparmor", ["profile": "brig-job", "required": false])])
            let job = try fixture.launch(policy, [], ["/bin/true"], as: caller)
            #expect(job.exitCode == 0, job.summary)
            let told = Set((job["/degraded"].array ?? []).compactMap { $0["protection"]?.string })
            for protection in enforced(job) where protection.name != "swap" || Requirement.swap.obstacle == nil {
                // Swap belongs to the memory ceiling.
                let isTold = told.contains(protection.name) || (protection.name == "swap" && told.contains("memory"))
                #expect(protection.isHeld != isTold, "\(protection), told \(told): \(job["/degraded"]) \(job["/enforcement/cgroup"])")
            }
            // What needs nothing of the host's configuration is always in force.
            #expect(job["/enforcement/seccomp/mode"] == 2 && job["/enforcement/noNewPrivileges"] == true && job["/enforcement/capabilities/names"] == [], job.summary)
            let spaces = job["/enforcement/namespaces"].members ?? []
            #expect(spaces.count == 7 && spaces.allSatisfy { $0.value["fresh"] == true }, "\(spaces)")
            try requireComplete([job])
            try emit(job, caller)
        }
    }

    /// Beside a bandwidth limit: on version 1 both can be one hierarchy.
    @Test(arguments: Caller.allCases) func `processor time ends a job, or is told`(caller: Caller) throws {
        try Fixture.run { fixture in
            let limits: JSONValue = ["cpuTime": ["value": "300ms", "required": false], "cpus": ["value": .double(0.5), "required": false]]
            let job = try fixture.launch(try fixture.policy("default", [.init("limits", limits)]), [], probe("spin", "1", "6"), as: caller)
            let isTold = job["/degraded"].array?.contains { $0["protection"] == "cpuTime" } == true
            #expect(job.reason == (isTold ? "exited" : "cpu-time"), job.summary)
        }
    }

    /// An ordinary user's answer on version 2 is that of one who has a delegated cgroup, which root's tests do not have to give.
    private func emit(_ job: Launch, _ caller: Caller) throws {
        let layout = exists("/sys/fs/cgroup/cgroup.controllers") ? "v2" : exists("/sys/fs/cgroup/unified/cgroup.procs") ? "hybrid" : "v1"
        if caller == .ordinary, geteuid() == 0, layout == "v2" { return }
        let release = job["/host/kernel"].string ?? ""
        let ids = (job["/enforcement/idMap"].array ?? []).compactMap { $0.array?.last?.integer }.reduce(0, +)
        let held = enforced(job).filter(\.isHeld).map(\.name) + (ids >= 65536 ? ["ids"] : [])
        let row: JSONValue = [
            "kernel": .string(release.split(separator: ".").prefix(2).joined(separator: ".")), "cgroup": .string(layout), "apparmor": .string(Requirement.jobProfile.obstacle == nil ? "on" : "off"),
            "user": .string(caller == .own && geteuid() == 0 ? "root" : "user"), "enforced": .array(held.map { .string($0) }),
        ]
        print("matrix: \(String(decoding: row.encoded(), as: UTF8.self))")
    }

    private func exists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }
}
