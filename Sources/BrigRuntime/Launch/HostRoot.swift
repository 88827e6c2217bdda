internal import BrigPlan
internal import BrigSystem

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
