/// The options of `brig run`: one table for the parser, the help and the completions.
enum RunOption: String, CaseIterable {
    case policy, report, rootfs, memory, swap, pids, cpus, timeout
    case cpuTime = "cpu-time"
    case network, bind, tmpfs, env
    case inheritEnv = "inherit-env"
    case workdir, hostname, user, label, capture, tty
    case files, exec, addresses, engine
    case help

    /// Commands that take these options.
    enum Command: String { case run, audit }

    func isTaken(by command: Command) -> Bool {
        switch self {
        case .files, .exec, .addresses, .engine: command == .audit
        default: true
        }
    }

    static func taken(by command: Command) -> [RunOption] { allCases.filter { $0.isTaken(by: command) } }

    enum Argument: Equatable {
        case none
        case required(String)
        /// Only as `--name=VALUE`.
        case optional(String)
    }

    var name: String { "--" + rawValue }

    var argument: Argument {
        switch self {
        case .policy: .required("NAME|FILE")
        case .report: .required("FILE|fd:N|-")
        case .rootfs: .required("IMAGE")
        case .memory, .swap: .required("SIZE")
        case .pids, .cpus: .required("N")
        case .timeout, .cpuTime: .required("TIME")
        case .network: .required("none|host|job:ID")
        case .bind: .required("SRC:DST[:rw]")
        case .tmpfs: .required("DST[:SIZE]")
        case .env, .label: .required("K=V")
        case .inheritEnv, .hostname: .required("NAME")
        case .workdir: .required("DIR")
        case .user: .required("U[:G]")
        case .capture: .optional("DIR")
        case .engine: .required("ebpf|notification")
        case .tty, .files, .exec, .addresses, .help: .none
        }
    }

    var help: String {
        switch self {
        case .policy: "what the job may do: a built-in name (see brig policy list) or a file; default: default"
        case .report: "write the report there: a file, an open descriptor, or standard output (with --capture)"
        case .rootfs: "the root: host, dir:PATH, tar:PATH, docker-archive:PATH[:TAG], oci:DIR[:TAG], squashfs:FILE, erofs:FILE, or an imported image"
        case .memory: "memory ceiling, as 256MiB; reaching it ends the job"
        case .swap: "swap on top of that; default 0"
        case .pids: "ceiling of processes and threads"
        case .cpus: "bandwidth in cores, as 1.5"
        case .timeout: "wall time, as 30s or 500ms"
        case .cpuTime: "CPU time of all processes together"
        case .network: "none: loopback only; job:ID: a running job's; host: the machine's own"
        case .bind: "show a file or directory of the host in the job; read-only without :rw (repeatable)"
        case .tmpfs: "an empty directory in memory (repeatable)"
        case .env: "set a variable (repeatable); nothing else is inherited"
        case .inheritEnv: "copy a variable of the caller's (repeatable)"
        case .workdir: "where the job starts"
        case .hostname: "the host name that the job sees"
        case .user: "user and group inside the job, by number or by name in the image"
        case .label: "a label for the report (repeatable)"
        case .capture: "keep the output, head and tail, in the report; with =DIR in DIR/stdout and DIR/stderr"
        case .tty: "give the job a terminal of its own"
        case .files: "keep the paths that are opened, with the results"
        case .exec: "keep the programs that are executed, with the results"
        case .addresses: "keep the addresses that are connected to or bound, with the results"
        case .engine: "what counts the calls; default: ebpf where the host allows it; notification is seccomp-notify in reports"
        case .help: "print this"
        }
    }

    /// `--memory SIZE`
    var usage: String {
        switch argument {
        case .none: name
        case .required(let value): "\(name) \(value)"
        case .optional(let value): "\(name)[=\(value)]"
        }
    }

    static func helpText(_ command: Command) -> String {
        let options = taken(by: command)
        let width = options.map { $0.usage.utf8.count }.max() ?? 0
        let lines = options.map { option in "  " + option.usage + String(repeating: " ", count: width + 2 - option.usage.utf8.count) + option.help }
        let summary =
            switch command {
            case .run: "Run a program under a policy and report on it."
            case .audit:
                """
                Run a program with the policy's other protections, count its system calls instead of refusing them, and say what the policy would have said.
                The table goes to standard error, all of it into the report (syscalls). A few calls that would change what the job is confined by, or the
                machine, are refused as the policy says.
                """
            }
        return """
            \(summary)

            Usage: brig \(command.rawValue) [options] [-- PROGRAM [ARGUMENT...]]

            Without a program the image's own entrypoint and command are run.

            \(lines.joined(separator: "\n"))

            Options that name a limit or a field replace that field of the policy, and the report says so.

            Exit status: the job's own; 128+N for signal N; 137 at the memory ceiling; 124 at a time limit; 125 where brig could not run the
            job; 126 not executable; 127 not found. A line on standard error says why whenever it is not the job's own status.

            """
    }
}
