internal import BrigImage
internal import BrigPlan
internal import BrigPolicy
internal import BrigSystem

/// What an image's configuration says of the programs in it (OCI image specification, "Image Configuration"), read with as little trust as the
/// rest of the image: a value that cannot be one ends the launch, and names the flag that replaces it.
struct ImageDefaults {
    let process: Policy.ProcessDefaults
    /// Entrypoint and command; nil where there are none.
    let command: Command?

    /// - Parameters:
    ///   - accounts: where names of users are looked up
    ///   - sources: who has said what already; what is not needed of the image is not read
    init(_ config: ImageConfig, _ reference: String, accounts: Accounts, sources: Policy.ProcessSources) throws(LaunchError) {
        var process = Policy.ProcessDefaults()
        process.environment = try Self.environment(config.environment, reference)
        if !config.workingDirectory.isEmpty, sources.workingDirectory.yieldsToImage { process.workingDirectory = try Self.path(config.workingDirectory, reference) }
        if !config.user.isEmpty, sources.user.yieldsToImage { (process.user, process.group) = try Self.identity(config.user, reference, accounts) }
        self.process = process
        let words = config.entrypoint + config.command
        if let word = words.first(where: { $0.utf8.contains(0) }) { throw Self.error(reference, "command has a word with a NUL: \(word.prefix(40))", "-- PROGRAM") }
        command = words.first.map { Command(program: $0, arguments: Array(words.dropFirst())) }
    }

    private static func error(_ reference: String, _ what: String, _ flag: String) -> LaunchError {
        LaunchError("rootfs", "image \(reference): its configuration's \(what)", hint: "\(flag) on the command line replaces it")
    }

    private static func environment(_ lines: [String], _ reference: String) throws(LaunchError) -> [Policy.EnvironmentVariable] {
        var variables: [Policy.EnvironmentVariable] = []
        var places: [String: Int] = [:]
        for line in lines {
            guard !line.utf8.contains(0), let equals = line.utf8.firstIndex(of: UInt8(ascii: "=")), equals != line.startIndex else {
                throw LaunchError("rootfs", "image \(reference): its configuration's environment has \"\(line.prefix(40))\", expected NAME=VALUE", hint: "the image must be made anew")
            }
            let variable = Policy.EnvironmentVariable(name: String(line[..<equals]), value: String(line[line.utf8.index(after: equals)...]))
            // The last one counts, as for those who look through an environment from its end.
            if let place = places[variable.name] { variables[place] = variable } else { places[variable.name] = variables.count; variables.append(variable) }
        }
        return variables
    }

    /// An absolute path without `.` and empty components; a relative one begins at the root.
    private static func path(_ text: String, _ reference: String) throws(LaunchError) -> String {
        let components = text.split(separator: "/").filter { $0 != "." }
        guard !text.utf8.contains(0), !components.contains(".."), text.utf8.count < 4096 else { throw error(reference, "working directory is \"\(text.prefix(80))\"", "--workdir") }
        return "/" + components.joined(separator: "/")
    }

    /// `USER` or `USER:GROUP`, names or numbers. A user alone has the group that the image's passwd file gives it, if any.
    private static func identity(_ text: String, _ reference: String, _ accounts: Accounts) throws(LaunchError) -> (user: Policy.Identity, group: Policy.Identity?) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        func identity(_ part: Substring) throws(LaunchError) -> Policy.Identity {
            if let number = UInt32(part), number <= 65535 { return .number(number) }
            let isName = !part.isEmpty && part.utf8.count <= 32 && part.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f } && !part.utf8.allSatisfy { 0x30...0x39 ~= $0 || $0 == 0x2d }
            guard parts.count <= 2, isName else { throw error(reference, "user is \"\(text.prefix(80))\", expected names or numbers from 0 to 65535 as USER or USER:GROUP", "--user") }
            return .name(String(part))
        }
        let user = try identity(parts[0])
        if parts.count > 1 { return (user, try identity(parts[1])) }
        return (user, try inStage("ids") { () throws(SystemError) in try accounts.primaryGroup(of: user) }.map { .number($0) })
    }
}
