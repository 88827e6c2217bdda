internal import BrigSystem

extension PolicyDifference {
    /// A bound that is a number: a higher one allows more.
    mutating func compare(_ before: UInt64?, _ after: UInt64?, _ name: String, _ text: @autoclosure () -> String) {
        if before == after { return }
        add(after ?? .max > before ?? .max ? .more : .less, "limit", "\(name): \(text())")
    }

    private mutating func compare<Value>(_ before: Demand<Value>?, _ after: Demand<Value>?, _ name: String, _ number: (Value) -> UInt64, _ text: (Value) -> String) {
        func words(_ demand: Demand<Value>?) -> String { demand.map { text($0.value) } ?? "none" }
        compare(before.map { number($0.value) }, after.map { number($0.value) }, name, "\(words(after)) instead of \(words(before))")
        guard let before, let after, before.isRequired != after.isRequired else { return }
        add(before.isRequired ? .more : .less, "limit", "\(name): runs without it where the host cannot enforce it")
    }

    private mutating func compare<Value>(_ before: Value?, _ after: Value?, _ name: String, _ number: (Value) -> UInt64, _ text: (Value) -> String) {
        compare(before.map(number), after.map(number), name, "\(after.map(text) ?? "none") instead of \(before.map(text) ?? "none")")
    }

    mutating func limits(_ first: Policy.Limits, _ second: Policy.Limits) {
        let size: (ByteCount) -> String = { $0.description }
        let count: (UInt64) -> String = { String($0) }
        let time: (Duration) -> UInt64 = { UInt64(max(0, $0 / .milliseconds(1))) }
        compare(first.memory, second.memory, "memory", \.bytes, size)
        compare(first.swap, second.swap, "swap", \.bytes, size)
        compare(first.pids, second.pids, "pids", { $0 }, count)
        compare(first.milliCPUs, second.milliCPUs, "cpus", { $0 }, { "\(Double($0) / 1000)" })
        compare(first.cpuTime, second.cpuTime, "cpuTime", time, PolicyExplainer.text)
        compare(first.wallTime, second.wallTime, "wallTime", time, PolicyExplainer.text)
        compare(first.output, second.output, "output", \.bytes, size)
        compare(first.fileSize, second.fileSize, "fileSize", \.bytes, size)
        compare(first.openFiles, second.openFiles, "openFiles", { $0 }, count)
        compare(first.coreSize, second.coreSize, "coreSize", \.bytes, size)
        compare(first.stack, second.stack, "stack", \.bytes, size)
        compare(first.lockedMemory, second.lockedMemory, "lockedMemory", \.bytes, size)
        compare(first.realtimePriority, second.realtimePriority, "realtimePriority", { $0 }, count)
        if first.oomGroup != second.oomGroup { add(second.oomGroup ? .less : .more, "limit", "oomGroup: the job goes on after the memory ceiling") }
        if first.onOutput != second.onOutput { add(second.onOutput == .truncate ? .more : .less, "limit", "onOutput: the job goes on after too much output") }
        for limit in first.io where !second.io.contains(limit) { add(.more, "limit", "io: without a bound that the first has, or with another") }
        for limit in second.io where !first.io.contains(limit) { add(.less, "limit", "io: with a bound that the first has not, or with another") }
    }
}
