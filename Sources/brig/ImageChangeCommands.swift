import ArgumentParser
import BrigImage

struct ImageExportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Write an image as a docker-archive or an OCI layout.",
        discussion: """
            The layers' archives are made anew from the unpacked files, the same ones always for the same files. They are other archives than the image
            was imported from, so the exported image has an id of its own.
            """)

    @Argument(help: "A name or an id.")
    var image: String

    @Argument(help: "docker-archive:FILE, or oci:DIRECTORY; the file and the directory must not exist yet.")
    var destination: String

    @OptionGroup var options: ImageStoreOptions

    func run() throws {
        let exported = try options.open().export(image, to: destination)
        try print("\(exported.id) \(destination) (\(ImageText.size(exported.bytes)))")
    }
}

struct ImageVerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "verify", abstract: "Read the store again and compare everything with its digest.")

    @Argument(help: "A name or an id (default: the whole store).")
    var image: String?

    @OptionGroup var options: ImageStoreOptions

    func run() throws {
        let reference = try image.map { try ImageReference($0) }
        let result = try options.open().verify(only: reference)
        for fault in result.faults { try print("damaged: \(fault)") }
        if result.leftovers > 0 { try print("\(result.leftovers) imports were interrupted: brig image gc removes what they left") }
        try print("\(result.images) images, \(result.layers) layers: \(result.faults.isEmpty ? "sound" : "\(result.faults.count) damaged")")
        if !result.faults.isEmpty { throw ExitCode(1) }
    }
}

struct ImageRemoveCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "rm", abstract: "Remove a name, and the image with its last name; an id removes the image.")

    @Argument(help: "Names or ids.")
    var images: [String]

    @OptionGroup var options: ImageStoreOptions

    func run() throws {
        let store = try options.open()
        for image in images { try Self.show(store.remove(ImageReference(image))) }
    }

    static func show(_ removal: ImageStore.Removal) throws(OutputError) {
        for name in removal.names { try print("name \(name)") }
        for image in removal.images { try print("image \(image)") }
        for layer in removal.layers { try print("layer \(layer)") }
        for layer in removal.inUse { try print("layer \(layer) is in use: brig image gc removes it later") }
        if removal.leftovers > 0 { try print("\(removal.leftovers) interrupted imports") }
    }
}

struct ImageCollectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "gc", abstract: "Remove what interrupted imports left, and layers of no image.")

    @Flag(help: "Also images without a name, as jobs leave them that are run on an archive.")
    var unnamed = false

    @OptionGroup var options: ImageStoreOptions

    func run() throws {
        let removal = try options.open().collectGarbage(unnamed: unnamed)
        try ImageRemoveCommand.show(removal)
        try print("\(ImageText.size(removal.bytes)) freed")
    }
}
