import ArgumentParser
import BrigImage

/// `brig image`: the images that jobs run in.
struct ImageCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "image", abstract: "Import, list, check and remove the images that jobs run in.",
        subcommands: [
            ImageImportCommand.self, ImageListCommand.self, ImageInspectCommand.self, ImageHistoryCommand.self, ImageExportCommand.self, ImageVerifyCommand.self,
            ImageRemoveCommand.self,
            ImageCollectCommand.self, ImageUnpackWorkerCommand.self,
        ])
}

/// Which store a command works on.
struct ImageStoreOptions: ParsableArguments {
    @Option(help: "The store's directory (default: BRIG_STORE, else /var/lib/brig for root, else $XDG_DATA_HOME/brig or ~/.local/share/brig).")
    var store: String?

    func open() throws -> ImageStore { try ImageStore.open(path: store) }
}

/// The process that a store starts for reading what others made; nobody else has a use for it.
struct ImageUnpackWorkerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "unpack-worker", abstract: "Read an archive for the image store.", shouldDisplay: false)

    func run() throws { throw ExitCode(UnpackWorker.run()) }
}
