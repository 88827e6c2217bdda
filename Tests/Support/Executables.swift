internal import Glibc

/// The built command and the probe: what integration and escape tests run.
public enum Executables {
    /// The repository's root, by the place of this file.
    public static let repository = String("\(#filePath)".split(separator: "/").dropLast(3).reduce(into: "") { $0 += "/\($1)" })

    /// `BRIG_EXECUTABLE`, else `brig` beside the running test bundle.
    public static let brig: String = {
        if let path = environmentValue("BRIG_EXECUTABLE") { return path }
        return "\(directoryOfThisProgram())/brig"
    }()

    /// `BRIG_PROBE`, else `.build/probe/probe`, which `Scripts/build-probe` makes of `Tests/Support/probe`.
    public static let probe = environmentValue("BRIG_PROBE") ?? "\(repository)/.build/probe/probe"

    /// The command, ready to run: `Executables.run(["run", "--policy", "strict", "--", "/bin/true"])`.
    public static func run(_ arguments: [String], input: [UInt8] = [], timeLimit: Double = 30, environment: [String: String]? = nil) throws -> Command.Outcome {
        var command = Command(brig, arguments, environment: environment)
        command.input = input
        command.timeLimit = timeLimit
        return try command.run()
    }

    private static func directoryOfThisProgram() -> String {
        var buffer = [CChar](repeating: 0, count: 4096)
        let length = unsafe readlink("/proc/self/exe", &buffer, buffer.count - 1)
        let path = String(decoding: buffer.prefix(max(length, 0)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return path.split(separator: "/").dropLast().reduce(into: "") { $0 += "/\($1)" }
    }
}

/// A variable of the test's own environment, nil where it is unset or empty.
public func environmentValue(_ name: String) -> String? {
    guard let value = unsafe getenv(name) else { return nil }
    let text = unsafe String(cString: value)
    return text.isEmpty ? nil : text
}
