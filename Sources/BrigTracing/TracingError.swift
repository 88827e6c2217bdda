internal import BrigSystem

/// Why calls cannot be traced in the kernel on this host.
public struct TracingError: Error, Sendable, Equatable, CustomStringConvertible {
    public let description: String

    init(_ description: String) { self.description = description }

    init(_ error: SystemError) {
        description = error.errno == 1 ? "bpf(2) is not permitted here (it takes CAP_BPF and CAP_PERFMON in the first user namespace)" : error.description
    }
}
