/// Calls by which a job installs filters of its own. What such a filter refuses never reaches the policy's: the strictest answer wins, and one that asks nobody is stricter than one that
/// asks the supervisor (seccomp(2)). So these calls are asked about even where they are allowed, and a report is not complete any more once one was made.
public enum OwnFilters {
    /// seccomp and prctl.
    public static func calls(_ abi: SeccompABI) -> [UInt32] { abi == .x86_64 ? [317, 157] : [277, 167] }

    /// Whether such a call is for a filter: seccomp with SECCOMP_SET_MODE_FILTER or prctl with PR_SET_SECCOMP. The others of its kind change nothing.
    public static func isInstalled(by number: UInt32, first argument: UInt64, _ abi: SeccompABI) -> Bool {
        let operation = UInt32(truncatingIfNeeded: argument)
        return number == calls(abi)[0] ? operation == 1 : number == calls(abi)[1] && operation == 22
    }
}
