import Foundation
import Glibc
import TestSupport

/// This test's own place in the hierarchy that has the memory controller.
private func ownCgroup() throws -> (path: String, isUnified: Bool) {
    let lines = try readText("/proc/self/cgroup").split(separator: "\n").map { $0.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false) }
    if let memory = lines.first(where: { $0[1].split(separator: ",").contains("memory") }) { return ("/sys/fs/cgroup/memory\(memory[2])", false) }
    let path = lines.first { $0[1].isEmpty }?[2] ?? "/"
    return (path == "/" ? "/sys/fs/cgroup" : "/sys/fs/cgroup\(path)", true)
}

extension Fixture {
    /// Makes a cgroup of the test's own, gone at the end: in the unified hierarchy beside the test's, where groups can have controllers, or below `parent`.
    ///
    /// - Parameters:
    ///   - controllers: those that `parent` passes on to it.
    ///   - owner: the account that may do with it what a delegated group's owner may (cgroup-v2.rst, Delegation).
    func cgroup(below parent: String? = nil, controllers: [String] = ["memory", "pids"], owner: uid_t = geteuid()) throws -> String {
        let own = try ownCgroup()
        var parent = parent ?? own.path
        if own.isUnified {
            if parent == own.path, parent != "/sys/fs/cgroup" { parent = (parent as NSString).deletingLastPathComponent }
            try setControl(parent, "cgroup.subtree_control", controllers.map { "+\($0)" }.joined(separator: " "))
        }
        let path = "\(parent)/test-\(UInt32.random(in: 0...UInt32.max))"
        guard unsafe mkdir(path, 0o755) == 0 else { throw FixtureError("mkdir \(path): errno \(errno)") }
        atEnd {
            // A process that has just been reaped can keep it busy for a moment.
            for _ in 0..<100 where unsafe rmdir(path) != 0 && errno == EBUSY { usleep(20000) }
        }
        for file in ["", "/cgroup.procs", "/cgroup.threads", "/cgroup.subtree_control"] where owner != geteuid() {
            guard unsafe chown(path + file, owner, owner) == 0 else { throw FixtureError("chown \(path)\(file): errno \(errno)") }
        }
        return path
    }

    /// Writes to a cgroup's file, in one write(2).
    func setControl(_ group: String, _ file: String, _ value: String) throws {
        let descriptor = unsafe open("\(group)/\(file)", O_WRONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FixtureError("open \(group)/\(file): errno \(errno)") }
        defer { close(descriptor) }
        var bytes = Array(value.utf8)
        guard unsafe Glibc.write(descriptor, &bytes, bytes.count) == bytes.count else { throw FixtureError("write \(value) to \(group)/\(file): errno \(errno)") }
    }
}

/// A script for ``Fixture/launch``: brig alone in a cgroup, as in a scope of systemd's. The shell moves itself, then becomes brig.
func alone(in group: String) -> String { "echo 0 > '\(group)/cgroup.procs' && exec \"$@\"" }
