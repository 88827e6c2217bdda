internal import BrigJSON
internal import BrigSystem

extension PolicyDecoder {
    /// The kernel's bound on process ids of a 64-bit machine (PID_MAX_LIMIT, linux/threads.h).
    private static let maximumPIDs: UInt64 = 4_194_304

    mutating func limits(_ value: JSONValue?) -> Policy.Limits {
        let section = section(value, Pointer("/limits"), known: PolicyFields.limits)
        return Policy.Limits(
            memory: demand(section, "memory") { $0.size($1, $2(), atLeast: 1 << 20) },
            swap: demand(section, "swap") { $0.size($1, $2()) } ?? Demand(ByteCount(0)),
            oomGroup: flag(section, "oomGroup", default: true),
            pids: section["pids"] == nil ? Demand(64) : demand(section, "pids") { $0.count($1, $2(), in: 1...Self.maximumPIDs) },
            milliCPUs: demand(section, "cpus") { $0.milliCPUs($1, $2()) },
            cpuTime: demand(section, "cpuTime") { $0.time($1, $2()) },
            wallTime: wallTime(section),
            output: size(section, "output", atMost: 1 << 30) ?? ByteCount(16 << 20),
            onOutput: choice(section, "onOutput", default: Policy.OutputResponse.truncate),
            fileSize: size(section, "fileSize"),
            openFiles: count(section, "openFiles", in: 3...1_048_576),
            coreSize: size(section, "coreSize") ?? ByteCount(0),
            stack: size(section, "stack", atLeast: 64 << 10),
            lockedMemory: size(section, "lockedMemory") ?? ByteCount(64 << 10),
            realtimePriority: count(section, "realtimePriority", in: 0...99) ?? 0,
            io: io(section))
    }

    private mutating func wallTime(_ section: Section) -> Duration? {
        guard let value = section["wallTime"] else { return .seconds(60) }
        // A service has no end; that must be written out.
        return value == "none" ? nil : time(value, "/limits/wallTime")
    }

    /// Cores as a number with at most three decimals, in thousandths.
    private mutating func milliCPUs(_ value: JSONValue, _ pointer: @autoclosure () -> String) -> UInt64? {
        let cores: Double
        switch value {
        case .integer(let number): cores = Double(number)
        case .double(let number): cores = number
        default: cores = -1
        }
        let thousandths = (cores * 1000).rounded()
        // The kernel takes no quota below a millisecond of a period of 100 ms at most: a hundredth of a core.
        guard 0.01...1024 ~= cores, abs(cores * 1000 - thousandths) < 1e-6 else {
            mismatch(pointer(), expected: "a number of cores from 0.01 to 1024 with at most three decimals", found: value)
            return nil
        }
        return UInt64(thousandths)
    }

    private mutating func io(_ limits: Section) -> [Policy.IOLimit] {
        var result: [Policy.IOLimit] = []
        for (index, element) in list(limits, "io").enumerated() {
            let section = section(element, Pointer("/limits/io/#", index), known: PolicyFields.io)
            var limit = Policy.IOLimit(target: .path("/"), isRequired: flag(section, "required", default: true))
            limit.readBytesPerSecond = size(section, "readBytesPerSecond", atLeast: 1)?.bytes
            limit.writeBytesPerSecond = size(section, "writeBytesPerSecond", atLeast: 1)?.bytes
            limit.readOperationsPerSecond = count(section, "readOperationsPerSecond", in: 1...UInt64(UInt32.max))
            limit.writeOperationsPerSecond = count(section, "writeOperationsPerSecond", in: 1...UInt64(UInt32.max))
            if section.members.allSatisfy({ ["device", "path", "required"].contains($0.name) }) {
                fail(section.pointer, "expected at least one of readBytesPerSecond, writeBytesPerSecond, readOperationsPerSecond, writeOperationsPerSecond")
            }
            guard let target = ioTarget(section) else { continue }
            limit.target = target
            if result.contains(where: { $0.target == target }) { fail(section.pointer, "an earlier entry is for the same device or path") }
            result.append(limit)
        }
        return result
    }

    private mutating func ioTarget(_ section: Section) -> Policy.IOLimit.Target? {
        guard (section["device"] == nil) != (section["path"] == nil) else {
            fail(section.pointer, "expected either \"device\" or \"path\"")
            return nil
        }
        guard let value = section["device"] else { return absolutePath(section, "path").map { .path($0) } }
        if case .string(let text) = value {
            let parts = text.split(separator: ":", omittingEmptySubsequences: false)
            // The kernel's device numbers have 12 and 20 bits (linux/kdev_t.h).
            if parts.count == 2, let major = UInt32(parts[0]), let minor = UInt32(parts[1]), major < 1 << 12, minor < 1 << 20 { return .device(major: major, minor: minor) }
        }
        mismatch(section.pointer(to: "device"), expected: "a device's \"MAJOR:MINOR\"", found: value)
        return nil
    }
}
