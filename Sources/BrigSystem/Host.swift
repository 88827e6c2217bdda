internal import Glibc

/// What this machine and this account are.
public enum Host {
    /// Kernel release (`6.12.30`) and architecture (`x86_64`), as uname(2) tells.
    public static func kernel() -> (release: String, architecture: String) {
        var names = utsname()
        unsafe uname(&names)
        func text(_ bytes: UnsafeRawBufferPointer) -> String { unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self) }
        return unsafe (withUnsafeBytes(of: &names.release) { unsafe text($0) }, withUnsafeBytes(of: &names.machine) { unsafe text($0) })
    }

    public static var effectiveUser: UInt32 { geteuid() }
    public static var effectiveGroup: UInt32 { getegid() }
    public static var isRoot: Bool { geteuid() == 0 }

    /// The supplementary groups of this process.
    public static func supplementaryGroups() throws(SystemError) -> [UInt32] {
        let count = try check("getgroups") { getgroups(0, nil) }
        if count == 0 { return [] }
        var groups = [gid_t](repeating: 0, count: Int(count))
        let got = try check("getgroups") { unsafe getgroups(count, &groups) }
        return Array(groups.prefix(Int(got)))
    }

    /// A variable of the caller's environment.
    public static func environment(_ name: String) -> String? {
        guard let value = unsafe getenv(name) else { return nil }
        return unsafe String(cString: value)
    }
}
