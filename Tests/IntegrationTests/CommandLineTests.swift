import TestSupport
import Testing

/// What is said of a command line that is not brig's.
@Suite(.requires(.brig)) struct CommandLineTests {
    @Test func `options of other tools lead to those of brig, which it has`() throws {
        let help = try Command(Executables.brig, ["run", "--help"]).run().text
        let options = """
            -v --volume --mount -e -w -u -m --net --pids-limit -it -ti --interactive --rm --name --read-only --cap-add --cap-drop --privileged --security-opt --seccomp --apparmor --ro-bind \
            --bind-try --ro-bind-try --dev-bind --chdir --cwd --setenv --clearenv --die-with-parent --new-session --proc --dev --uid --gid --chroot --bindmount --bindmount_ro --keep_env \
            --full-env --time_limit --wall-time --time --mem --cg-mem --cgroup_mem_max --rlimit_as --processes --cgroup_pids_max --rlimit_nproc --meta --log --dir --config --stdin --stdout \
            --stderr --unshare-net --share-net
            """
        let known = help.split(whereSeparator: { " \n[".contains($0) })
        for option in options.split(separator: " ").map(String.init) {
            let outcome = try Command(Executables.brig, ["run", option, "value", "--", "/bin/true"]).run()
            #expect(outcome.exitCode == 125, "\(option): \(outcome)")
            let parts = outcome.errorText.split(separator: ":", maxSplits: 2)
            try #require(parts.count == 3 && parts[1] == " unknown option \(option)", "\(outcome.errorText)")
            for word in parts[2].split(whereSeparator: { " ,:;\n=".contains($0) }) where word.hasPrefix("--") && word != "--pdeathsig" {
                #expect(known.contains(word), "\(option) leads to \(word)")
            }
        }
    }

    @Test func `a misspelt option leads to the nearest`() throws {
        let outcome = try Command(Executables.brig, ["run", "--polcy", "strict", "--", "/bin/true"]).run()
        #expect(outcome.errorText.contains("unknown option --polcy (did you mean --policy?)"), "\(outcome.errorText)")
    }

    /// Where it went is a full disk, or closed.
    @Test(arguments: [("/dev/full", "ENOSPC"), ("&-", "EBADF")]) func `output that is lost is an error`(target: String, errno: String) throws {
        try Fixture.run { fixture in
            let commands = [
                "policy list", "policy groups", "policy show strict", "policy schema", "policy check default", "policy lint default", "policy explain strict", "policy explain strict fork",
                "policy explain strict --json", "policy diff default strict", "policy export strict", "image ls --store \(fixture.path("store"))", "jobs --json", "doctor --json", "apparmor show",
                "--help", "--version", "policy diff --help", "run --help", "help audit",
            ]
            for command in commands {
                let outcome = try Command("sh", ["-c", "\(Executables.brig) \(command) >\(target)"]).run()
                #expect(outcome.exitCode == 125 && outcome.errorText.contains("standard output") && outcome.errorText.contains(errno), "\(command): \(outcome.exitCode ?? -1) \(outcome.errorText)")
            }
        }
    }

    @Test(.requires(.seccompNotify), arguments: ["notification", "seccomp-notify"]) func `an engine goes by the name that reports give it, too`(name: String) throws {
        let outcome = try Executables.run(["audit", "--engine", name, "--", "true"])
        #expect(outcome.exitCode == 0 && outcome.errorText.contains("counted by seccomp-notify"), "\(outcome.errorText)")
    }

    @Test(arguments: [
        ("audi", "audi (did you mean audit?)"), ("policy fromreport x", "policy fromreport (did you mean from-report?)"), ("image lss", "image lss (did you mean ls?)"),
        ("image unpack-workr", "image unpack-workr; see brig image --help"), ("tracer atach", "tracer atach (did you mean attach?)"), ("nothing-like-it", "nothing-like-it; see brig --help"),
    ]) func `a misspelt command leads to the nearest`(words: String, said: String) throws {
        let outcome = try Executables.run(words.split(separator: " ").map(String.init))
        #expect(outcome.exitCode == 64 && outcome.errorText == "brig: unknown command \(said)\n", "\(outcome.errorText)")
    }
}
