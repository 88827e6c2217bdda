internal import BrigJSON
internal import BrigSystem
internal import CBrigLinux
internal import Glibc

// A layer's directory has the digits of its diff id, and images share it. There is one exception: an archive can leave out a directory that the
// layers below have (`etc/x` without `etc`). In a directory of its own the layer then needs an `etc` with the mode, owner and times of the one
// below, which overlayfs would otherwise hide. Such a layer depends on what it lies on, and is kept once for every stack of layers below it.

extension ImageStore {
    /// The names in `layers` of an image's layers, bottom to top, whether they are there or not.
    func layerNames(_ diffIDs: [Digest]) throws(ImageError) -> [String] {
        var names: [String] = []
        for (index, diffID) in diffIDs.enumerated() {
            names.append(try exists("layers/\(diffID.hex)/record.json") ? diffID.hex : Self.stackName(diffIDs[...index]))
        }
        return names
    }

    private static func stackName(_ diffIDs: ArraySlice<Digest>) -> String { Digest(of: Array("stack\n\(diffIDs.map { "\($0)\n" }.joined())".utf8)).hex }

    /// Those layers that every one of these images finds in the store.
    func present(_ images: [[Digest]]) throws(ImageError) -> Set<Digest> {
        var present = Set(images.joined())
        for diffIDs in images {
            for (diffID, name) in zip(diffIDs, try layerNames(diffIDs)) where try !exists("layers/\(name)/record.json") { present.remove(diffID) }
        }
        return present
    }

    /// Moves an image's unpacked layers to their places, the lowest first. A layer that somebody else brought meanwhile stays as it is.
    ///
    /// - Returns: those that are new.
    func publishLayers(of image: ImageImporter.Image, _ staging: String) throws(ImageError) -> [Digest] {
        var new: [Digest] = []
        for (index, diffID) in image.layers.enumerated() {
            let from = "tmp/\(staging)/layers/\(diffID.hex)"
            guard try exists(from) else {
                guard try exists("layers/\(try layerNames(Array(image.layers[...index]))[index])/record.json") else {
                    throw ImageError(.unsupported, "layer \(diffID) lies on different layers in images of one source", hint: "import them one by one, with :TAG")
                }
                continue
            }
            var to = "layers/\(diffID.hex)"
            if let implied = try read("\(from)/implied", limit: limits.documentBytes) {
                to = "layers/\(Self.stackName(image.layers[...index]))"
                try adopt(implied, in: from, below: Array(image.layers[..<index]))
                // Its files are new: the sync of the process that unpacked them came before.
                try attempt("syncfs", path) { brig_unpack_sync_file_system(directory.number) }
            }
            if unsafe brig_unpack_rename_new(directory.number, from, directory.number, to) == 0 {
                new.append(diffID)
            } else if errno != EEXIST {
                throw ImageError(SystemError("renameat2", "\(path)/\(to)", errno: errno))
            }
        }
        if !new.isEmpty { try syncDirectory("layers") }
        return new
    }

    /// Gives implied directories the mode, owner and times that they have below, and takes the tree's digest again.
    private func adopt(_ implied: [UInt8], in layer: String, below: [Digest]) throws(ImageError) {
        let files = try openDirectory("\(layer)/fs")
        let lower = try layerNames(below)
        // Deeper ones first does not matter: only metadata is set.
        for bytes in implied.split(separator: 0) {
            let path = try EntryPath(Array(bytes), of: "directory", limits: limits)
            guard try !Self.hides(files.number, path), let status = try lowerStatus(of: path, lower) else { continue }
            let target = path.path
            let directory = FileDescriptor(owning: try attempt("openat2", path.text) { unsafe brig_unpack_open_beneath(files.number, target, O_RDONLY | O_DIRECTORY, 0) })
            if geteuid() == 0 { try attempt("fchown", path.text) { fchown(directory.number, status.st_uid, status.st_gid) } }
            try attempt("fchmod", path.text) { fchmod(directory.number, status.st_mode & 0o3777) }
            let times = [status.st_mtim, status.st_mtim]
            try attempt("futimens", path.text) { unsafe futimens(directory.number, times) }
        }
        guard var summary = LayerSummary(try readDocument(try read("\(layer)/record.json", limit: limits.documentBytes) ?? [], "the record of a layer", limits: limits)) else {
            throw ImageError(.confinement, "the process that unpacks left no record of a layer")
        }
        summary.tree = try treeDigest(of: "\(layer)/fs")
        try write(summary.json.encoded(pretty: true) + [UInt8(ascii: "\n")], as: "\(layer)/record.json")
    }

    /// What the topmost layer that has the directory says of it; nil where none has, or one has taken it away.
    private func lowerStatus(of path: EntryPath, _ layers: [String]) throws(ImageError) -> stat? {
        for name in layers.reversed() {
            let files = try openDirectory("layers/\(name)/fs")
            let target = path.path
            let number = unsafe brig_unpack_open_beneath(files.number, target, O_DIRECTORY | Int32(BRIG_O_PATH.rawValue), 0)
            if number >= 0 {
                let directory = FileDescriptor(owning: number)
                var status = stat()
                try attempt("fstat", path.text) { unsafe fstat(directory.number, &status) }
                return status
            }
            switch errno {
            case ENOENT: if try Self.hides(files.number, path) { return nil }
            case ENOTDIR, ELOOP: return nil
            default: throw ImageError(SystemError("openat2", path.text, errno: errno))
            }
        }
        return nil
    }

    /// A layer whose directory at the path, or one on the way to it, is opaque: nothing below shows through.
    private static func hides(_ files: Int32, _ path: EntryPath) throws(ImageError) -> Bool {
        var step = path
        while !step.isRoot {
            let target = step.path
            let number = unsafe brig_unpack_open_beneath(files, target, O_RDONLY | O_DIRECTORY, 0)
            if number >= 0 {
                let directory = FileDescriptor(owning: number)
                var value: UInt8 = 0
                if unsafe brig_unpack_get_attribute(directory.number, opaqueAttribute.name, &value, 1) == 1 { return true }
            }
            step = EntryPath(parentOf: step)
        }
        return false
    }
}
