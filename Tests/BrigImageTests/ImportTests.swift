import BrigJSON
import BrigSystem
import Glibc
import TestSupport
import Testing

@testable import BrigImage

/// Imports through a confined process, of what other tools write and of what they would not.
@Suite(.requires(.brig))
struct ImportTests {
    static let base = tar {
        $0.addDirectory("etc", mode: 0o750, time: 55); $0.add("etc/a", data: hello); $0.add("etc/b", data: hello)
    }
    static let top = tar {
        $0.add("etc/.wh.a"); $0.add("etc/c", data: hello)
    }

    @Test func dockerArchiveWithItsConfiguration() throws {
        try Fixture.run { fixture in
            let store = try makeStore(in: fixture)
            let path = try fixture.write("a.tar", Layout(layers: [Self.base, Self.top], names: ["one:1", "two:2"]).dockerArchive())
            let imported = try store.importImages(from: ImageSource(.any, path: path))
            #expect(imported.map(\.names) == [["one:1", "two:2"]])
            let image = try store.resolve("two:2")
            #expect(image.config.environment == ["A=b"])
            #expect(image.config.command == ["/bin/true"])
            #expect(image.config.user == "7")
            #expect(image.config.workingDirectory == "/w")
            #expect(image.config.labels.map(\.name) == ["k"])
            #expect(image.layers.map(\.diffID) == [Digest(of: Self.base), Digest(of: Self.top)])
            #expect(image.layers.map(\.hidesOthers) == [false, true])
            #expect(try readText("\(image.layers[1].path)/etc/c") == "hello")
            #expect(try store.verify().faults == [])
        }
    }

    @Test func progressEndsWhereTheSourceEnds() throws {
        try Fixture.run { fixture in
            let layout = Layout(layers: [tar { $0.add("f", data: [UInt8](repeating: 1, count: 20 << 20)) }, Self.base])
            let archive = try fixture.write("a.tar", layout.dockerArchive())
            for path in [archive, try layout.write(oci: "layout", in: fixture)] {
                let store = try makeStore(in: fixture, name: "store of \(path.suffix(5))")
                var told: [ImportProgress] = []
                _ = try store.importImages(from: ImageSource(.any, path: path)) { told.append($0) }
                let last = try #require(told.last)
                #expect(told.count >= 3 && last.bytes > 20 << 20 && last.bytes <= last.total ?? 0, "\(told)")
                #expect(zip(told, told.dropFirst()).allSatisfy { $0.bytes <= $1.bytes && $0.total == $1.total }, "\(told)")
            }
            let drawn = try Command("script", ["-qec", "stty columns 70; \(Executables.brig) image import --store \(fixture.path("drawn")) \(archive)", "/dev/null"]).run()
            let bars = drawn.text.split(separator: "\r").filter { $0.hasPrefix("[") }
            #expect(!bars.isEmpty && bars.allSatisfy { $0.contains(" % ") && $0.contains(" of 20.0 MiB read, ") && $0.contains("/s") && $0.count < 74 }, "\(drawn.text)")
        }
    }

    /// The upper layer has no entry for `etc`: over the lower one it must look like that, not like a directory of its own.
    @Test func impliedDirectoriesAreThoseBelow() throws {
        try Fixture.run { fixture in
            let store = try makeStore(in: fixture)
            let path = try fixture.write("a.tar", Layout(layers: [Self.base, Self.top]).dockerArchive())
            let image = try store.importImages(from: ImageSource(.any, path: path))[0].image
            var status = stat()
            #expect(unsafe lstat("\(image.layers[1].path)/etc", &status) == 0)
            #expect(status.st_mode & 0o7777 == 0o750)
            #expect(status.st_mtim.tv_sec == 55)
            // Alone it has nothing to look like, and the same archive is kept apart.
            let alone = try fixture.write("b.tar", Layout(layers: [Self.top], names: ["alone:1"]).dockerArchive())
            let other = try store.importImages(from: ImageSource(.any, path: alone))[0].image
            #expect(other.layers[0].path != image.layers[1].path)
            #expect(unsafe lstat("\(other.layers[0].path)/etc", &status) == 0)
            #expect(status.st_mode & 0o7777 == 0o755)
            #expect(try store.verify().faults == [])
        }
    }

    /// A link of a lower layer on the way to a file of an upper one: there it is a directory, as in every other engine, and nobody follows it.
    @Test(arguments: ["../../../../outside", "/etc", "elsewhere"]) func noLayerFollowsALinkOfAnother(_ target: String) throws {
        try Fixture.run { fixture in
            let store = try makeStore(in: fixture)
            try fixture.makeDirectory("store/outside")
            let lower = tar {
                $0.addDirectory("elsewhere"); $0.add("a", type: "2", link: target)
            }
            let upper = tar {
                $0.add("a/passwd", data: hello); $0.add("a/new", type: "1", link: "a/passwd"); $0.add("a/.wh.old")
            }
            let path = try fixture.write("a.tar", Layout(layers: [lower, upper]).dockerArchive())
            let image = try store.importImages(from: ImageSource(.any, path: path))[0].image
            #expect(try fixture.names(in: "store/outside").isEmpty)
            #expect(try readText("\(image.layers[1].path)/a/new") == "hello")
            var status = stat()
            #expect(unsafe lstat("\(image.layers[0].path)/a", &status) == 0 && status.st_mode & S_IFMT == S_IFLNK)
            #expect(try Command("ls", ["-A", "\(image.layers[0].path)/elsewhere"]).run().text.isEmpty)
        }
    }

    @Test func layersAreSharedAndTheSecondImportUnpacksNothing() throws {
        try Fixture.run { fixture in
            let store = try makeStore(in: fixture)
            let docker = try fixture.write("a.tar", Layout(layers: [Self.base]).dockerArchive())
            let oci = try Layout(layers: [Self.base]).write(oci: "layout", in: fixture)
            #expect(try store.importImages(from: ImageSource(.any, path: docker))[0].newLayers == 1)
            #expect(try store.importImages(from: ImageSource(.any, path: oci))[0].newLayers == 0)
            #expect(try store.images().count == 1)
            #expect(try fixture.names(in: "store/layers").count == 1)
        }
    }

    @Test(arguments: ["gzip", "zstd", "xz"]) func rootArchivesCompressedAndFromAPipe(_ program: String) throws {
        try Fixture.run { fixture in
            let path = try fixture.write("root.tar", Self.base)
            let packed = try Command(program, ["-c", path]).run()
            try #require(packed.succeeded)
            let file = try fixture.write("packed.tar.x", packed.output)
            let store = try makeStore(in: fixture)
            let image = try store.importImages(from: ImageSource(.any, path: file), name: "file")[0].image
            #expect(image.layers.map(\.diffID) == [Digest(of: Self.base)])
            let piped = try Executables.run(["image", "import", "--store", fixture.path("store"), "--name", "piped", "-"], input: packed.output)
            #expect(piped.succeeded, "\(piped.errorText)")
            #expect(try store.resolve("piped").id == image.id)
        }
    }

    @Test func emptyArchiveIsAnImageWithoutLayers() throws {
        try Fixture.run { fixture in
            let store = try makeStore(in: fixture)
            for (name, bytes) in [("none.tar", []), ("empty.tar", [UInt8](repeating: 0, count: 10240))] {
                let image = try store.importImages(from: ImageSource(.any, path: try fixture.write(name, bytes)))[0].image
                #expect(image.layers.isEmpty)
            }
            #expect(try store.resolve("empty").layers.isEmpty)
        }
    }

    @Test func sourcesAreImportedOnFirstUseAndKnownAfterwards() throws {
        try Fixture.run { fixture in
            let store = try makeStore(in: fixture)
            let path = try fixture.write("root.tar", Self.base)
            usleep(50_000)
            let first = try store.resolve("tar:\(path)")
            #expect(try fixture.names(in: "store/sources").count == 1)
            #expect(try store.resolve("tar:\(path)").id == first.id)
            // Another content at the same place is another image.
            usleep(50_000)
            try fixture.write("root.tar", Self.top)
            #expect(try store.resolve("tar:\(path)").id != first.id)
        }
    }

    /// What an archive calls its image is for whoever made it to say.
    @Test func namesAreNotTakenFromOtherImages() throws {
        try Fixture.run { fixture in
            let store = try makeStore(in: fixture)
            let trusted = try fixture.write("a.tar", Layout(layers: [Self.base], names: ["trusted:1"]).dockerArchive())
            let other = try fixture.write("b.tar", Layout(layers: [Self.base, Self.top], names: ["trusted:1"]).dockerArchive())
            let id = try store.importImages(from: ImageSource(.any, path: trusted))[0].image.id
            let run = try store.resolve("docker-archive:\(other)")
            #expect(run.names.isEmpty && run.id != id)
            #expect(try store.resolve("trusted:1").id == id)
            for _ in 0..<2 {
                #expect { try store.importImages(from: ImageSource(.any, path: other)) } throws: { ($0 as? ImageError)?.code == .nameTaken }
                #expect(try store.resolve("trusted:1").id == id)
                usleep(50_000)
            }
            // Nor by the short form of a name, nor by having no name.
            for name in ["docker.io/library/trusted:1", "localhost/trusted:1"] {
                let path = try fixture.write("c.tar", Layout(layers: [Self.top], names: [name]).dockerArchive())
                #expect { try store.importImages(from: ImageSource(.any, path: path)) } throws: { ($0 as? ImageError)?.code == .nameTaken }
                usleep(50_000)
            }
            _ = try store.importImages(from: ImageSource(.any, path: trusted), name: "empty")
            let nothing = try fixture.write("nothing.tar", [])
            #expect { try store.importImages(from: ImageSource(.any, path: nothing)) } throws: { ($0 as? ImageError)?.code == .nameTaken }
            _ = try store.remove(ImageReference("empty"))
            #expect(try store.importImages(from: ImageSource(.any, path: other), name: "mine")[0].names == ["mine:latest"])
            let moved = try store.importImages(from: ImageSource(.any, path: other), takesNames: true)[0]
            #expect(moved.names == ["trusted:1"] && moved.moved.map(\.name) == ["trusted:1"] && moved.moved.map(\.from) == [id])
            #expect(try store.resolve("trusted:1").id == run.id)
            #expect(try store.collectGarbage().images.isEmpty)
            let collected = try store.collectGarbage(unnamed: true).images
            #expect(collected == [id], "\(collected) \(id)")
        }
    }

    /// By the beginning of an id, and by the short form of a name with its registry.
    @Test func imagesAreFoundByWhatPeopleWrite() throws {
        try Fixture.run { fixture in
            let store = try makeStore(in: fixture)
            let path = try fixture.write("a.tar", Layout(layers: [Self.base], names: ["docker.io/library/app:1"]).dockerArchive())
            let id = try store.importImages(from: ImageSource(.any, path: path))[0].image.id
            for reference in ["app:1", "library/app:1", "docker.io/library/app:1", "sha256:\(id.hex.prefix(12))", id.description] { #expect(try store.resolve(reference).id == id, "\(reference)") }
            for reference in ["app", "sha256:\(id.hex.prefix(5))", "sha256:00000000"] { #expect(throws: ImageError.self) { try store.resolve(reference) } }
            #expect(try store.remove(ImageReference("app:1")).images == [id])
        }
    }

    @Test func indexIsChosenByPlatform() throws {
        try Fixture.run { fixture in
            let store = try makeStore(in: fixture)
            let path = try Layout(layers: [Self.base], architecture: "s390x").write(oci: "layout", in: fixture) { $0.platform = ["os": "linux", "architecture": "s390x"] }
            #expect(throws: ImageError.self) { try store.importImages(from: ImageSource(.any, path: path)) }
            #expect(try store.importImages(from: ImageSource(.any, path: path), platform: "linux/s390x")[0].image.config.architecture == "s390x")
        }
    }

    @Test func whatDoesNotMatchItsDigestIsNotSeen() throws {
        let digits = String(repeating: "a", count: 57)
        let changes: [(ImageError.Code, (inout Layout.Parts) -> Void)] = [
            (.malformed, { $0.layerDigests[0] = "sha256:../../x\(digits)" }),
            (.malformed, { $0.layerDigests[0] = "sha512:" + String(repeating: "a", count: 128) }),
            (.malformed, { $0.manifestDigest = "sha256:../../../../etc/passwd" }),
            (.malformed, { $0.manifestDigest = Digest(of: hello).description }),
            (
                .digestMismatch,
                {
                    $0.layerSizes[0] -= 1; $0.layerSizes[0] += 2
                }
            ),
            (.limit, { $0.layerSizes[0] -= 1 }),
            (.digestMismatch, { $0.config = Layout(layers: [Self.top]).config() }),
            (.malformed, { $0.config = Layout(layers: [Self.base]).config(diffIDs: []) }),
            (.malformed, { $0.config = Layout(layers: [Self.base]).config(diffIDs: ["sha256:x"]) }),
            (.unsupported, { $0.mediaType = "application/vnd.example.model" }),
        ]
        for (index, change) in changes.enumerated() {
            try Fixture.run { fixture in
                let store = try makeStore(in: fixture)
                let path = try Layout(layers: [Self.base]).write(oci: "layout", in: fixture, change.1)
                #expect { try store.importImages(from: ImageSource(.oci, path: path)) } throws: { ($0 as? ImageError)?.code == change.0 }
                #expect(try contents(fixture) == [], "change \(index)")
            }
        }
    }

    @Test func aChangedBlobIsNotSeen() throws {
        try Fixture.run { fixture in
            let store = try makeStore(in: fixture)
            let path = try Layout(layers: [Self.base]).write(oci: "layout", in: fixture)
            let blob = "layout/blobs/sha256/\(Digest(of: Self.base).hex)"
            var bytes = Self.base
            bytes[1030] ^= 1
            try fixture.write(blob, bytes)
            #expect { try store.importImages(from: ImageSource(.oci, path: path)) } throws: {
                ($0 as? ImageError)?.code == .digestMismatch || ($0 as? ImageError)?.code == .malformed
            }
            #expect(try contents(fixture) == [])
            // The control.
            try fixture.write(blob, Self.base)
            #expect(try store.importImages(from: ImageSource(.oci, path: path)).count == 1)
        }
    }

    @Test func manifestsThatAreTooMuchAreRejected() throws {
        let layout = Layout(layers: [Self.base])
        let deep = Array(String(repeating: "[", count: 100_000).utf8)
        let long = Array("[\"".utf8) + [UInt8](repeating: 97, count: 5 << 20) + Array("\"]".utf8)
        for (manifest, code) in [(deep, ImageError.Code.malformed), (long, .limit), (Array("{\"a\":1}".utf8), .malformed), (Array("[{\"Config\":1}]".utf8), .malformed)] {
            try Fixture.run { fixture in
                let store = try makeStore(in: fixture)
                let path = try fixture.write("a.tar", layout.dockerArchive(manifest: manifest))
                #expect { try store.importImages(from: ImageSource(.any, path: path)) } throws: { ($0 as? ImageError)?.code == code }
                #expect(try contents(fixture) == [])
            }
        }
    }

    @Test func anArchiveThatGrowsWithoutEndIsRejected() throws {
        try Fixture.run { fixture in
            var store = try makeStore(in: fixture)
            let bomb = try Command("/bin/sh", ["-c", "head -c 100000000 /dev/zero | gzip -9"]).run().output
            let path = try fixture.write("bomb.tar.gz", bomb)
            #expect { try store.importImages(from: ImageSource(.tar, path: path)) } throws: { ($0 as? ImageError)?.code != nil }
            let file = try Command("/bin/sh", ["-c", "cd \(fixture.directory) && head -c 100000000 /dev/zero > zero && tar cf - zero | gzip -9 > real.tar.gz && rm zero"]).run()
            try #require(file.succeeded)
            #expect { try store.importImages(from: ImageSource(.tar, path: fixture.path("real.tar.gz"))) } throws: { ($0 as? ImageError)?.code == .limit }
            #expect(try contents(fixture) == [])
            store.limits.ratio = 2000
            #expect(try store.importImages(from: ImageSource(.tar, path: fixture.path("real.tar.gz"))).count == 1)
        }
    }
}
