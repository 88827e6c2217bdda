internal import BrigSystem

extension PolicyExplainer {
    static func limits(_ limits: Policy.Limits) -> [String] {
        var lines: [String] = []
        if let memory = limits.memory {
            let end = limits.oomGroup ? "reaching it ends the job" : "reaching it ends one process"
            lines.append("Memory \(memory.value), swap \(limits.swap.value); \(end)\(note(memory.isRequired)).")
        } else {
            lines.append("No ceiling on memory.")
        }
        lines.append(limits.pids.map { "Processes and threads \($0.value)\(note($0.isRequired))." } ?? "No ceiling on processes.")
        if let cpus = limits.milliCPUs { lines.append("Cores \(decimal(cpus.value))\(note(cpus.isRequired)).") }
        if let time = limits.cpuTime { lines.append("Processor time \(text(time.value)) over all processes\(note(time.isRequired)).") }
        lines.append(limits.wallTime.map { "Real time \(text($0))." } ?? "No end in real time.")
        lines.append("Captured output \(limits.output) a stream; more \(limits.onOutput == .truncate ? "is counted and dropped from the middle" : "ends the job").")
        lines.append("Core dumps \(limits.coreSize), locked memory \(limits.lockedMemory), real-time priority \(limits.realtimePriority).")
        if let size = limits.fileSize { lines.append("Largest file \(size).") }
        if let files = limits.openFiles { lines.append("Open files of a process \(files).") }
        if let stack = limits.stack { lines.append("Stack \(stack).") }
        return lines + limits.io.map(io)
    }

    private static func note(_ isRequired: Bool) -> String { isRequired ? "" : ", where the machine can enforce it" }

    private static func io(_ limit: Policy.IOLimit) -> String {
        var parts: [String] = []
        if let bytes = limit.readBytesPerSecond { parts.append("reads \(ByteCount(bytes))/s") }
        if let bytes = limit.writeBytesPerSecond { parts.append("writes \(ByteCount(bytes))/s") }
        if let count = limit.readOperationsPerSecond { parts.append("\(count) reads/s") }
        if let count = limit.writeOperationsPerSecond { parts.append("\(count) writes/s") }
        return "\(target(limit.target)): \(parts.joined(separator: ", "))\(note(limit.isRequired))."
    }

    private static func target(_ target: Policy.IOLimit.Target) -> String {
        switch target {
        case .device(let major, let minor): "Device \(major):\(minor)"
        case .path(let path): "The device of \(path)"
        }
    }

    /// Thousandths as a decimal number without zeros at its end.
    static func decimal(_ thousandths: UInt64) -> String {
        if thousandths.isMultiple(of: 1000) { return String(thousandths / 1000) }
        var digits = String(thousandths % 1000 + 1000).dropFirst()
        while digits.hasSuffix("0") { digits.removeLast() }
        return "\(thousandths / 1000).\(digits)"
    }

    /// A time in the policy's own form, in the largest unit that holds it whole.
    static func text(_ time: Duration) -> String {
        let (seconds, attoseconds) = time.components
        let milliseconds = attoseconds / 1_000_000_000_000_000
        if milliseconds != 0 { return "\(seconds * 1000 + milliseconds)ms" }
        if seconds.isMultiple(of: 3600) { return "\(seconds / 3600)h" }
        if seconds.isMultiple(of: 60) { return "\(seconds / 60)min" }
        return "\(seconds)s"
    }
}
