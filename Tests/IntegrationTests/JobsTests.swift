import BrigJSON
import TestSupport
import Testing

/// What `brig jobs` says of jobs that run.
@Suite(.requires(.brig, .probe)) struct JobsTests {
    @Test func `a running job is listed with what started it, and not when it is over`() throws {
        try Fixture.run { fixture in
            let other = try fixture.shared()
            // What stands in a command line must not write into the terminal of who lists it.
            let waiting = "until test -e /media/go; do sleep 0.05; done; : \u{1b}[2J"
            let jobs = "\(Executables.brig) jobs"
            let script =
                "\"$@\" & p=$!; n=0; until \(jobs) | grep -q \(other); do n=$((n + 1)); [ $n -lt 2000 ] || exit 91; done; "
                + "\(jobs) >\(other)/plain; \(jobs) --json >\(other)/json; >\(other)/go; wait $p || exit 92; \(jobs) >\(other)/after"
            let job = try fixture.launch("default", ["--bind", "\(other):/media"], shell(waiting), script: script)
            #expect(job.exitCode == 0, job.summary)
            let id = try #require(job["/job/id"].string)
            let list = try JSONDocument(try readFile("\(other)/json"), bounds: .init(size: 1 << 20, depth: 16)).value
            let entry = try #require(list["jobs"]?.array?.first { $0["id"] == .string(id) }, "\(list)")
            #expect(entry["command"]?.array?.contains(.string("\(other):/media")) == true && entry["seconds"]?.integer.map { 0..<3600 ~= $0 } == true, "\(entry)")
            let plain = try readText("\(other)/plain")
            #expect(plain.split(separator: "\n").contains { $0.hasPrefix("\(id) ") && $0.contains("\(other):/media") }, "\(plain)")
            #expect(!plain.unicodeScalars.contains("\u{1b}"))
            #expect(try !readText("\(other)/after").contains(id))
        }
    }
}
