internal import ArgumentParser
internal import BrigJSON
internal import BrigRuntime

/// `brig apparmor`: the profiles that brig carries, and what the kernel has of them.
struct AppArmorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apparmor", abstract: "Load, unload and look at the AppArmor profiles of jobs and of brig.",
        subcommands: [AppArmorLoad.self, AppArmorUnload.self, AppArmorList.self, AppArmorStatusCommand.self, AppArmorShow.self])
}

/// Names of shipped profiles, those that jobs enter by default.
struct ShippedProfileArguments: ParsableArguments {
    @Argument(
        help: "Of brig-job and brig-strict (jobs enter them; both, where none is named) and brig (lets brig make user namespaces where that is restricted).",
        completion: .list(ShippedProfile.all.map(\.name)))
    var profiles = ShippedProfile.ofJobs
}

/// `brig apparmor load`
struct AppArmorLoad: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "load", abstract: "Put profiles into the kernel, or this version in place of another. Needs root and apparmor_parser(8).")

    @OptionGroup var names: ShippedProfileArguments

    func run() throws {
        for profile in try names.profiles.map({ try ShippedProfile.named($0) }) {
            try profile.load()
            try print("\(profile.name) is loaded")
        }
    }
}

/// `brig apparmor unload`
struct AppArmorUnload: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "unload", abstract: "Take profiles out of the kernel, unless something runs in them. Needs root.")

    @OptionGroup var names: ShippedProfileArguments

    func run() throws {
        for profile in try names.profiles.map({ try ShippedProfile.named($0) }) {
            try profile.unload()
            try print("\(profile.name) is not loaded any more")
        }
    }
}

/// `brig apparmor list`
struct AppArmorList: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "List the profiles that the kernel holds, with their modes. Needs root.")

    @Flag(help: "One JSON object instead.")
    var json = false

    func run() throws {
        let profiles = try LoadedProfile.all()
        if json {
            let list: JSONValue = ["profiles": .array(profiles.map { ["name": .string($0.name), "mode": .string($0.mode)] })]
            return try printJSON(list)
        }
        for profile in profiles { try print("\(profile.mode.padding(to: 12))\(ImageText.escaped(profile.name))") }
    }
}

/// `brig apparmor status`
struct AppArmorStatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Say whether AppArmor is on, what it mediates, and how profiles are loaded.", discussion: "Exit status 1 where one of them is not loaded in enforce mode.")

    @Argument(help: "Any profiles.")
    var profiles = ShippedProfile.ofJobs

    func run() throws {
        for profile in profiles { try checkProfileName(profile) }
        let status = try AppArmorStatus.current()
        try print("AppArmor is on; brig itself is \(status.ownLabel ?? "a label that cannot be read")")
        try print("mediated: \(status.mediated.joined(separator: ", "))\(status.notMediated.isEmpty ? "" : "; not mediated: \(status.notMediated.joined(separator: ", "))")")
        let loaded = try LoadedProfile.all()
        let modes = profiles.map { profile in loaded.first { $0.name == profile }?.mode }
        for (profile, mode) in zip(profiles, modes) { try print(mode.map { "\(profile) is loaded (\($0))" } ?? "\(profile) is not loaded") }
        if modes.contains(where: { $0 != "enforce" }) { throw ExitCode(1) }
    }
}

/// `brig apparmor show`
struct AppArmorShow: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "show", abstract: "Print a profile, to read or to start your own from.")

    @Argument(help: "brig-job, brig-strict or brig.", completion: .list(ShippedProfile.all.map(\.name)))
    var profile = "brig-job"

    func run() throws { try printBytes(ShippedProfile.named(profile).text) }
}
