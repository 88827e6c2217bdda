import BrigJSON
import TestSupport
import Testing

/// An audit counts what `strace -f -c` counts in a job of the same kind, call by call.
///
/// Known differences, by name: strace counts a call when it returns, so it misses `exit` and `exit_group`, which never do; the `execve` by which a job's
/// program starts is brig's own. How often a program waits for another depends on who is faster: those calls are not compared, nor in programs of
/// several threads the memory calls of allocators that threads race for.
@Suite(.requires(.brig, .probe, .strace, .seccompNotify, .compiler, .git, .cgroupMemory, .cgroupPids)) struct StraceTests {
    static let engines = AuditTests.engines
    private static let uncompared: Set = ["exit", "exit_group", "execve", "futex", "wait4", "restart_syscall", "sched_yield"]

    @Test(arguments: engines) func python(engine: String) throws {
        try compare(engine, ["/usr/bin/python3", "-I", "-S", "-c", "import os, json; [os.stat('/') for _ in range(500)]; open('/tmp/x', 'w').write('y' * 100000)"])
    }

    @Test(arguments: engines) func compiler(engine: String) throws {
        try compare(engine, ["/usr/bin/gcc", "-c", "/media/source.c", "-o", "/tmp/object.o"])
    }

    @Test(arguments: engines) func git(engine: String) throws {
        try compare(engine, ["/usr/bin/git", "-c", "init.defaultBranch=main", "init", "--quiet", "/tmp/repository"])
    }

    @Test(arguments: engines) func `tar of a large tree`(engine: String) throws {
        try compare(engine, ["/bin/tar", "-cf", "/tmp/tree.tar", "-C", "/media", "."])
    }

    @Test(arguments: engines) func threads(engine: String) throws {
        try compare(engine, probe("denied-threads", "4", "500"), besides: ["mmap", "munmap", "mprotect", "madvise", "brk"])
    }

    /// A run may differ from the next by itself: one of three pairs must be equal.
    private func compare(_ engine: String, _ command: [String], besides: Set<String> = []) throws {
        try Fixture.run { fixture in
            let tree = try fixture.makeDirectory("tree", mode: 0o755)
            for number in 0..<400 { try fixture.write("tree/file\(number)", String(repeating: "text ", count: number)) }
            try fixture.write("tree/source.c", "#include <stdio.h>\nint main(void) { return puts(\"text\") < 0; }\n")
            var differences = ""
            for _ in 0..<3 {
                let audited = try fixture.launch("ci-memory", ["--engine", engine, "--bind", "\(tree):/media"], command, subcommand: "audit")
                #expect(audited.exitCode == 0 && audited["/syscalls/complete"] == true, audited.summary)
                let traced = try fixture.launch("ci-memory", ["--bind", "\(tree):/media"], ["/usr/bin/strace", "-f", "-c", "-U", "name,calls"] + command)
                #expect(traced.exitCode == 0, traced.summary)
                let theirs = Self.summary(traced.outcome.errorText)
                try #require(theirs.count > 5, traced.summary)
                var ours: [String: Int64] = [:]
                for member in audited["/syscalls/counts"].members ?? [] { ours[member.name] = member.value.integer }
                let ignored = Self.uncompared.union(besides)
                let different = Set(ours.keys).union(theirs.keys).subtracting(ignored).filter { ours[$0] ?? 0 != theirs[$0] ?? 0 }
                if different.isEmpty { return }
                differences = different.sorted().map { "\($0): \(ours[$0] ?? 0), strace \(theirs[$0] ?? 0)" }.joined(separator: "; ")
            }
            Issue.record("\(command[0]): \(differences)")
        }
    }

    /// Lines `name calls`.
    private static func summary(_ text: String) -> [String: Int64] {
        var counts: [String: Int64] = [:]
        for line in text.split(separator: "\n") {
            let fields = line.split(separator: " ")
            if fields.count == 2, fields[0] != "total", let count = Int64(fields[1]) { counts[String(fields[0])] = count }
        }
        return counts
    }
}
