import BrigJSON
import TestSupport
import Testing

extension Fixture {
    /// A policy under which nearly everything but the protection in question is open.
    ///
    /// - Parameters:
    ///   - calls: names and groups of calls beside those of any program
    ///   - user: what the job sees itself as
    ///   - fields: in place of those that the policy would have
    func lenient(_ calls: [String] = [], user: Int64 = 0, retain: [String] = [], record: String = "denied", with fields: [JSONValue.Member] = []) throws -> String {
        let usual = [
            "@file-io", "@file-metadata", "@file-write", "@poll", "@async-io", "@process", "@exec", "@threads", "@scheduling", "@memory", "@time", "@signals", "@ipc", "@info",
            "@sandbox", "@network", "@credentials", "@numa",
        ]
        let open: [JSONValue.Member] = [
            .init("process", ["user": .integer(user), "group": .integer(user)]), .init("capabilities", ["retain": .array(retain.map { .string($0) })]),
            .init("apparmor", ["profile": "unconfined"]), .init("syscalls", ["allow": .array((usual + calls).map { .string($0) }), "deny": [], "rules": [], "record": .string(record)]),
        ]
        return try policy("default", open.filter { member in !fields.contains { $0.name == member.name } } + fields)
    }

    /// A file that this caller, and nobody else who matters, may write to.
    func ownFile(_ name: String, _ text: String, of caller: Caller) throws -> String {
        let path = try write(name, text, mode: 0o600)
        if case .ordinary = caller { _ = try Command("chown", ["1000:1000", path]).run() }
        return path
    }
}

/// Runs a command as a caller, without brig: what the attack does where nothing stands in its way.
func unconfined(_ words: [String], as caller: Caller = .own, script: String? = nil, environment: [String: String]? = nil) throws -> Command.Outcome {
    let words = (script.map { ["/bin/sh", "-c", $0, "sh"] } ?? []) + caller.prefix + words
    return try Command(words[0], Array(words.dropFirst()), environment: environment).run()
}

/// The probe, without brig.
func bare(_ words: String...) -> [String] { [Executables.probe] + words }

/// A shell script around a command that first starts a program which says `ready` on its standard output, and ends it afterwards.
///
/// - Parameter program: Python
func beside(_ program: String, _ directory: String) -> String {
    """
    python3 -c '\(program)' > \(directory)/said & server=$!
    until grep -q ready \(directory)/said 2>/dev/null; do sleep 0.05; kill -0 $server || exit 99; done
    "$@"; status=$?; kill $server; wait $server; exit $status
    """
}
