internal import BrigPlan
internal import BrigPolicy
internal import BrigReport
internal import BrigRuntime
internal import BrigSystem
internal import Glibc

/// `brig run` and `brig audit`: from the command line to the exit status.
enum Run {
    /// - Parameters:
    ///   - words: what follows the command's name
    ///   - startedNanos: CLOCK_MONOTONIC at the start of this process
    static func main(_ command: RunOption.Command, _ words: [String], startedNanos: UInt64) -> Int32 {
        // A reader of standard output that goes away must not take the report with it.
        signal(SIGPIPE, SIG_IGN)
        // A limit of the caller's on files is an error where it is met, not brig's end.
        signal(SIGXFSZ, SIG_IGN)
        let arguments: RunArguments
        do {
            arguments = try RunArguments(words, command)
        } catch {
            complain("\(error)")
            return ExitStatus.failure.code
        }
        if arguments.wantsHelp { return help(command) }
        return run(command, arguments, startedNanos)
    }

    /// Prints what `--help` asks for, and gives the exit status.
    static func help(_ command: RunOption.Command) -> Int32 {
        do throws(OutputError) {
            try printBytes(Array(RunOption.helpText(command).utf8))
            return 0
        } catch {
            complain(error.description)
            return ExitStatus.failure.code
        }
    }

    private static func run(_ command: RunOption.Command, _ arguments: RunArguments, _ startedNanos: UInt64) -> Int32 {
        let build = JobReport.Build(version: Build.version, commit: Build.commit)
        var writer: ReportWriter?
        if let target = arguments.report {
            do {
                writer = try ReportWriter(target)
            } catch {
                complain("\(error)")
                return ExitStatus.failure.code
            }
        }
        var files: CaptureFiles?
        if case .inDirectory(let directory) = arguments.capture {
            do throws(CaptureFilesError) {
                files = try CaptureFiles.inDirectory(directory)
            } catch {
                complain(error.description)
                return ExitStatus.failure.code
            }
        }
        var report: JobReport
        do {
            let policy = try PolicyLoader.load(arguments.policy, overrides: arguments.overrides)
            let streams: JobRequest.Streams = arguments.hasTerminal ? .terminal : arguments.capture == .no ? .passThrough : .capture
            let request = JobRequest(
                policy: policy, command: arguments.program.map { Command(program: $0, arguments: arguments.arguments) }, streams: streams, labels: arguments.labels, startedNanos: startedNanos,
                audit: command == .audit ? arguments.audit : nil)
            report = JobRunner(request, build: build).run()
        } catch {
            report = JobRunner.failure("\(error)", stage: "policy", command: arguments.words, labels: arguments.labels, build: build)
        }
        let (status, faults) = save(&report, files.take(), writer.take())
        // What is left to do may wait for a terminal that takes nothing: who ends brig now loses nothing but words.
        JobRunner.releaseSignals()
        if command == .audit, report.result.reason != .setupFailed { AuditTable.print(report) }
        // Who asked for a report has it there.
        if command == .run, arguments.report == nil {
            if let line = Remarks.missing(report) { complain(line) }
            if let line = Remarks.denied(report) { complain(line) }
        }
        if report.result.needsExplanation { complain(report.result.message) }
        for fault in faults { complain(fault) }
        return status.code
    }

    /// Writes what was asked for. Nothing is said before: a terminal that the job has stopped must not keep the report from being written.
    private static func save(_ report: inout JobReport, _ files: consuming CaptureFiles?, _ writer: consuming ReportWriter?) -> (ExitStatus, faults: [String]) {
        var status = report.result.exitStatus
        var faults: [String] = []
        do throws(CaptureFilesError) {
            if let files = files.take() { try files.write(&report) }
        } catch {
            faults.append(error.description)
            status = .failure
        }
        if let writer = writer.take() {
            do throws(ReportError) {
                try writer.write(report.encoded(pretty: true))
            } catch {
                faults.append(error.description)
                status = .failure
            }
        }
        return (status, faults)
    }

    /// A line on standard error; what the job chose in it is escaped.
    static func complain(_ message: String) {
        var line = "brig: "
        for scalar in message.unicodeScalars {
            if scalar == "\n" { line += "\n      " } else if scalar.steersText { line += scalar.escaped(asASCII: true) } else { line.unicodeScalars.append(scalar) }
        }
        sayOnStandardError(line + "\n")
    }

    /// Text on standard error as it is.
    static func sayOnStandardError(_ text: String) {
        // Nobody is left to tell where this fails.
        do { try writeAll(Array(text.utf8), to: 2, subject: "standard error") } catch { return }
    }
}
