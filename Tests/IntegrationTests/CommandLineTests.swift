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
}
