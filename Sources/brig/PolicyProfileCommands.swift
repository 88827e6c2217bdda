internal import ArgumentParser
internal import BrigJSON
internal import BrigPolicy

/// Formats of policies that other programs read.
enum PolicyFormat: String, ExpressibleByArgument, CaseIterable {
    /// Seccomp profiles of Docker, Podman and the OCI runtime specification.
    case oci
}

/// `brig policy import`
struct PolicyImport: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Print a policy around a seccomp profile of a container engine.",
        discussion: "The profile stays whole: entries that depend on capabilities, architecture or kernel count as the job's circumstances are. What brig cannot keep is an error.")

    @Argument(help: "The profile's file.")
    var file: String

    @Option(help: "A policy for everything but system calls.")
    var base: String?

    @Option(help: "The profile's format.")
    var format = PolicyFormat.oci

    func run() throws { try printJSON(ProfileImport.policy(file, base: base)) }
}

/// `brig policy export`
struct PolicyExport: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Print what a policy says of system calls as a seccomp profile for container engines.",
        discussion: "An imported profile comes out as it went in. Any other policy is written for this machine's architecture and the policy's capabilities.")

    @Argument(help: "A file or a built-in name.")
    var policy: String

    @Option(help: "The format to write.")
    var format = PolicyFormat.oci

    func run() throws { try printJSON(OCIProfile.of(try PolicyLoader.resolve(policy)).json) }
}
