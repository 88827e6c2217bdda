import BrigReport
import BrigSystem
import Glibc
import TestSupport
import Testing

@Suite struct ReportWriterTests {
    private func writer(_ path: String) throws(ReportError) -> ReportWriter { try ReportWriter(.file(path)) }

    @Test func `targets are read, and mistakes are refused`() throws {
        #expect(try ReportTarget("-") == .standardOutput)
        #expect(try ReportTarget("fd:3") == .descriptor(3))
        #expect(try ReportTarget("./fd:3") == .file("./fd:3"))
        for text in ["", "fd:", "fd:x", "fd:-1", "fd:+1", "fd:99999999999", "a\0b"] { #expect(throws: ReportError.self, "\(text)") { try ReportTarget(text) } }
        #expect(ReportTarget.descriptor(2).sharedStream == 2)
        #expect(ReportTarget.descriptor(3).sharedStream == nil)
    }

    @Test func `a new file appears whole and nothing else with it`() throws {
        try Fixture.run { fixture in
            let first = try writer(fixture.path("report.json"))
            #expect(try fixture.names() == [])
            try first.write(Array("one".utf8))
            #expect(try readText(fixture.path("report.json")) == "one")
            #expect(try fixture.names() == ["report.json"])
        }
    }

    @Test func `an existing file is replaced, and whoever has it open keeps the old one`() throws {
        try Fixture.run { fixture in
            let path = try fixture.write("report.json", "old")
            let old = unsafe open(path, O_RDONLY)
            defer { close(old) }
            try writer(path).write(Array("new".utf8))
            #expect(try readText(path) == "new")
            var byte: UInt8 = 0
            #expect(unsafe read(old, &byte, 1) == 1)
            #expect(byte == UInt8(ascii: "o"))
            #expect(try fixture.names() == ["report.json"])
        }
    }

    @Test func `giving up leaves the old file and nothing else`() throws {
        try Fixture.run { fixture in
            let path = try fixture.write("report.json", "old")
            _ = try writer(path)
            #expect(try readText(path) == "old")
            #expect(try fixture.names() == ["report.json"])
        }
    }

    @Test func `a name that becomes a directory meanwhile is the report's, and the directory has another`() throws {
        try Fixture.run { fixture in
            let waiting = try writer(fixture.path("report.json"))
            try fixture.makeDirectory("report.json")
            try waiting.write(Array("new".utf8))
            #expect(try readText(fixture.path("report.json")) == "new")
            let names = try fixture.names()
            #expect(names.count == 2 && names.contains { $0.hasPrefix(".report.json.") }, "\(names)")
        }
    }

    @Test func `a reader never sees half of a report`() throws {
        try Fixture.run { fixture in
            let path = try fixture.write("report.json", [UInt8](repeating: 0x20, count: 300_000))
            // Reads all the while, and outlives its shell.
            var reader = Command("/bin/sh", ["-c", "(until [ -e stop ]; do wc -c <report.json; done >sizes.new; mv sizes.new sizes) >/dev/null 2>&1 &"])
            reader.workingDirectory = fixture.directory
            #expect(try reader.run().succeeded)
            for round in 0..<200 { try writer(path).write([UInt8](repeating: 0x20, count: round.isMultiple(of: 2) ? 200_000 : 300_000)) }
            try fixture.write("stop", "")
            for _ in 0..<300 where try !fixture.names().contains("sizes") { usleep(10_000) }
            #expect(Set(try readText(fixture.path("sizes")).split(separator: "\n")).isSubset(of: ["200000", "300000"]))
        }
    }

    @Test func `what is not a plain file is not replaced`() throws {
        try Fixture.run { fixture in
            try fixture.write("target", "precious")
            #expect(unsafe symlink("target", fixture.path("link")) == 0)
            try fixture.makeDirectory("directory")
            #expect(unsafe mkfifo(fixture.path("fifo"), 0o600) == 0)
            for name in ["link", "directory", "fifo", "directory/", "missing/report.json"] {
                #expect(throws: ReportError.self, "\(name)") { _ = try writer(fixture.path(name)) }
            }
            #expect(try readText(fixture.path("target")) == "precious")
        }
    }

    @Test func `a device is written to and stays what it is`() throws {
        try writer("/dev/null").write(Array("report".utf8))
        var status = stat()
        #expect(unsafe stat("/dev/null", &status) == 0)
        #expect(status.st_mode & S_IFMT == S_IFCHR)
    }

    @Test func `an inherited descriptor gets everything, however small its buffer`() throws {
        try Fixture.run { fixture in
            var ends: [Int32] = [0, 0]
            #expect(unsafe pipe(&ends) == 0)
            _ = fcntl(ends[1], F_SETFL, O_NONBLOCK)
            // The reader outlives its shell and begins after the pipe is full.
            var command = Command("/bin/sh", ["-c", "(sleep 0.2; wc -c <&3 >count.new; mv count.new count) >/dev/null 2>&1 &"])
            command.descriptors = [(ends[0], 3)]
            command.workingDirectory = fixture.directory
            #expect(try command.run().succeeded)
            close(ends[0])
            try ReportWriter(.descriptor(ends[1])).write([UInt8](repeating: 0x20, count: 300_000))
            close(ends[1])
            for _ in 0..<300 where try !fixture.names().contains("count") { usleep(10_000) }
            #expect(try readText(fixture.path("count")) == "300000\n")
        }
    }

    @Test func `a descriptor that cannot be written to is refused before anything runs`() throws {
        try Fixture.run { fixture in
            let path = try fixture.write("file", "text")
            let reading = unsafe open(path, O_RDONLY)
            defer { close(reading) }
            #expect(throws: ReportError.self) { _ = try ReportWriter(.descriptor(reading)) }
            #expect(throws: ReportError.self) { _ = try ReportWriter(.descriptor(9999)) }
        }
    }
}
