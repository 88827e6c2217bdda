import BrigJSON
import TestSupport

/// One `brig run` with a report, as a user would make it.
struct Job {
    let outcome: Command.Outcome
    let report: JSONValue

    /// - Parameters:
    ///   - options: between `brig run` and `--`
    ///   - command: program and arguments
    ///   - asUser: as an ordinary user instead of root
    init(_ fixture: Fixture, _ options: [String] = [], _ command: [String], asUser: Bool = false) throws {
        let file = fixture.path("report-\(UInt32.random(in: 0...UInt32.max)).json")
        if asUser {
            // The report goes to a descriptor, since the fixture's directory is root's.
            let shell = "exec 9>\"$0\"; exec setpriv --reuid=1000 --regid=1000 --clear-groups -- \"$@\""
            outcome = try Command("/bin/sh", ["-c", shell, file, Executables.brig, "run", "--report", "fd:9"] + options + ["--"] + command).run()
        } else {
            outcome = try Executables.run(["run", "--report", file] + options + ["--"] + command)
        }
        report = try JSONDocument(fixture.read(file), bounds: JSONDocument.Bounds(size: 256 << 20, depth: 32)).value
    }

    subscript(pointer: String) -> JSONValue? {
        var value: JSONValue? = report
        for name in pointer.split(separator: "/") { value = value?[String(name)] }
        return value
    }

    var reason: String? { self["result/reason"]?.string }
    func violation(_ name: String) -> JSONValue? { self["violations"]?.array?.first { $0["name"]?.string == name } }
}
