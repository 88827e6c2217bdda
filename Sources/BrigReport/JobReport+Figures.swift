internal import BrigJSON

// The numbers of a report: times and resources.

extension JobReport.Times {
    var json: JSONValue {
        .fields(
            ("setupNanos", .figure(setupNanos)), ("wallNanos", .figure(wallNanos)), ("userNanos", .figure(userNanos)), ("systemNanos", .figure(systemNanos)),
            ("teardownNanos", .figure(teardownNanos)), ("source", .text(source)))
    }
}

extension JobReport.Resources {
    var json: JSONValue {
        .fields(
            ("memory", memory.json), ("cpu", cpu.json), ("pids", pids.json), ("io", io.json), ("pressure", pressure.json),
            ("faults", .fields(("minor", .figure(faults.minor)), ("major", .figure(faults.major)))),
            ("network", .fields(("receivedBytes", .figure(network.receivedBytes)), ("sentBytes", .figure(network.sentBytes)))),
            ("scratch", .fields(("bytes", .figure(scratch.bytes)), ("inodes", .figure(scratch.inodes)))), ("timeline", .array(timeline.map(\.json))))
    }
}

extension JobReport.Memory {
    var json: JSONValue {
        .fields(
            ("peakBytes", .figure(peakBytes)), ("limitBytes", .figure(limitBytes)), ("anonPeakBytes", .figure(anonPeakBytes)), ("oomKills", .figure(oomKills)),
            ("limitHits", .figure(limitHits)), ("swapPeakBytes", .figure(swapPeakBytes)), ("maxResidentBytes", .figure(maxResidentBytes)), ("source", .text(source)))
    }
}

extension JobReport.CPU {
    var json: JSONValue {
        .fields(
            ("throttledNanos", .figure(throttledNanos)), ("throttledPeriods", .figure(throttledPeriods)), ("voluntarySwitches", .figure(voluntarySwitches)),
            ("involuntarySwitches", .figure(involuntarySwitches)))
    }
}

extension JobReport.PIDs {
    var json: JSONValue { .fields(("peak", .figure(peak)), ("limit", .figure(limit)), ("limitHits", .figure(limitHits)), ("source", .text(source))) }
}

extension JobReport.IO {
    var json: JSONValue {
        .fields(
            ("readBytes", .figure(readBytes)), ("writtenBytes", .figure(writtenBytes)), ("readOperations", .figure(readOperations)), ("writeOperations", .figure(writeOperations)),
            ("source", .text(source)))
    }
}

extension JobReport.Pressure {
    var json: JSONValue {
        .fields(("memorySomeMicros", .figure(memorySomeMicros)), ("cpuSomeMicros", .figure(cpuSomeMicros)), ("ioSomeMicros", .figure(ioSomeMicros)))
    }
}

extension JobReport.Sample {
    var json: JSONValue {
        .fields(("atMillis", .figure(atMillis)), ("memoryBytes", .figure(memoryBytes)), ("cpuMillis", .figure(cpuMillis)), ("pids", .figure(pids)))
    }
}
