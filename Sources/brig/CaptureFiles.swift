internal import BrigReport
internal import BrigSystem
internal import Glibc

/// Why captured output could not be put into files.
struct CaptureFilesError: Error, CustomStringConvertible {
    let description: String
}

/// `--capture=DIR`: the captured streams as DIR/stdout and DIR/stderr instead of in the report.
enum CaptureFiles {
    static func write(_ report: inout JobReport, to directory: String) throws(CaptureFilesError) {
        do throws(SystemError) {
            try makeDirectory(directory, mode: 0o777)
            if let stdout = report.output.stdout { try AtomicFile(replacing: "\(directory)/stdout").commit(bytes(stdout)) }
            if let stderr = report.output.stderr { try AtomicFile(replacing: "\(directory)/stderr").commit(bytes(stderr)) }
        } catch {
            throw CaptureFilesError(description: "captured output not written: \(error)")
        }
        report.output.stdout = nil
        report.output.stderr = nil
    }

    /// Head and tail, and between them a line that says how much is missing.
    private static func bytes(_ captured: JobReport.Captured) -> [UInt8] {
        if captured.droppedBytes == 0 { return captured.head + captured.tail }
        return captured.head + Array("\n[brig: \(captured.droppedBytes) bytes dropped]\n".utf8) + captured.tail
    }
}
