internal import BrigPolicy
internal import CBrigLinux
internal import CSeccomp
internal import Glibc

/// What keeps a job's mounts as they were made.
///
/// They belong to the job's own user namespace. With CAP_SYS_ADMIN in it, a job that may also make the calls of mount(2) could make a read-only bind
/// writable, take a mask away, or look behind it in a clone of the mount below; the kernel locks mounts only against namespaces further down (mount_namespaces(7), "Restrictions on mount
/// namespaces"). So a job has one or the other.
enum MountLock {
    /// linux/capability.h
    private static let administration: UInt64 = 1 << 21

    /// open_tree_attr(2), newer than the headers; the same number in every ABI.
    private static let openTreeAttributes: Int32 = 467

    private static let calls = [__NR_mount, __NR_umount2, __NR_pivot_root, __NR_open_tree, __NR_move_mount, __NR_mount_setattr, __NR_fsconfig, openTreeAttributes].map { UInt32($0) }

    /// The calls by which the job could undo its mounts; empty where it cannot.
    static func openCalls(capabilities: UInt64, verdicts: SeccompVerdicts) -> [UInt32] {
        capabilities & administration == 0 ? [] : calls.filter { verdicts.mayAllow($0) }
    }
}

extension SeccompVerdicts {
    /// Whether there are arguments with which a call is let through.
    func mayAllow(_ number: UInt32) -> Bool {
        guard number < calls.count else { return false }
        let call = calls[Int(number)]
        return Self.letsThrough(call.otherwise) || call.rules.contains { Self.letsThrough(rules[order[$0]].action) }
    }

    private static func letsThrough(_ action: SystemCallPolicy.Action) -> Bool {
        switch action {
        case .allow, .log: true
        default: false
        }
    }
}
