internal import BrigReport
internal import BrigSystem
internal import Glibc

/// Why captured output could not be put into files.
struct CaptureFilesError: Error, CustomStringConvertible {
    let description: String
}

/// `--capture=DIR`: the captured streams as DIR/stdout and DIR/stderr instead of in the report. Made before the job starts: a job that can write to what
/// DIR is in could else put a link in its place, and have brig write elsewhere.
struct CaptureFiles: ~Copyable {
    private let stdout: AtomicFile
    private let stderr: AtomicFile

    private init(stdout: consuming AtomicFile, stderr: consuming AtomicFile) {
        self.stdout = stdout
        self.stderr = stderr
    }

    static func inDirectory(_ directory: String) throws(CaptureFilesError) -> CaptureFiles {
        let stdout = try file("stdout", in: directory)
        return CaptureFiles(stdout: stdout, stderr: try file("stderr", in: directory))
    }

    private static func commit(_ file: consuming AtomicFile, _ captured: JobReport.Captured) throws(CaptureFilesError) {
        do throws(SystemError) {
            try file.commit(bytes(captured))
        } catch {
            throw CaptureFilesError(description: "captured output not written: \(error)")
        }
    }

    private static func file(_ name: String, in directory: String) throws(CaptureFilesError) -> AtomicFile {
        do throws(SystemError) {
            try makeDirectory(directory, mode: 0o777)
            return try AtomicFile(replacing: "\(directory)/\(name)")
        } catch {
            throw CaptureFilesError(description: "output cannot be captured: \(error)")
        }
    }

    /// Moves what was captured out of a report into the files. Without captured output none appears.
    consuming func write(_ report: inout JobReport) throws(CaptureFilesError) {
        guard let output = report.output.stdout, let errors = report.output.stderr else { return }
        try Self.commit(stdout, output)
        try Self.commit(stderr, errors)
        report.output.stdout = nil
        report.output.stderr = nil
    }

    /// Head and tail, and between them a line that says how much is missing.
    private static func bytes(_ captured: JobReport.Captured) -> [UInt8] {
        if captured.droppedBytes == 0 { return captured.head + captured.tail }
        return captured.head + Array("\n[brig: \(captured.droppedBytes) bytes dropped]\n".utf8) + captured.tail
    }
}
