internal import ArgumentParser
internal import BrigTracing

/// `brig tracer`: the programs that count in an audit, kept attached between audits.
struct TracerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tracer", abstract: "Keep the programs that count system calls attached between audits.",
        discussion: """
            An audit by eBPF has the kernel check its programs and attaches them, and detaches them at its end. Where one audit follows the other, they can be kept: \
            audits then start faster, and every system call of the machine takes a little longer until they are detached, or the machine restarts.
            """,
        subcommands: [TracerAttach.self, TracerDetach.self, TracerStatus.self])
}

/// `brig tracer attach`
struct TracerAttach: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "attach", abstract: "Attach the programs for audits from now on. Needs root and a bpf file system at /sys/fs/bpf.")

    func run() throws {
        try KeptTracer.attach()
        try print("attached, by names in \(KeptTracer.directory)")
    }
}

/// `brig tracer detach`
struct TracerDetach: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "detach", abstract: "Detach them, at the end of the audit that uses them, if one does.")

    func run() throws { try print(KeptTracer.detach() ? "detached" : "nothing was attached") }
}

/// `brig tracer status`
struct TracerStatus: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "status", abstract: "Say whether the next audit would use them.", discussion: "Exit status 1 where it would not.")

    func run() throws {
        switch KeptTracer.obstacle {
        case nil: return try print("attached: audits use them")
        case .absent: try print("nothing is attached: audits load their own")
        case .busy: try print("attached, and in use by an audit: another one loads its own")
        case .closed: try print("\(KeptTracer.directory) is closed to this account, whose audits count by notification")
        case .unusable(let reason): try print("something is attached that this version does not use: \(reason)")
        }
        throw ExitCode(1)
    }
}
