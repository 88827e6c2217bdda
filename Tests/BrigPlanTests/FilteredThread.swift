import BrigPlan
import Glibc
import Synchronization

/// A thread that installs a filter for itself, makes calls under it, and ends. The rest of the process stays as it is.
///
/// The filter has to allow what ends a thread.
final class FilteredThread: Sendable {
    /// A call to be made: its number and its arguments, zero where not given.
    struct Attempt: Sendable {
        let number: UInt32
        let arguments: [UInt64]

        init(_ number: UInt32, _ arguments: UInt64...) {
            self.number = number
            self.arguments = arguments
        }
    }

    private let filter: SeccompFilter
    private let attempts: [Attempt]
    private let state = Mutex(State())

    struct State: Sendable {
        /// Of seccomp(2), or its error as -errno.
        var installation: Int?
        var nanoseconds: UInt64 = 0
        /// What each call returned, or -errno.
        var results: [Int] = []
    }

    private init(_ filter: SeccompFilter, _ attempts: [Attempt]) {
        self.filter = filter
        self.attempts = attempts
    }

    /// - Parameter supervise: given the listener's descriptor while the thread runs, where the filter has one.
    static func run(_ filter: SeccompFilter, _ attempts: [Attempt], supervise: ((Int32) -> Void)? = nil) -> State {
        let job = FilteredThread(filter, attempts)
        var thread = pthread_t()
        let context = unsafe Unmanaged.passRetained(job).toOpaque()
        let error = unsafe pthread_create(
            &thread, nil,
            { context in
                if let context = unsafe context { unsafe Unmanaged<FilteredThread>.fromOpaque(context).takeRetainedValue().body() }
                return nil
            }, context)
        precondition(error == 0, "pthread_create: \(error)")
        if let supervise {
            while job.state.withLock({ $0.installation == nil }) { usleep(100) }
            let listener = Int32(job.state.withLock { $0.installation } ?? -1)
            if listener >= 0 {
                supervise(listener)
                close(listener)
            }
        }
        pthread_join(thread, nil)
        return job.state.withLock { $0 }
    }

    private func body() {
        let start = ContinuousClock.now
        let installation = install()
        let time = ContinuousClock.now - start
        state.withLock {
            $0.installation = installation
            $0.nanoseconds = UInt64(time / .nanoseconds(1))
        }
        if installation < 0 { return }
        let results = attempts.map { attempt in
            let arguments = attempt.arguments + [UInt64](repeating: 0, count: 6 - attempt.arguments.count)
            return RawCall.make(attempt.number, arguments)
        }
        state.withLock { $0.results = results }
    }

    private func install() -> Int {
        let noNewPrivileges = RawCall.make(RawCall.prctl, [38, 1, 0, 0, 0, 0])
        if noNewPrivileges != 0 { return noNewPrivileges }
        // struct sock_fprog: a count of 16 bits, and the address after padding.
        return unsafe filter.instructions.withUnsafeBytes { program in
            let address = UInt64(UInt(bitPattern: program.baseAddress))
            let description: [UInt64] = [UInt64(filter.instructions.count), address]
            return unsafe description.withUnsafeBytes { bytes in
                let listening: UInt64 = filter.needsListener ? 1 << 3 : 0
                return RawCall.make(RawCall.seccomp, [1, listening, UInt64(UInt(bitPattern: bytes.baseAddress)), 0, 0, 0])
            }
        }
    }
}

/// syscall(2), which Swift does not import for its variable arguments. All six are passed in registers all the same.
enum RawCall {
    // The machine's numbers (Swift does not import SYS_… either).
    #if arch(x86_64)
    static let ioctl: UInt32 = 16, getppid: UInt32 = 110, getpgid: UInt32 = 121, getsid: UInt32 = 124, prctl: UInt32 = 157, seccomp: UInt32 = 317
    #else
    static let ioctl: UInt32 = 29, getppid: UInt32 = 173, getpgid: UInt32 = 155, getsid: UInt32 = 156, prctl: UInt32 = 167, seccomp: UInt32 = 277
    #endif

    private typealias Function = @convention(c) (Int, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64) -> Int

    private static let function: Function = {
        guard let symbol = unsafe dlsym(nil, "syscall") else { preconditionFailure("the C library has no syscall") }
        return unsafe unsafeBitCast(symbol, to: Function.self)
    }()

    /// What the call returns, or -errno.
    static func make(_ number: UInt32, _ arguments: [UInt64]) -> Int {
        let result = function(Int(number), arguments[0], arguments[1], arguments[2], arguments[3], arguments[4], arguments[5])
        return result == -1 ? -Int(errno) : result
    }
}
