internal import BrigSystem

/// Where this host has its cgroup hierarchies, and where in them this process is (cgroups(7)).
struct CgroupMounts: Sendable, Equatable {
    struct Hierarchy: Sendable, Equatable {
        /// The mount point.
        let mountPoint: String
        /// The directory of this process's own cgroup.
        let own: String
    }

    /// Version 1 hierarchies by controller (`memory`, `pids`, `cpu`, `cpuacct`, `blkio`).
    private(set) var version1: [String: Hierarchy] = [:]
    /// The unified hierarchy.
    private(set) var version2: Hierarchy?

    /// That of this process.
    static func current() throws(SystemError) -> CgroupMounts {
        CgroupMounts(mountInfo: try readText("/proc/self/mountinfo"), membership: try readText("/proc/self/cgroup"))
    }

    /// - Parameters:
    ///   - mountInfo: as /proc/PID/mountinfo
    ///   - membership: as /proc/PID/cgroup
    init(mountInfo: String, membership: String) {
        // hierarchy-ID:controller,controller:path
        // A dozen of them at most: searched one by one.
        var paths: [(controller: Substring, path: Substring)] = []
        func path(_ controller: Substring) -> Substring? { paths.first { $0.controller == controller }?.path }
        for line in membership.split(separator: "\n") {
            let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard fields.count == 3 else { continue }
            if fields[1].isEmpty { paths.append(("", fields[2])) }
            for controller in fields[1].split(separator: ",") { paths.append((controller, fields[2])) }
        }
        for line in mountInfo.split(separator: "\n") {
            guard let separator = line.firstRange(ofWords: " - cgroup") else { continue }
            let fields = line[..<separator].split(separator: " ")
            let rest = line[separator...].dropFirst(3).split(separator: " ")
            guard fields.count >= 5, rest.count >= 3 else { continue }
            let (root, mountPoint) = (fields[3], Self.unescaped(fields[4]))
            if rest[0] == "cgroup2" {
                if version2 == nil, let path = path("") { version2 = Self.hierarchy(mountPoint, root, path) }
            } else if rest[0] == "cgroup" {
                for controller in rest[2].split(separator: ",") {
                    guard let path = path(controller), version1[String(controller)] == nil else { continue }
                    version1[String(controller)] = Self.hierarchy(mountPoint, root, path)
                }
            }
        }
    }

    /// Only what is below the mounted root can be reached; a process elsewhere counts as being at it.
    private static func hierarchy(_ mountPoint: String, _ root: Substring, _ path: Substring) -> Hierarchy {
        var below = path
        if root != "/" { below = path.hasPrefix(root) ? path.dropFirst(root.count) : "" }
        if path.hasPrefix("/..") { below = "" }
        while below.hasSuffix("/") { below.removeLast() }
        return Hierarchy(mountPoint: mountPoint, own: mountPoint + below)
    }

    /// Blanks in paths are written as `\040`.
    static func unescaped(_ text: Substring) -> String {
        guard text.utf8.contains(UInt8(ascii: "\\")) else { return String(text) }
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "\\"), rest.count >= 3, let code = UInt8(String(decoding: rest.prefix(3), as: UTF8.self), radix: 8) {
                bytes.append(code)
                rest = rest.dropFirst(3)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension Substring {
    /// Where `words` begins.
    func firstRange(ofWords words: String) -> Index? {
        let wanted = Array(words.utf8)
        let bytes = utf8
        var start = bytes.startIndex
        while start != bytes.endIndex {
            if bytes[start...].starts(with: wanted) { return start }
            start = bytes.index(after: start)
        }
        return nil
    }
}
