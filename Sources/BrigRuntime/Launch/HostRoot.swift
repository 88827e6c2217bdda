internal import BrigPlan
internal import BrigSystem
internal import Glibc

/// What the machine's own root has that a job's root is made of.
enum HostRoot {
    /// Directories and links of "/", by name. Files there (kernels, swap) are not for jobs.
    static func entries() throws(SystemError) -> [RootSource.HostEntry] {
        let root = try FileDescriptor.open("/", [.read, .directory])
        var entries: [RootSource.HostEntry] = []
        for name in try directoryEntries(root, subject: "/").sorted() {
            let status = try linkStatus(name, in: root.number)
            switch status.kind {
            case .directory: entries.append(RootSource.HostEntry(name: name, kind: .directory))
            case .symbolicLink: entries.append(RootSource.HostEntry(name: name, kind: .symbolicLink(try readLink(name, in: root.number))))
            case .regular, .socket, .other: continue
            }
        }
        return entries
    }

    /// Homes of people: of user 0 and of users from 1000 up in /etc/passwd, and the caller's own. Those of services are not: theirs are the places of
    /// programs and data that all may read.
    static func homes() throws(SystemError) -> [String] { homes(accounts: try accounts(), own: Host.environment("HOME")) }

    static func homes(accounts: String, own: String?) -> [String] {
        var homes: Set<String> = []
        for line in accounts.split(separator: "\n") {
            let fields = line.split(separator: ":", omittingEmptySubsequences: false)
            guard fields.count >= 6, let user = UInt32(fields[2]), user == 0 || user >= 1000 else { continue }
            homes.insert(normal(String(fields[5])))
        }
        if let own { homes.insert(normal(own)) }
        return homes.filter { !holdsPrograms($0) }.sorted()
    }

    private static func accounts() throws(SystemError) -> String {
        do throws(SystemError) {
            return try readText("/etc/passwd", limit: Accounts.maximumSize)
        } catch  where error.errno == 2 {
            return ""  // a machine without accounts
        }
    }

    /// A path without empty parts and a slash at its end; the empty text where it is relative or leads upwards.
    private static func normal(_ path: String) -> String {
        let parts = path.split(separator: "/")
        return path.hasPrefix("/") && !parts.contains("..") ? parts.filter { $0 != "." }.reduce(into: "") { $0 += "/\($1)" } : ""
    }

    /// "/" and the directories that a machine's programs are in, which some accounts have for a home.
    private static func holdsPrograms(_ path: String) -> Bool {
        let shared = ["bin", "boot", "etc", "lib", "lib32", "lib64", "libx32", "opt", "sbin", "srv", "usr", "var", "mnt", "media"]
        let parts = path.split(separator: "/")
        guard let first = parts.first else { return true }
        if parts.count == 1 { return shared.contains(String(first)) }
        return parts.count == 2 && first == "usr"
    }

    /// Paths of sockets that programs of this network namespace have bound (/proc/net/unix): a read-only mount does not keep anybody from
    /// connecting to one.
    static func sockets() throws(SystemError) -> [String] {
        var paths: Set<String> = []
        for line in try readText("/proc/net/unix", limit: 16 << 20).split(separator: "\n").dropFirst() {
            // Num RefCount Protocol Flags Type St Inode Path
            let fields = line.split(separator: " ", maxSplits: 7)
            if fields.count == 8, fields[7].hasPrefix("/") { paths.insert(String(fields[7])) }
        }
        return paths.sorted()
    }

    /// The file that /etc/resolv.conf leads to; nil where it leads to none.
    static func resolver() -> String? {
        guard let real = unsafe realpath("/etc/resolv.conf", nil) else { return nil }
        defer { unsafe free(real) }
        return unsafe String(cString: real)
    }

    /// Which of some paths an image directory does not have, each resolved within it.
    static func missing(_ paths: [String], in directory: String) -> [String] {
        do {
            let root = try FileDescriptor.open(directory, [.path, .directory])
            return paths.filter { path in
                do {
                    _ = try FileDescriptor.open(path, .path, in: root.number, resolve: [.inRoot, .noMagicLinks])
                    return false
                } catch {
                    return true
                }
            }
        } catch {
            return paths
        }
    }
}
