/// `syscalls` after validation: numbers instead of names, in the terms of this machine's own ABI.
///
/// For a call the verdict is: the most severe matching rule that denies; else allow if a rule that allows matches; else `defaultAction`. A call
/// through a foreign ABI (x32, i386) is never allowed. A number above `baseline` is answered ENOSYS, so that programs fall back as on an
/// older kernel.
public struct SystemCallPolicy: Sendable, Equatable {
    public internal(set) var defaultAction: Action
    /// In the order of the file; groups are expanded to one rule a call. At most one rule without conditions per number and verdict kind.
    public internal(set) var rules: [Rule]
    /// The highest system call number that the policy's author could have known.
    public internal(set) var baseline: UInt32
    public internal(set) var record: Record

    package init(defaultAction: Action, rules: [Rule], baseline: UInt32, record: Record) {
        self.defaultAction = defaultAction
        self.rules = rules
        self.baseline = baseline
        self.record = record
    }

    public enum Action: Sendable, Equatable, Hashable {
        case allow
        case errno(Int32)
        /// As on a kernel that does not have the call: ENOSYS, and no violation. For calls that programs try first and have a substitute for.
        case absent
        case kill
        /// Run it and have the kernel log it.
        case log
    }

    public enum Record: String, Sendable, CaseIterable { case denied, none, all }

    public struct Rule: Sendable, Equatable {
        /// The number in the machine's own ABI.
        public let number: UInt32
        public let action: Action
        /// All must hold. Empty: always.
        public let conditions: [Condition]

        public init(number: UInt32, action: Action, conditions: [Condition] = []) {
            self.number = number
            self.action = action
            self.conditions = conditions
        }
    }

    /// A comparison of one argument by value.
    public struct Condition: Sendable, Equatable {
        public enum Comparison: String, Sendable, CaseIterable { case equal, notEqual, less, lessOrEqual, greater, greaterOrEqual, maskedEqual }
        /// 0 to 5
        public let index: UInt8
        public let comparison: Comparison
        public let value: UInt64
        /// For `maskedEqual`: `argument & mask == value`. All ones otherwise.
        public let mask: UInt64
        /// The kernel reads only the low 32 bits of this argument (an `int` in its prototype), so only they are compared.
        public let isWord: Bool

        public init(index: UInt8, comparison: Comparison, value: UInt64, mask: UInt64 = .max, isWord: Bool) {
            self.index = index
            self.comparison = comparison
            self.value = value
            self.mask = mask
            self.isWord = isWord
        }
    }
}
