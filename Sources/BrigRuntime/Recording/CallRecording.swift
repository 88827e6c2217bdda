internal import BrigPlan
internal import BrigPolicy
internal import BrigReport
internal import BrigSystem
internal import BrigTracing
internal import CBrigLinux
internal import Glibc

/// Counts all calls of one job, by whichever engine the host allows.
///
/// With eBPF the calls that run are counted in the kernel and the others by the listener of the job's filter; else the listener is asked about all.
final class CallRecording {
    let engine: RecordingEngine
    private let tracer: CallTracer?
    private let audit: JobRequest.Audit?
    private(set) var selection = ArgumentSelection()
    private var gaps: [String] = []

    /// Nil where not all calls are recorded.
    static func make(_ request: JobRequest) throws(LaunchError) -> CallRecording? {
        guard request.audit != nil || request.policy.systemCalls.record == .all else { return nil }
        return try CallRecording(request.audit, hasInit: request.policy.process.hasInit)
    }

    private init(_ audit: JobRequest.Audit?, hasInit: Bool) throws(LaunchError) {
        self.audit = audit
        if audit?.engine == .notification {
            (engine, tracer) = (.notification, nil)
            try Self.refuseObservations(audit, because: nil)
            return
        }
        var observed: CallTracer.Observed = []
        if audit?.keepsFiles == true { observed.insert(.files) }
        if audit?.keepsPrograms == true { observed.insert(.programs) }
        if audit?.keepsAddresses == true { observed.insert(.addresses) }
        let tracer: CallTracer?
        do throws(TracingError) {
            tracer = try CallTracer(skipsInit: hasInit, observed: observed)
        } catch {
            if audit?.engine == .ebpf { throw LaunchError("recording", error.description, hint: "without --engine ebpf the calls are counted by notification") }
            try Self.refuseObservations(audit, because: error)
            tracer = nil
        }
        self.tracer = tracer
        engine = tracer == nil ? .notification : .ebpf
    }

    /// Notifications tell registers, not what they point to nor what came of a call.
    private static func refuseObservations(_ audit: JobRequest.Audit?, because obstacle: TracingError?) throws(LaunchError) {
        guard let audit, audit.keepsFiles || audit.keepsPrograms || audit.keepsAddresses else { return }
        throw LaunchError(
            "recording", "--files, --exec and --addresses need the engine ebpf" + (obstacle.map { ": \($0)" } ?? ""), hint: "run the audit as root, or without them")
    }

    /// Calls that run are counted in the kernel.
    var tracesAllowed: Bool { engine == .ebpf }

    /// Chooses the arguments that are kept: those that a policy can be tighter by, and those that this one compares.
    func select(_ plan: LaunchPlan) throws(LaunchError) {
        for argument in KeptArguments.all {
            guard let entry = SystemCallCatalog.entry(argument.call), let number = entry.number else { continue }
            selection.keep(argument.index, of: number, isWord: entry.argument(argument.index) == .word)
        }
        for verdicts in [plan.policyVerdicts, plan.verdicts] {
            verdicts.forEachCondition { number, index, isWord in selection.keep(index, of: number, isWord: isWord) }
        }
        guard let tracer else { return }
        do throws(TracingError) { try tracer.attach(selection) } catch { throw LaunchError("recording", error.description) }
    }

    /// Counts from now on.
    ///
    /// - Parameter isStopped: the job stands before its first instruction
    func start(namespace: UInt64, isStopped: Bool) throws(LaunchError) {
        if !isStopped { gaps.append("the job could not be stopped at its start, as another tracer is attached: its first calls may be missing") }
        guard let tracer else { return }
        do throws(TracingError) { try tracer.start(namespace: UInt32(truncatingIfNeeded: namespace)) } catch { throw LaunchError("recording", error.description) }
    }

    /// Everything counted. The job is gone.
    ///
    /// - Parameter listened: what the listener of the job's filter has counted
    func finish(_ listened: RecordedCalls) throws(LaunchError) -> RecordedCalls {
        var recorded = listened
        if let tracer {
            do throws(TracingError) {
                let traced = try tracer.finish()
                recorded.begun = traced.calls
                recorded.merge(traced)
            } catch {
                throw LaunchError("recording", error.description)
            }
        }
        recorded.gaps += gaps
        return recorded
    }

    var keepsFiles: Bool { audit?.keepsFiles == true }
    var keepsPrograms: Bool { audit?.keepsPrograms == true }
    var keepsAddresses: Bool { audit?.keepsAddresses == true }
}

extension RecordedCalls {
    fileprivate mutating func merge(_ other: RecordedCalls) {
        calls.merge(other.calls, uniquingKeysWith: +)
        arguments.merge(other.arguments, uniquingKeysWith: +)
        observations.merge(other.observations, uniquingKeysWith: +)
        uncountedObservations.merge(other.uncountedObservations, uniquingKeysWith: +)
        uncountedCalls += other.uncountedCalls
        uncountedArguments += other.uncountedArguments
        uncountedRefusals.merge(other.uncountedRefusals, uniquingKeysWith: +)
        gaps += other.gaps
    }
}
