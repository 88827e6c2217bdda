/// Names of the signals 1 to 31, by number, as on every architecture that brig runs on (linux: arch/x86 and asm-generic signal.h).
private let standardSignals = [
    "SIGHUP", "SIGINT", "SIGQUIT", "SIGILL", "SIGTRAP", "SIGABRT", "SIGBUS", "SIGFPE", "SIGKILL", "SIGUSR1", "SIGSEGV", "SIGUSR2", "SIGPIPE", "SIGALRM", "SIGTERM", "SIGSTKFLT",
    "SIGCHLD", "SIGCONT", "SIGSTOP", "SIGTSTP", "SIGTTIN", "SIGTTOU", "SIGURG", "SIGXCPU", "SIGXFSZ", "SIGVTALRM", "SIGPROF", "SIGWINCH", "SIGIO", "SIGPWR", "SIGSYS",
]

/// The first real-time signal that the C library leaves to programs, and the last one of the kernel.
private let realtimeSignals: ClosedRange<Int32> = 34...64

/// A signal's name (`SIGSEGV`, `SIGRTMIN+3`), or `signal N` where it has none.
public func signalName(_ number: Int32) -> String {
    if (1...31).contains(number) { return standardSignals[Int(number) - 1] }
    if number == realtimeSignals.lowerBound { return "SIGRTMIN" }
    if realtimeSignals.contains(number) { return "SIGRTMIN+\(number - realtimeSignals.lowerBound)" }
    return "signal \(number)"
}

/// The number of a signal's name as ``signalName(_:)`` gives it; nil for any other text.
public func signalNumber(_ name: String) -> Int32? {
    if let index = standardSignals.firstIndex(of: name) { return Int32(index) + 1 }
    return realtimeSignals.first { signalName($0) == name } ?? [32, 33].first { signalName($0) == name }
}
