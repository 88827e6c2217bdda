internal import CBrigLinux
internal import Glibc

extension ObservingPrograms.Target {
    /// The calls whose paths or addresses are kept. A thread of io_uring opens files without a call; brig's policies answer that it is not there.
    static func of(_ observed: CallTracer.Observed) -> [ObservingPrograms.Target] {
        var targets: [ObservingPrograms.Target] = []
        if observed.contains(.files) {
            targets += [
                .init(number: UInt32(__NR_openat), kind: .open, pointer: 1, flags: .argument(2), size: nil),
                .init(number: UInt32(__NR_openat2), kind: .open, pointer: 1, flags: .structure(2), size: nil),
            ]
            #if arch(x86_64)
            targets += [
                .init(number: UInt32(__NR_open), kind: .open, pointer: 0, flags: .argument(1), size: nil),
                .init(number: UInt32(__NR_creat), kind: .open, pointer: 0, flags: .constant(UInt32(O_CREAT | O_WRONLY | O_TRUNC)), size: nil),
            ]
            #endif
        }
        if observed.contains(.programs) {
            targets += [
                .init(number: UInt32(__NR_execve), kind: .execute, pointer: 0, flags: .none, size: nil),
                .init(number: UInt32(__NR_execveat), kind: .execute, pointer: 1, flags: .none, size: nil),
            ]
        }
        if observed.contains(.addresses) {
            targets += [
                .init(number: UInt32(__NR_connect), kind: .connect, pointer: 1, flags: .none, size: 2),
                .init(number: UInt32(__NR_bind), kind: .bind, pointer: 1, flags: .none, size: 2),
            ]
        }
        return targets
    }
}
