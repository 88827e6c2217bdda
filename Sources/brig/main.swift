internal import ArgumentParser
internal import BrigSystem
internal import Glibc

let startedNanos = Clock.monotonicNanos()
// Before any other file is opened: it would take the free number, and be a job's stream.
guard holdStandardStreams() else { exit(125) }
// A caller that ignores it would have the kernel reap brig's children, with their status.
signal(SIGCHLD, SIG_DFL)
let words = Array(CommandLine.arguments.dropFirst())

// The launch path does not go through ArgumentParser, which would take longer than the launch.
if words.first == "run" { exit(Run.main(.run, Array(words.dropFirst()), startedNanos: startedNanos)) }
if words.first == "audit" { exit(Run.main(.audit, Array(words.dropFirst()), startedNanos: startedNanos)) }
// They are no subcommands of the parser, whose help would have nothing to say.
if words.first == "help", let name = words.dropFirst().first, let command = RunOption.Command(rawValue: name) {
    exit(Run.help(command))
}
if let fault = BrigCommand.fault(in: words) {
    Run.complain(fault)
    exit(64)
}
exit(BrigCommand.status(of: words))
