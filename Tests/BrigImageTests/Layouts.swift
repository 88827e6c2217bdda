import BrigJSON
import TestSupport

@testable import BrigImage

/// Images in the shapes that other tools write, made by the tests: every part of them can be wrong.
struct Layout {
    var layers: [[UInt8]]
    var names = ["test:1"]
    var architecture = "amd64"

    var diffIDs: [Digest] { layers.map { Digest(of: $0) } }

    func config(diffIDs: [String]? = nil) -> [UInt8] {
        let ids = (diffIDs ?? self.diffIDs.map(\.description)).map { JSONValue.string($0) }
        let value: JSONValue = [
            "architecture": .string(architecture), "os": "linux", "config": ["Env": ["A=b"], "Cmd": ["/bin/true"], "User": "7", "WorkingDir": "/w", "Labels": ["k": "v"]],
            "rootfs": ["type": "layers", "diff_ids": .array(ids)], "history": [["created_by": "made by a test"]],
        ]
        return value.encoded()
    }

    private func layerName(_ index: Int) -> String { String(repeating: "0", count: 62) + "\(10 + index)/layer.tar" }

    /// The bytes of a docker-archive.
    func dockerArchive(config: [UInt8]? = nil, configName: String? = nil, manifest: [UInt8]? = nil) -> [UInt8] {
        let config = config ?? self.config()
        let configName = configName ?? "\(Digest(of: config).hex).json"
        let own: JSONValue = [
            [
                "Config": .string(configName), "RepoTags": .array(names.map { .string($0) }), "Layers": .array(layers.indices.map { .string(layerName($0)) }),
            ]
        ]
        return tar { tar in
            for (index, layer) in layers.enumerated() { tar.add(layerName(index), data: layer) }
            tar.add(configName, data: config)
            tar.add("manifest.json", data: manifest ?? own.encoded())
        }
    }

    /// What may be changed of an OCI layout before it is written.
    struct Parts {
        var config: [UInt8]
        var layerDigests: [String]
        var layerSizes: [Int]
        var mediaType = "application/vnd.oci.image.layer.v1.tar"
        var manifestDigest: String?
        var platform: JSONValue?
        var depth = 0
    }

    /// Writes an OCI layout and gives its directory.
    func write(oci name: String, in fixture: Fixture, _ change: (inout Parts) -> Void = { _ in }) throws -> String {
        var parts = Parts(config: config(), layerDigests: diffIDs.map(\.description), layerSizes: layers.map(\.count))
        change(&parts)
        func blob(_ bytes: [UInt8]) throws -> String {
            try fixture.write("\(name)/blobs/sha256/\(Digest(of: bytes).hex)", bytes)
            return Digest(of: bytes).description
        }
        for layer in layers { _ = try blob(layer) }
        let manifest: JSONValue = [
            "schemaVersion": 2,
            "config": ["mediaType": "application/vnd.oci.image.config.v1+json", "digest": .string(try blob(parts.config)), "size": .integer(Int64(parts.config.count))],
            "layers": .array(
                zip(parts.layerDigests, parts.layerSizes).map { ["mediaType": .string(parts.mediaType), "digest": .string($0), "size": .integer(Int64($1))] }),
        ]
        let bytes = manifest.encoded()
        let written = try blob(bytes)
        let digest = parts.manifestDigest ?? written
        let entry: JSONValue = [
            "mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": .string(digest), "size": .integer(Int64(bytes.count)), "platform": parts.platform ?? .null,
            "annotations": ["org.opencontainers.image.ref.name": "1"],
        ]
        try fixture.write("\(name)/index.json", (["schemaVersion": 2, "manifests": [entry]] as JSONValue).encoded())
        try fixture.write("\(name)/oci-layout", "{\"imageLayoutVersion\":\"1.0.0\"}")
        return fixture.path(name)
    }
}

/// A store in a fixture, whose confined processes are the built command.
func makeStore(in fixture: Fixture, name: String = "store") throws -> ImageStore {
    var store = try ImageStore.open(path: fixture.path(name))
    store.executable = Executables.brig
    return store
}

/// What is in a store: nothing may be left of an import that failed.
func contents(_ fixture: Fixture) throws -> [String] {
    try ["images", "layers", "names", "sources", "tmp"].flatMap { folder in try fixture.names(in: "store/\(folder)").map { "\(folder)/\($0)" } }
}
