import BrigJSON
import BrigPlan
import BrigPolicy
import CSeccomp
import Glibc
import TestSupport

/// A seccomp profile as container engines load it: entry by entry into libseccomp, whose program is run by the tests' interpreter. Shares no line
/// with the reader and the compiler that it is held against.
enum LibraryFilter {
    /// - Parameter capabilities: names that the job retains
    static func program(_ profile: JSONValue, capabilities: Set<String>) throws -> [BPFInstruction] {
        let standard = try action(profile["defaultAction"], profile["defaultErrnoRet"])
        guard let context = unsafe seccomp_init(standard) else { throw FixtureError("seccomp_init") }
        defer { unsafe seccomp_release(context) }
        for entry in profile["syscalls"]?.array ?? [] where isActive(entry, capabilities) {
            let action = try action(entry["action"], entry["errnoRet"])
            if action == standard { continue }
            for name in (entry["names"]?.array ?? []).compactMap(\.string) {
                var number = unsafe seccomp_syscall_resolve_name(name)
                // The library may be older than the newest calls; their numbers are the same everywhere.
                if number == -1, let newer = SystemCallCatalog.entry(name)?.number { number = Int32(newer) }
                // Calls of other architectures have negative numbers.
                if number < 0 { continue }
                var comparisons = try (entry["args"]?.array ?? []).map(comparison)
                let result = unsafe seccomp_rule_add_array(context, action, number, UInt32(comparisons.count), &comparisons)
                guard result == 0 else { throw FixtureError("seccomp_rule_add: \(name): \(result)") }
            }
        }
        return try Fixture.run { fixture in
            let path = fixture.path("filter")
            let file = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
            defer { close(file) }
            guard unsafe seccomp_export_bpf(context, file) == 0 else { throw FixtureError("seccomp_export_bpf") }
            let bytes = try readFile(path)
            return stride(from: 0, to: bytes.count, by: 8).map { place in
                let constant = (4...7).reduce(UInt32(0)) { $0 | UInt32(bytes[place + $1]) << UInt32(8 * ($1 - 4)) }
                return BPFInstruction(UInt16(bytes[place]) | UInt16(bytes[place + 1]) << 8, k: constant, jumpTrue: bytes[place + 2], jumpFalse: bytes[place + 3])
            }
        }
    }

    private static func isActive(_ entry: JSONValue, _ capabilities: Set<String>) -> Bool {
        func words(_ side: String, _ name: String) -> [String] { (entry[side]?[name]?.array ?? []).compactMap(\.string) }
        let machine = SeccompABI.native == .x86_64 ? "amd64" : "arm64"
        if words("excludes", "arches").contains(machine) || words("excludes", "caps").contains(where: capabilities.contains) { return false }
        let machines = words("includes", "arches")
        // No kernel that brig runs on is older than what the default profiles ask for.
        return (machines.isEmpty || machines.contains(machine)) && words("includes", "caps").allSatisfy(capabilities.contains) && entry["excludes"]?["minKernel"] == nil
    }

    private static func action(_ name: JSONValue?, _ errno: JSONValue?) throws -> UInt32 {
        switch name?.string {
        case "SCMP_ACT_ALLOW": 0x7fff_0000
        case "SCMP_ACT_LOG": 0x7ffc_0000
        case "SCMP_ACT_KILL_PROCESS": 0x8000_0000
        case "SCMP_ACT_ERRNO": 0x0005_0000 | UInt32(errno?.integer ?? 1)
        default: throw FixtureError("unexpected action \(String(describing: name))")
        }
    }

    private static func comparison(_ value: JSONValue) throws -> scmp_arg_cmp {
        let operations = ["SCMP_CMP_NE", "SCMP_CMP_LT", "SCMP_CMP_LE", "SCMP_CMP_EQ", "SCMP_CMP_GE", "SCMP_CMP_GT", "SCMP_CMP_MASKED_EQ"]
        guard let index = operations.firstIndex(of: value["op"]?.string ?? "") else { throw FixtureError("unexpected comparison \(value)") }
        return scmp_arg_cmp(
            arg: UInt32(value["index"]?.integer ?? 9), op: scmp_compare(UInt32(index + 1)), datum_a: UInt64(value["value"]?.integer ?? 0),
            datum_b: UInt64(value["valueTwo"]?.integer ?? 0))
    }
}
