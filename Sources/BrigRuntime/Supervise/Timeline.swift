internal import BrigReport

/// What a job used over time: at most `capacity` samples, further apart the longer it runs.
struct Timeline {
    static let firstIntervalNanos: UInt64 = 100_000_000
    static let capacity = 120

    private(set) var samples: [JobReport.Sample] = []
    /// Ticks between two samples that are kept.
    private var stride = 1
    private var ticks = 0

    mutating func tick(_ sample: () -> JobReport.Sample) {
        ticks += 1
        guard ticks % stride == 0 else { return }
        if samples.count == Self.capacity {
            // Every other one goes, and from now on every other tick is kept.
            samples = samples.enumerated().filter { $0.offset % 2 == 1 }.map(\.element)
            stride *= 2
            guard ticks % stride == 0 else { return }
        }
        samples.append(sample())
    }
}
