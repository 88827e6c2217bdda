/// Options of the field's tools that brig has under another name, or needs none for.
enum FamiliarOption {
    /// What to write instead of an unknown option; nil where no tool is known to have it.
    static func advice(on name: Substring) -> String? {
        switch name {
        // docker, podman; -m and -e mean something else to other tools
        case "-v", "--volume", "--mount": "brig has --bind SRC:DST[:rw] and --tmpfs DST[:SIZE]"
        case "-e": "a variable is set by --env K=V, and copied by --inherit-env NAME"
        case "-w": "brig has --workdir DIR"
        case "-u": "brig has --user U[:G]"
        case "-m": "brig has --memory SIZE"
        case "--net": "brig has --network none|host|job:ID"
        case "--pids-limit": "brig has --pids N"
        case "-it", "-ti", "--interactive": "standard input is the caller's; --tty gives a terminal"
        case "--rm": "nothing of a job stays: leave it out"
        case "--name": "brig has --label K=V; the report names the job by its id"
        case "--read-only": "an image's root stays as it is, whatever the job writes: leave it out"
        case "--cap-add", "--cap-drop", "--privileged": "what a job keeps is said by the policy's capabilities.retain"
        case "--security-opt", "--seccomp", "--apparmor": "a policy says this: see brig policy show default"
        // bubblewrap
        case "--ro-bind": "brig has --bind SRC:DST, which is read-only"
        case "--bind-try": "brig has --bind SRC:DST:rw, which needs its source"
        case "--ro-bind-try": "brig has --bind SRC:DST, which needs its source"
        case "--dev-bind": "a job has devices of its own in /dev; others cannot be shown to it"
        case "--chdir", "--cwd": "brig has --workdir DIR"
        case "--setenv": "brig has --env K=V"
        case "--clearenv": "no variable is inherited but by --inherit-env NAME: leave it out"
        case "--die-with-parent": "a job ends with brig; for brig to end with its caller, setpriv --pdeathsig KILL brig ..."
        case "--new-session", "--proc", "--dev": "every job has its own: leave it out"
        case "--uid", "--gid": "brig has --user U[:G]"
        // nsjail, isolate
        case "--chroot": "brig has --rootfs dir:PATH"
        case "--bindmount": "brig has --bind SRC:DST:rw"
        case "--bindmount_ro": "brig has --bind SRC:DST, which is read-only"
        case "--keep_env", "--full-env": "variables are copied one by one: --inherit-env NAME"
        case "--time_limit", "--wall-time": "brig has --timeout TIME"
        case "--time": "brig has --cpu-time TIME and, of the wall, --timeout TIME"
        case "--mem", "--cg-mem", "--cgroup_mem_max", "--rlimit_as": "brig has --memory SIZE"
        case "--processes", "--cgroup_pids_max", "--rlimit_nproc": "brig has --pids N"
        case "--meta", "--log": "brig has --report FILE|fd:N|-"
        case "--dir": "brig has --bind SRC:DST[:rw] and --tmpfs DST[:SIZE]"
        case "--config": "brig has --policy NAME|FILE"
        case "--stdin", "--stdout", "--stderr": "the job has the caller's: redirect them, or give --capture=DIR"
        default:
            name.hasPrefix("--unshare-") || name.hasPrefix("--share-") ? "every job has namespaces of its own, but for the network where the policy or --network says so" : nil
        }
    }
}
