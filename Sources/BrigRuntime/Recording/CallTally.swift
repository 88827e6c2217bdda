internal import BrigPlan
internal import BrigSystem
internal import BrigTracing
internal import CBrigLinux

/// Counts of calls that the listener was asked about. Memory does not grow with what the job does.
struct CallTally {
    /// Distinct calls that are no native ones below 512, and distinct sets of arguments.
    static let otherCapacity = 1024
    static let argumentCapacity = 4096

    let selection: ArgumentSelection
    /// By number.
    private var native = [UInt64](repeating: 0, count: ArgumentSelection.callCount)
    /// Calls that run whatever their arguments: of those that keep none, the loop that answers them needs to know no more.
    private let goesOn: [Bool]
    private var service: NotificationService?
    private var recorded = RecordedCalls()

    /// - Parameter verdicts: what the filter answers
    init(_ selection: ArgumentSelection, _ verdicts: SeccompVerdicts) {
        self.selection = selection
        var asked = Set(OwnFilters.calls(.native).map(\.number))
        verdicts.forEachCondition { number, _, _ in asked.insert(number) }
        goesOn = (0..<UInt32(ArgumentSelection.callCount)).map { number in
            !asked.contains(number) && verdicts.verdict(architecture: SeccompABI.native.auditArchitecture, number: number, arguments: .init(repeating: 0)).runs
        }
    }

    /// Lets calls go on, counting them, until one comes that must be looked at, `others` can be read, or no task is left that could call.
    mutating func serve(listener: Int32, others: Int32, _ notification: inout seccomp_notif) throws(SystemError) -> NotificationService.Result {
        if let service { return try service.serve(&notification) }
        let plain = goesOn.indices.map { goesOn[$0] && !selection.isKept(UInt32($0)) }
        let service = try NotificationService(listener: listener, others: others, goesOn: plain, kept: selection)
        self.service = service
        return try service.serve(&notification)
    }

    /// - Parameter isWithheld: refused by the supervisor, whatever the verdict over its arguments
    mutating func add(isNative: Bool, number: UInt32, arguments: SeccompVerdicts.Arguments, runs: Bool, isWithheld: Bool) {
        guard isNative, number < ArgumentSelection.callCount else {
            let call = RecordedCalls.Call(interface: isNative ? .native : .compatible, number: number)
            if recorded.calls[call] != nil || recorded.calls.count < Self.otherCapacity { recorded.calls[call, default: 0] += 1 } else { recorded.uncountedCalls += 1 }
            return
        }
        native[Int(number)] += 1
        if isWithheld {
            recorded.uncountedRefusals[number, default: 0] += 1
            return
        }
        guard selection.isKept(number) else { return }
        let tuple = RecordedCalls.ArgumentTuple(number: number, values: selection.kept((0..<6).map { arguments[$0] }, of: number))
        if recorded.arguments[tuple] != nil || recorded.arguments.count < Self.argumentCapacity {
            recorded.arguments[tuple, default: 0] += 1
            if goesOn[Int(number)] { service?.letGoOn(number, tuple.values) }
        } else {
            recorded.uncountedArguments += 1
            if !runs { recorded.uncountedRefusals[number, default: 0] += 1 }
        }
    }

    func finish() -> RecordedCalls {
        var recorded = recorded
        service?.add(to: &recorded)
        for (number, count) in native.enumerated() where count > 0 { recorded.calls[.init(interface: .native, number: UInt32(number)), default: 0] += count }
        if recorded.uncountedCalls > 0 { recorded.gaps.append("\(recorded.uncountedCalls) calls with numbers that no call has were too many to tell apart") }
        return recorded
    }
}
