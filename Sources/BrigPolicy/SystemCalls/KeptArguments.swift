internal import CBrigPolicies
internal import Glibc

/// Arguments by which a policy can hold a call tighter than by its name, and the names of their values.
public enum KeptArguments {
    /// One argument of one call.
    public struct Argument: Sendable, Equatable {
        public let call: String
        /// 0 to 5
        public let index: Int
        /// `socket family`
        public let what: String
        let naming: Naming
    }

    enum Naming: Sendable, Equatable {
        /// The one constant with a prefix that has the value.
        case value([String])
        /// Constants with a prefix, one for each bit.
        case flags(String)
        /// Access mode and flags of open(2).
        case opening
        /// A type and flags of socket(2).
        case socketType
        case number
    }

    /// All of them, in the order in which a report tells them.
    public static let all: [Argument] = [
        Argument(call: "socket", index: 0, what: "socket family", naming: .value(["AF_"])),
        Argument(call: "socket", index: 1, what: "socket type", naming: .socketType),
        Argument(call: "socket", index: 2, what: "socket protocol", naming: .number),
        Argument(call: "socketpair", index: 0, what: "socket family", naming: .value(["AF_"])),
        Argument(call: "clone", index: 0, what: "clone flags", naming: .flags("CLONE_")),
        Argument(call: "unshare", index: 0, what: "unshare flags", naming: .flags("CLONE_")),
        Argument(call: "ioctl", index: 1, what: "ioctl request", naming: .value(["TIOC", "TC", "FIO", "FICLONE"])),
        Argument(call: "open", index: 1, what: "open flags", naming: .opening),
        Argument(call: "openat", index: 2, what: "open flags", naming: .opening),
        Argument(call: "prctl", index: 0, what: "prctl option", naming: .value(["PR_"])),
        Argument(call: "personality", index: 0, what: "personality", naming: .value(["PER_", "UNAME26"])),
    ]

    /// What an argument is called: that of the table, or its place.
    public static func what(_ call: String, _ index: Int) -> String { argument(call, index)?.what ?? "argument \(index)" }

    /// The name of a value, as a policy writes it; nil for one without a name.
    public static func name(of value: UInt64, _ call: String, _ index: Int) -> String? {
        switch argument(call, index)?.naming {
        case .value(let prefixes): constant(value, prefixes)
        case .flags(let prefix):
            // The low byte of clone's flags is the signal at its end.
            flags(call == "clone" ? value & ~0xff : value, prefix)
        case .opening: opening(value)
        case .socketType: socketType(value)
        case .number, nil: nil
        }
    }

    private static func argument(_ call: String, _ index: Int) -> Argument? { all.first { $0.call == call && $0.index == index } }

    private static func constants(_ prefix: String) -> [(name: String, value: UInt64)] {
        (0..<brig_constant_count).compactMap { index in
            guard let constant = unsafe brig_constant_at(index) else { return nil }
            let name = unsafe String(cString: constant.pointee.name)
            return name.hasPrefix(prefix) ? (name, unsafe constant.pointee.value) : nil
        }
    }

    private static func constant(_ value: UInt64, _ prefixes: [String]) -> String? {
        for prefix in prefixes {
            if let found = constants(prefix).first(where: { $0.value == value }) { return found.name }
        }
        return nil
    }

    /// Nil where a bit has no name.
    private static func flags(_ value: UInt64, _ prefix: String) -> String? {
        if value == 0 { return "0" }
        var rest = value
        var names: [String] = []
        for (name, bits) in constants(prefix) where bits.nonzeroBitCount == 1 && rest & bits != 0 {
            names.append(name)
            rest &= ~bits
        }
        return rest == 0 ? names.joined(separator: "|") : nil
    }

    private static func socketType(_ value: UInt64) -> String? {
        // SOCK_TYPE_MASK of linux/net.h: above the type are flags.
        guard let type = constant(value & 0xf, ["SOCK_"]) else { return nil }
        return value & ~0xf == 0 ? type : flags(value & ~0xf, "SOCK_").map { "\(type)|\($0)" }
    }

    private static func opening(_ value: UInt64) -> String? {
        let modes = ["O_RDONLY", "O_WRONLY", "O_RDWR"]
        guard value & 3 < 3 else { return nil }
        var rest = value & ~3
        var names = [modes[Int(value & 3)]]
        let aliases: Set = ["O_NDELAY", "O_FSYNC", "O_RSYNC"]
        // Flags of several bits contain others: O_TMPFILE has O_DIRECTORY's, O_SYNC O_DSYNC's. O_LARGEFILE is set by the C library of some machines.
        for (name, bits) in constants("O_").sorted(by: { $0.value.nonzeroBitCount > $1.value.nonzeroBitCount }) where bits > 3 && rest & bits == bits && !aliases.contains(name) {
            names.append(name)
            rest &= ~bits
        }
        return rest == 0 ? names.joined(separator: "|") : nil
    }
}
