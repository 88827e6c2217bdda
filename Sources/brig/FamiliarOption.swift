/// Options of the field's tools that brig has under another name, or needs none for.
enum FamiliarOption {
    /// What to write instead of an unknown option; nil where no tool is known to have it.
    static func advice(on name: Substring) -> String? {
        switch name {
        // docker, podman, nerdctl
        case "-v", "--volume", "--mount", "-R", "-B", "--bindmount", "--bindmount_ro": "brig has --bind SRC:DST[:rw]"
        case "-e": "brig has --env K=V"
        case "-w": "brig has --workdir DIR"
        case "-u": "brig has --user U[:G]"
        case "-m": "brig has --memory SIZE"
        case "--net": "brig has --network none|host|job:ID"
        case "--pids-limit": "brig has --pids N"
        case "-i", "-t", "-it", "-ti", "--interactive": "standard input is the caller's; --tty gives a terminal"
        case "--rm": "nothing of a job stays: leave it out"
        case "--name": "brig has --label K=V; the report names the job by its id"
        case "--read-only": "an image's root stays as it is, whatever the job writes: leave it out"
        case "--cap-add", "--cap-drop", "--security-opt", "--privileged", "--seccomp", "--seccomp-bpf-file", "--apparmor": "a policy says this: see brig policy show default"
        // bubblewrap, firejail
        case "--ro-bind", "--dev-bind", "--bind-try", "--ro-bind-try": "brig has --bind SRC:DST, read-only unless :rw is added"
        case "--chdir", "--cwd": "brig has --workdir DIR"
        case "--setenv", "--keep-env": "brig has --env K=V and --inherit-env NAME"
        case "--clearenv": "no variable is inherited but by --inherit-env NAME: leave it out"
        case "--die-with-parent", "--kill-on-exit": "a job ends with brig always: leave it out"
        case "--new-session", "--proc", "--dev": "every job has its own: leave it out"
        case "--uid", "--gid": "brig has --user U[:G]"
        case "--chroot": "brig has --rootfs dir:PATH"
        // nsjail, isolate, minijail, systemd-run
        case "--time_limit", "--wall-time", "--time-limit": "brig has --timeout TIME"
        case "--time": "brig has --cpu-time TIME and, of the wall, --timeout TIME"
        case "--mem", "--cg-mem", "--memory-limit", "--cgroup_mem_max", "--rlimit_as": "brig has --memory SIZE"
        case "--processes", "--cgroup_pids_max", "--rlimit_nproc": "brig has --pids N"
        case "--meta", "--log", "--logfile": "brig has --report FILE|fd:N|-"
        case "--dir": "brig has --bind SRC:DST[:rw] and --tmpfs DST[:SIZE]"
        case "--config": "brig has --policy NAME|FILE"
        case "--stdin", "--stdout", "--stderr": "the job has the caller's: redirect them, or give --capture=DIR"
        default: name.hasPrefix("--unshare-") || name.hasPrefix("--share-") ? "every job has namespaces of its own; --network host shares the network" : nil
        }
    }
}
