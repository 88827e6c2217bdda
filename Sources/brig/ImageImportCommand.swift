import ArgumentParser
import BrigImage

struct ImageImportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Bring an image into the store.",
        discussion: """
            SOURCE is a docker-archive (docker save), an OCI image layout (a directory or an archive of one), an archive of a root file system, or a
            directory that is one; archives may be compressed with gzip, zstd or xz. What it is, is found out by looking; tar:, docker-archive:, oci:
            and dir: before the path say it, and :TAG after it picks one image of several.
            """)

    @Argument(help: "A path, a path with its form before it, or - for standard input.")
    var source: String

    @Option(help: "The image's name, with its tag (default: what the source calls it).")
    var name: String?

    @Flag(help: "Let names that the source brings be taken from other images.")
    var replace = false

    @Option(help: "OS/ARCHITECTURE of the image to take from an index (default: this machine's).")
    var platform: String?

    @OptionGroup var options: ImageStoreOptions

    func run() throws {
        let store = try options.open()
        var progress = ImageProgress()
        let parsed = try ImageSource(reference: source) ?? ImageSource(.any, path: source)
        let imported: [ImageStore.Imported]
        do {
            defer { progress.end() }
            imported = try store.importImages(from: parsed, name: name, takesNames: replace, platform: platform) { progress.show($0) }
        }
        for one in imported {
            let layers = "\(one.image.layers.count) layers, \(one.newLayers) new"
            try print("\(one.image.id) \(one.names.isEmpty ? "(no name)" : one.names.joined(separator: " ")) (\(layers))")
            for (name, other) in one.moved { try print("  \(name) was \(other)") }
            for line in ImageText.dropped(one.image) { try print("  \(line)") }
        }
    }
}
