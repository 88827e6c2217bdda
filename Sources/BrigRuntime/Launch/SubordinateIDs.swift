internal import BrigPlan
internal import BrigSystem
internal import Glibc

/// Ranges of ids that the system's administrator gave to an account (subuid(5), subgid(5)), and the programs that may use them.
enum SubordinateIDs {
    /// The first range of the account with at least 65535 ids.
    static func range(file: String, user: UInt32) -> (first: UInt32, count: UInt32)? {
        guard let text = { () -> String? in do { return try readText(file) } catch { return nil } }() else { return nil }
        let owners = ["\(user)"] + (accountName(user).map { [$0] } ?? [])
        for line in text.split(separator: "\n") {
            let fields = line.split(separator: ":")
            guard fields.count == 3, owners.contains(String(fields[0])), let first = UInt32(fields[1]), let count = UInt32(fields[2]), count >= IDMap.size - 1 else { continue }
            return (first, count)
        }
        return nil
    }

    /// The account's name in the machine's passwd file.
    private static func accountName(_ user: UInt32) -> String? {
        guard let text = { () -> String? in do { return try readText("/etc/passwd") } catch { return nil } }() else { return nil }
        for line in text.split(separator: "\n") {
            let fields = line.split(separator: ":", omittingEmptySubsequences: false)
            if fields.count >= 3, fields[2] == "\(user)" { return String(fields[0]) }
        }
        return nil
    }

    /// The set-uid program that writes such a map, or nil where the package uidmap is not installed.
    static func program(_ name: String) -> String? {
        ["/usr/bin/\(name)", "/bin/\(name)", "/usr/local/bin/\(name)"].first { unsafe access($0, X_OK) == 0 }
    }

    /// Has newuidmap or newgidmap write a process's map.
    static func write(_ map: IDMap, with program: String, process: Int32) throws(LaunchError) {
        let words = [program, "\(process)"] + map.ranges.flatMap { ["\($0.inside)", "\($0.outside)", "\($0.count)"] }
        var arguments: [UnsafeMutablePointer<CChar>?] = unsafe words.map { unsafe strdup($0) } + [nil]
        defer { for index in unsafe arguments.indices { unsafe free(arguments[index]) } }
        var environment: [UnsafeMutablePointer<CChar>?] = unsafe [nil]
        var child: pid_t = 0
        let error = unsafe posix_spawn(&child, program, nil, nil, &arguments, &environment)
        if error != 0 { throw LaunchError("ids", SystemError("posix_spawn", program, errno: error)) }
        var status: Int32 = 0
        try inStage("ids") { () throws(SystemError) in try check("waitpid", program) { unsafe waitpid(child, &status, 0) } }
        if status != 0 {
            throw LaunchError("ids", "\(words.joined(separator: " ")) failed", hint: "the account's ranges in /etc/subuid and /etc/subgid must hold these ids")
        }
    }
}
