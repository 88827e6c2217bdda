internal import ArgumentParser
internal import BrigJSON
internal import BrigRuntime

/// `brig apparmor`: the profiles that brig carries, and what the kernel has of them.
struct AppArmorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apparmor", abstract: "Load, unload and look at the AppArmor profiles of jobs and of brig.",
        subcommands: [AppArmorLoad.self, AppArmorUnload.self, AppArmorList.self, AppArmorStatusCommand.self, AppArmorShow.self])
}

/// A shipped profile's name, the job's by default.
struct ShippedProfileArgument: ParsableArguments {
    @Argument(help: "brig-job (jobs enter it) or brig (lets brig make user namespaces where that is restricted).", completion: .list(ShippedProfile.all.map(\.name)))
    var profile = "brig-job"
}

/// `brig apparmor load`
struct AppArmorLoad: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "load", abstract: "Put a profile into the kernel, or this version in place of another. Needs root and apparmor_parser(8).")

    @OptionGroup var name: ShippedProfileArgument

    func run() throws {
        try ShippedProfile.named(name.profile).load()
        print("\(name.profile) is loaded")
    }
}

/// `brig apparmor unload`
struct AppArmorUnload: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "unload", abstract: "Take a profile out of the kernel, unless something runs in it. Needs root.")

    @OptionGroup var name: ShippedProfileArgument

    func run() throws {
        try ShippedProfile.named(name.profile).unload()
        print("\(name.profile) is not loaded any more")
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
            return printBytes(list.encoded(pretty: true) + [UInt8(ascii: "\n")])
        }
        for profile in profiles { print("\(profile.mode.padding(to: 12))\(ImageText.escaped(profile.name))") }
    }
}

/// `brig apparmor status`
struct AppArmorStatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Say whether AppArmor is on, what it mediates, and how a profile is loaded.", discussion: "Exit status 1 where the profile is not loaded in enforce mode.")

    @Argument(help: "Any profile.")
    var profile = "brig-job"

    func run() throws {
        try checkProfileName(profile)
        let status = try AppArmorStatus.current()
        print("AppArmor is on; brig itself is \(status.ownLabel ?? "a label that cannot be read")")
        print("mediated: \(status.mediated.joined(separator: ", "))\(status.notMediated.isEmpty ? "" : "; not mediated: \(status.notMediated.joined(separator: ", "))")")
        let mode = try LoadedProfile.all().first { $0.name == profile }?.mode
        print(mode.map { "\(profile) is loaded (\($0))" } ?? "\(profile) is not loaded")
        if mode != "enforce" { throw ExitCode(1) }
    }
}

/// `brig apparmor show`
struct AppArmorShow: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "show", abstract: "Print a profile, to read or to start your own from.")

    @OptionGroup var name: ShippedProfileArgument

    func run() throws { printBytes(try ShippedProfile.named(name.profile).text) }
}
