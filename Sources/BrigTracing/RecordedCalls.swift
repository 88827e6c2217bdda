/// The calls that a job made, however they were counted. All counts are exact; what did not fit is counted in the fields that say so.
public struct RecordedCalls: Sendable, Equatable {
    /// How a call came into the kernel.
    public enum Interface: Sendable, Hashable {
        case native
        /// The machine's 32-bit ABI.
        case compatible
    }

    public struct Call: Sendable, Hashable {
        public let interface: Interface
        /// As the program gave it, x32 ones with their bit.
        public let number: UInt32
        public init(interface: Interface, number: UInt32) {
            self.interface = interface
            self.number = number
        }
    }

    /// A native call with those of its arguments that are kept; the others are zero.
    public struct ArgumentTuple: Sendable, Hashable {
        public let number: UInt32
        /// Six.
        public let values: [UInt64]
        public init(number: UInt32, values: [UInt64]) {
            self.number = number
            self.values = values
        }
    }

    /// A path or address, what was asked with it and what came of it.
    public struct Observation: Sendable, Hashable {
        public enum Kind: UInt32, Sendable { case open = 1, execute, connect, bind }
        public let kind: Kind
        /// Of `open`: its flags.
        public let flags: UInt32
        /// 0 or an error number; nil where it is not known.
        public let result: Int32?
        /// The path without its NUL, or the address as given; nil where it could not be read.
        public let bytes: [UInt8]?
        public init(kind: Kind, flags: UInt32, result: Int32?, bytes: [UInt8]?) {
            self.kind = kind
            self.flags = flags
            self.result = result
            self.bytes = bytes
        }
    }

    public var calls: [Call: UInt64] = [:]
    /// Of these, those that the kernel's entry to system calls saw: they have run, whatever a filter would have said to them. Empty where nothing looked there.
    public var begun: [Call: UInt64] = [:]
    public var arguments: [ArgumentTuple: UInt64] = [:]
    public var observations: [Observation: UInt64] = [:]
    /// Calls that were of one more kind than fits.
    public var uncountedCalls: UInt64 = 0
    /// Calls whose arguments were one more distinct set than fits; they are in `calls`.
    public var uncountedArguments: UInt64 = 0
    /// By number: calls that were not let to run, where no kept arguments tell them from those that were.
    public var uncountedRefusals: [UInt32: UInt64] = [:]
    /// By kind: observations that were one more distinct one than fits.
    public var uncountedObservations: [Observation.Kind: UInt64] = [:]
    /// Why calls may be missing in `calls`, a sentence each.
    public var gaps: [String] = []

    public init() {}
}
