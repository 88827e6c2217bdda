import ArgumentParser
import BrigImage
import BrigJSON

struct ImageListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "ls", abstract: "List the images in the store.")

    @Flag(help: "One JSON object with all images.")
    var json = false

    @OptionGroup var options: ImageStoreOptions

    func run() throws {
        let images = try options.open().images()
        if json {
            let list: [JSONValue] = images.map {
                [
                    "id": .string($0.id.description), "names": .array($0.names.map { .string($0) }), "layers": .integer(Int64($0.layers.count)),
                    "bytes": .integer(Int64(clamping: $0.bytes)),
                ]
            }
            return try printJSON(["images": .array(list)])
        }
        var rows = [["NAME", "ID", "PLATFORM", "LAYERS", "SIZE"]]
        for image in images {
            for name in image.names.isEmpty ? ["-"] : image.names {
                let platform = ImageText.escaped("\(image.config.os)/\(image.config.architecture)")
                rows.append([name, "sha256:\(image.id.hex.prefix(12))", platform, "\(image.layers.count)", ImageText.size(image.bytes)])
            }
        }
        try print(ImageText.table(rows))
    }
}

struct ImageInspectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "inspect", abstract: "Show all that is known of an image, as JSON.")

    @Argument(help: "A name or an id.")
    var image: String

    @OptionGroup var options: ImageStoreOptions

    func run() throws {
        let store = try options.open()
        let image = try store.resolve(image)
        let record = try JSONDocument(try store.importRecord(of: image.id), bounds: .init(size: 1 << 20, depth: 8)).value
        let layers: [JSONValue] = image.layers.map { ["diffID": .string($0.diffID.description), "path": .string($0.path), "unpacked": $0.summary.json] }
        let shown: JSONValue = [
            "id": .string(image.id.description), "names": .array(image.names.map { .string($0) }), "bytes": .integer(Int64(clamping: image.bytes)), "import": record,
            "layers": .array(layers), "config": image.config.document,
        ]
        try printJSON(shown)
    }
}

struct ImageHistoryCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "history", abstract: "Show the steps that an image was made by, the last first.")

    @Argument(help: "A name or an id.")
    var image: String

    @OptionGroup var options: ImageStoreOptions

    func run() throws {
        let image = try options.open().resolve(image)
        var sizes = image.layers.map { ImageText.size($0.summary.bytes) }.makeIterator()
        var rows: [[String]] = []
        for step in image.config.history {
            let size = step.isEmptyLayer ? "0 B" : sizes.next() ?? "?"
            rows.append([ImageText.escaped(step.created ?? "-"), size, ImageText.escaped(step.createdBy ?? step.comment ?? "-")])
        }
        if rows.isEmpty { rows = image.layers.map { ["-", ImageText.size($0.summary.bytes), "layer \($0.diffID)"] } }
        try print(ImageText.table([["CREATED", "SIZE", "CREATED BY"]] + rows.reversed()))
    }
}
