internal import CBrigPolicies
internal import Glibc

/// Groups of system calls that a policy names with an at sign. Every known call is in at least one.
public enum SystemCallGroups {
    public struct Group: Sendable, Equatable {
        /// With the at sign: `@file-io`.
        public let name: String
        /// One sentence.
        public let summary: String
        /// Its bit in the table of calls.
        let mask: UInt32

        /// The calls in it that this machine's ABI has, by name.
        public var members: [SystemCallCatalog.Entry] { SystemCallCatalog.entries.filter { $0.groups & mask != 0 && $0.number != nil } }
    }

    /// All groups, from the everyday ones to those that no job needs.
    public static var all: [Group] {
        (0..<brig_system_call_group_count).compactMap { index in
            guard let group = unsafe brig_system_call_group_at(index) else { return nil }
            return unsafe Group(name: String(cString: group.pointee.name), summary: String(cString: group.pointee.summary), mask: 1 << UInt32(index))
        }
    }

    public static func named(_ name: String) -> Group? { all.first { $0.name == name } }

    /// Calls `body` with the number of every call of this machine's ABI that is in one of the groups of `mask`.
    static func forEachNumber(in mask: UInt32, _ body: (Int) -> Void) {
        for index in 0..<brig_system_call_count {
            guard let call = unsafe brig_system_call_at(index), unsafe call.pointee.groups & mask != 0 else { continue }
            let number = Int(unsafe brig_system_call_number(call))
            if number >= 0 { body(number) }
        }
    }

    /// The bit of a group; nil for an unknown name.
    static func mask(of name: String) -> UInt32? {
        for index in 0..<brig_system_call_group_count {
            if let group = unsafe brig_system_call_group_at(index), unsafe strcmp(group.pointee.name, name) == 0 { return 1 << UInt32(index) }
        }
        return nil
    }
}
