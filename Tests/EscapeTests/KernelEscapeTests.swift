import BrigJSON
import TestSupport
import Testing

/// What of the kernel a job reaches beside its own processes: keys, devices, settings, calls for administrators.
@Suite(.serialized, .requires(.brig, .probe, .userNamespaces, .ordinaryUser)) struct KernelEscapeTests {
    /// Possession of a session keyring is a right to its keys, whoever has joined it.
    @Test(.requires(.keyrings), arguments: Caller.allCases) func `the caller's keys stay the caller's`(caller: Caller) throws {
        try Fixture.run { fixture in
            let name = "brig-\(UInt32.random(in: 0...UInt32.max))"
            let policy = try fixture.lenient(["@keyring"])
            let script = "exec \(Executables.probe) with-key \(name) hunter2 \"$@\""
            for key in [name, "another"] {
                let job = try fixture.launch(policy, [], probe("find-key", key), as: caller, script: script)
                #expect(job.outcome.text == "search = -1 ENOKEY\n", job.summary)
            }
            // In the same session, without brig.
            #expect(try unconfined(bare("find-key", name), as: caller, script: script).text.contains("key: hunter2"))
            // The shipped policies let no job at any keyring.
            let shipped = try fixture.launch("default", [], probe("find-key", name), as: caller, script: script)
            #expect(shipped.outcome.text == "search = -1 EPERM\n" && shipped.violations.contains { $0.hasPrefix("syscall keyctl") }, shipped.summary)
        }
    }

    @Test(.requires(.seccompNotify), arguments: Caller.allCases) func `calls for administrators are refused, each told`(caller: Caller) throws {
        try Fixture.run { fixture in
            let job = try fixture.launch("default", [], probe("dangerous"), as: caller)
            let lines = job.outcome.lines
            #expect(lines.count > 20 && lines.allSatisfy { $0.hasSuffix("EPERM") || $0.hasSuffix("ENOSYS") }, job.summary)
            for line in lines {
                let name = String(line.prefix { $0 != " " })
                #expect(job.violations.contains { $0.hasPrefix("syscall \(name) ") }, "\(name): \(job.violations)")
            }
            // Where the policy leaves one to the kernel, it is the kernel that answers.
            let open = try fixture.launch(try fixture.lenient(["pidfd_getfd"]), [], probe("dangerous"), as: caller)
            #expect(open.outcome.text.contains("pidfd_getfd = -1 EBADF") && !open.violations.contains { $0.contains("pidfd_getfd") }, open.summary)
        }
    }

    @Test(arguments: Caller.allCases) func `devices are the harmless ones`(caller: Caller) throws {
        try Fixture.run { fixture in
            let policy = try fixture.lenient(["mknod", "mknodat"], retain: ["CAP_MKNOD", "CAP_DAC_OVERRIDE"])
            let job = try fixture.launch(policy, [], shell("ls /dev; \(probeInJob) mknod /tmp/disk 0060660 8 0, mknod /tmp/memory 0020666 1 1".replacing(",", with: " ,")), as: caller)
            let names: Set = ["fd", "full", "null", "ptmx", "pts", "random", "shm", "stderr", "stdin", "stdout", "tty", "urandom", "zero"]
            #expect(Set(job.outcome.lines.filter { !$0.contains("mknod") }) == names, job.summary)
            #expect(job.outcome.lines.filter { $0 == "mknod = -1 EPERM" }.count == 2, job.summary)
            #expect(try Command("ls", ["/dev"]).run().lines.contains { !names.contains($0) })
        }
    }

    /// Files of /proc that act on the machine, or tell of it.
    @Test(arguments: Caller.allCases) func `the machine's settings are out of reach`(caller: Caller) throws {
        try Fixture.run { fixture in
            let policy = try fixture.lenient(retain: ["CAP_DAC_OVERRIDE", "CAP_SYS_PTRACE", "CAP_NET_ADMIN"])
            let files = ["kernel/core_pattern", "kernel/modprobe", "kernel/hotplug", "vm/drop_caches", "kernel/sysrq", "fs/binfmt_misc/register", "kernel/ns_last_pid", "kernel/domainname"]
            let writes = (files.map { "/proc/sys/\($0)" } + ["/proc/sysrq-trigger", "/proc/irq/default_smp_affinity"]).joined(separator: " ")
            let reads = ["kcore", "keys", "timer_list", "sched_debug", "interrupts", "acpi", "scsi"].map { "/proc/\($0)" }.joined(separator: " ")
            let script = """
                for f in \(writes); do (echo x > $f) 2>/dev/null && echo wrote $f; done
                for f in \(reads); do [ -z "$(head -c 1 $f 2>/dev/null | tr '\\0' .)$(ls -A $f 2>/dev/null | grep -v "^$f$")" ] || echo read $f; done
                ls -A /sys; ls -A /run
                """
            let job = try fixture.launch(policy, [], shell(script), as: caller)
            #expect(job.exitCode == 0 && job.outcome.text.isEmpty, job.summary)
            // The same loop reads what is not hidden, and writes what is the job's.
            let control = script.replacing(reads, with: "/proc/uptime").replacing(writes, with: "/tmp/own")
            let open = try fixture.launch(policy, [], shell(control), as: caller)
            #expect(open.outcome.text == "wrote /tmp/own\nread /proc/uptime\n", open.summary)
        }
    }

    /// Segments, queues and their names belong to the ipc namespace.
    @Test(arguments: Caller.allCases) func `shared memory and queues are the job's own`(caller: Caller) throws {
        try Fixture.run { fixture in
            let (key, name) = ("\(UInt32.random(in: 1...0x7fff_ffff))", "brig-\(UInt32.random(in: 0...UInt32.max))")
            let look = probe("shmget", key, "0", ",", "mq", name, "0")
            fixture.atEnd { _ = try? Command(Executables.probe, ["shmrm", key, ",", "mqrm", name]).run() }
            let made = try Command(Executables.probe, ["shmget", key, "01666", ",", "mq", name, "0102"]).run().lines
            try #require(made.first == "shmget = 0", "\(made)")
            let job = try fixture.launch(try fixture.lenient(), [], look, as: caller)
            #expect(job.outcome.text == "shmget = -1 ENOENT\nmq_open = -1 ENOENT\n", job.summary)
            #expect(try unconfined(bare("shmget", key, "0"), as: caller).text == "shmget = 0\n")
        }
    }

    @Test(arguments: Caller.allCases) func `priorities stay the machine's`(caller: Caller) throws {
        try Fixture.run { fixture in
            let attempt = ["realtime", "1", ",", "nice", "-20", ",", "mlockall"]
            let job = try fixture.launch(try fixture.lenient(retain: ["CAP_SYS_NICE", "CAP_IPC_LOCK", "CAP_SYS_RESOURCE"]), [], probe() + attempt, as: caller)
            #expect(job.outcome.lines.count == 3 && job.outcome.lines.allSatisfy { $0.contains("= -1 E") }, job.summary)
            // Upwards is what is refused: who lowers itself may.
            let down = try fixture.launch(try fixture.lenient(), [], probe("nice", "5"), as: caller)
            #expect(down.outcome.text == "setpriority = 0\n", down.summary)
        }
    }
}
