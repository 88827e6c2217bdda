internal import BrigPlan
internal import BrigSystem
internal import CBrigCell
internal import Glibc

/// The child's stages in words, and what to do when one fails.
enum ChildStage {
    private static let names = [
        "clone", "cgroup", "wait", "identity", "keyring", "private", "root", "pivot", "loopback", "hostname", "terminal", "init", "stdio", "directory", "limits", "bounding", "ids",
        "capabilities", "apparmor", "no-new-privileges", "seccomp", "ready", "exec",
    ]

    static func name(_ stage: UInt32) -> String { Int(stage) < names.count ? names[Int(stage)] : "stage \(stage)" }

    /// The error that a message of the child tells of.
    static func error(_ message: brig_message, plan: LaunchPlan) -> LaunchError {
        let name = name(message.stage)
        let reason = "\(errnoText(message.error)) (\(errnoName(message.error)))"
        switch brig_stage(rawValue: message.stage) {
        case BRIG_STAGE_KEYRING:
            return LaunchError(name, "a session keyring of the job's own: \(reason)", errno: message.error, hint: message.error == EDQUOT ? "the account's keys are at their limit (/proc/key-users)" : nil)
        case BRIG_STAGE_ROOT:
            let step = Int(message.detail)
            let what = step < plan.root.steps.count ? plan.root.steps[step].summary : "scratch file system"
            return LaunchError(name, "\(what): \(reason)", errno: message.error, hint: rootHint(message.error))
        case BRIG_STAGE_STDIO:
            return LaunchError(name, "standard stream \(message.detail): \(reason)", errno: message.error, hint: message.detail == 0 ? StandardInput.hint : nil)
        case BRIG_STAGE_INIT where message.error == EAGAIN:
            return LaunchError(name, reason, errno: message.error, hint: "limits.pids must leave room for the job's init and its program: at least 2")
        case BRIG_STAGE_DIRECTORY:
            return LaunchError(name, "working directory \(plan.workingDirectory): \(reason)", errno: message.error, hint: "it must exist inside the job's root, and its user must be able to enter it")
        case BRIG_STAGE_LIMITS:
            let limit = plan.limits.first { $0.resource == message.detail }?.name ?? "limit"
            return LaunchError(name, "\(limit): \(reason)", errno: message.error, hint: "this account cannot raise the limit above its own hard limit (ulimit -H)")
        case BRIG_STAGE_APPARMOR:
            return LaunchError(
                name, "entering the profile (\(plan.appArmorCommand ?? "")): \(reason)", errno: message.error,
                hint: message.error == ENOENT ? "load it with brig apparmor load" : "what confines brig itself may forbid the change")
        case BRIG_STAGE_EXEC:
            return LaunchError(name, "\(plan.candidates.count == 1 ? plan.candidates[0] : plan.arguments[0]): \(reason)", errno: message.error, hint: execHint(message.error, plan))
        default: return LaunchError(name, reason, errno: message.error, hint: nil)
        }
    }

    private static func rootHint(_ error: Int32) -> String? {
        switch error {
        case ESTALE: "another file has taken its place since it was looked at"
        case ELOOP: "a symbolic link or magic link is in the way; it is not followed"
        case EROFS, ENOENT: "a mount's target must exist in the image, or the root be writable (\"writable\": \"scratch\")"
        case EPERM: "another mount hides part of it on this host, or the kernel forbids this file system in user namespaces"
        default: nil
        }
    }

    private static func execHint(_ error: Int32, _ plan: LaunchPlan) -> String? {
        switch error {
        case ENOENT where plan.candidates.count == 1: "it, or the interpreter that it names, is not in the job's root"
        case ENOENT: "not found along PATH inside the job's root: \(plan.candidates.joined(separator: ", "))"
        case EACCES: "the job's user may not execute it, or it lies on a mount without exec"
        case ENOEXEC: "it is no program and names no interpreter"
        default: nil
        }
    }
}
