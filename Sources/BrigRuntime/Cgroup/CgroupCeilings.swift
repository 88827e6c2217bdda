/// What the kernel has as a job's ceilings now; nil, or nothing, where it has none or does not say.
struct CgroupCeilings: Equatable {
    /// Bytes.
    var memory: UInt64?
    /// Bytes, without memory.
    var swap: UInt64?
    var pids: UInt64?
    /// `quota period` in microseconds.
    var cpu: String?
    /// A disk each: `MAJOR:MINOR rbps=… wbps=… riops=… wiops=…`, as io.max has it.
    var io: [String] = []
}
