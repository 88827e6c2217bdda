import BrigReport
import BrigSystem
import Testing

@Suite struct ExitStatusTests {
    typealias Result = JobReport.JobResult

    @Test(arguments: [0, 1, 3, 124, 125, 255]) func `the job's own code is passed on`(code: Int) {
        let result = Result(reason: .exited, exitCode: code, message: "")
        #expect(result.exitStatus == ExitStatus(Int32(code)))
        #expect(!result.needsExplanation)
    }

    @Test(arguments: [("SIGKILL", 137), ("SIGSEGV", 139), ("SIGABRT", 134), ("SIGTERM", 143), ("SIGRTMIN+1", 163)])
    func `a signal is 128 and its number`(signal: String, status: Int32) {
        #expect(Result(reason: .signaled, signal: signal, message: "").exitStatus.code == status)
    }

    static let endings: [(JobReport.Reason, Int32)] = [
        (.memoryLimit, 137), (.wallTime, 124), (.cpuTime, 124), (.policyViolation, 159), (.outputLimit, 153), (.internalError, 125), (.setupFailed, 125), (.cancelled, 143),
        (.pidsLimit, 137),
    ]

    @Test(arguments: endings)
    func `what brig ended has a status of its own`(reason: JobReport.Reason, status: Int32) {
        let result = Result(reason: reason, message: "")
        #expect(result.exitStatus.code == status)
        #expect(result.needsExplanation)
    }

    @Test func `a limit that ended the job replaces the code of a job that happened to return one`() {
        #expect(Result(reason: .wallTime, exitCode: 0, message: "").exitStatus == .timedOut)
        #expect(Result(reason: .memoryLimit, exitCode: 0, message: "").exitStatus == .outOfMemory)
    }

    @Test func `cancelling passes on the signal that asked for it`() {
        #expect(Result(reason: .cancelled, signal: "SIGKILL", message: "", evidence: ["cancelSignal": .text("SIGINT")]).exitStatus == .signal(2))
    }

    @Test(arguments: [("exec", "ENOENT", 127), ("exec", "EACCES", 126), ("exec", "ENOEXEC", 126), ("exec", "ENOMEM", 125), ("mount", "ENOENT", 125), ("mount", "EACCES", 125)])
    func `only a failed exec tells about the program`(stage: String, error: String, status: Int32) {
        let result = Result(reason: .setupFailed, message: "", evidence: ["stage": .text(stage), "errno": .text(error)])
        #expect(result.exitStatus.code == status)
    }

    @Test func `signal names and numbers agree both ways`() {
        for number in Int32(1)...64 { #expect(signalNumber(signalName(number)) == number) }
        #expect(signalNumber("SIGFOO") == nil)
        #expect(signalNumber("sigkill") == nil)
    }
}
