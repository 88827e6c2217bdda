import Glibc
import TestSupport
import Testing

@testable import BrigImage

/// Names and links that lead out of a layer.
struct UnsafePathTests {
    @Test(arguments: ["../x", "/x", "a/../../x", "a/..", "..", "./../x"])
    func namesThatLeaveAreRejected(_ name: String) throws {
        #expect(try rejection(tar { $0.add(name, data: hello) }) == .unsafePath)
        #expect(try rejection(tar { $0.add(name, type: "2", link: "x") }) == .unsafePath)
        #expect(try rejection(tar { $0.addDirectory(name) }) == .unsafePath)
    }

    /// The control: a tar that does as it is told writes outside.
    @Test func suchAnArchiveDoesEscapeElsewhere() throws {
        try Fixture.run { fixture in
            let archive = try fixture.write("a.tar", tar { $0.add("../escaped", data: hello) })
            let inner = try fixture.makeDirectory("in")
            _ = try Command("/bin/tar", ["-xPf", archive, "-C", inner]).run()
            #expect(try fixture.names().contains("escaped"))
        }
    }

    @Test(arguments: ["a", "./a", "a/b/c", "a//b", "..a", "a..", "...", "a/.b"])
    func ordinaryNamesAreTaken(_ name: String) throws {
        try Fixture.run { fixture in
            let layer = try Unpacked(tar { $0.add(name, data: hello) }, in: fixture)
            #expect(try layer.text(name) == "hello")
        }
    }

    @Test func rootCannotBeReplaced() throws {
        for name in [".", "./", "./."] { #expect(try rejection(tar { $0.add(name, type: "2", link: "/outside") }) == .unsafePath) }
        #expect(try rejection(tar { $0.add("", data: hello) }) == .unsafePath)
    }

    @Test(arguments: ["../outside", "/tmp", ".", "elsewhere"])
    func nothingIsWrittenThroughASymbolicLink(_ target: String) throws {
        for type: Character in ["0", "2", "5", "1"] {
            let archive = tar { tar in
                tar.addDirectory("elsewhere")
                tar.add("first", data: hello)
                tar.add("a", type: "2", link: target)
                tar.add("a/x", type: type, data: type == "0" ? hello : [], link: type == "1" ? "first" : "y")
            }
            #expect(try rejection(archive) == .unsafePath, "type \(type)")
        }
    }

    @Test func symbolicLinkAtTheEndIsReplacedNotFollowed() throws {
        try Fixture.run { fixture in
            try fixture.write("outside", "untouched")
            let layer = try Unpacked(
                tar {
                    $0.add("a", type: "2", link: "../outside")
                    $0.add("a", data: hello)
                    $0.add("d", type: "2", link: "..")
                    $0.addDirectory("d", mode: 0o700)
                }, in: fixture)
            #expect(layer.kind("a") == S_IFREG)
            #expect(try layer.text("a") == "hello")
            #expect(layer.kind("d") == S_IFDIR)
            #expect(try readText(fixture.path("outside")) == "untouched")
        }
    }

    @Test func hardLinksOnlyToFilesThatTheLayerHas() throws {
        let targets = ["../outside/file", "/etc/passwd", "later", "link/file", "link", "dir", "dir/../f", "missing/x", "."]
        for target in targets {
            let archive = tar { tar in
                tar.add("f", data: hello)
                tar.addDirectory("dir")
                tar.add("link", type: "2", link: "../outside")
                tar.add("hard", type: "1", link: target, mode: 0o4777)
                tar.add("later", data: hello)
            }
            #expect(try rejection(archive) == .unsafePath, "to \(target)")
        }
        #expect(
            try rejection(
                tar {
                    $0.add("l", type: "2", link: "../outside/file"); $0.add("h", type: "1", link: "l", mode: 0o777)
                }) == .unsafePath)
    }

    @Test func hardLinkToAnEarlierFileIsOneAndChangesNothing() throws {
        try Fixture.run { fixture in
            let layer = try Unpacked(
                tar {
                    $0.add("f", data: hello, mode: 0o600)
                    $0.add("h", type: "1", link: "./f", mode: 0o777)
                }, in: fixture)
            #expect(layer.status("f")?.st_ino == layer.status("h")?.st_ino)
            #expect(layer.status("f")?.st_nlink == 2)
            #expect(layer.status("f").map { $0.st_mode & 0o7777 } == 0o600)
        }
    }

    @Test func whiteoutsNameOneEntryOfTheirOwnDirectory() throws {
        for name in [".wh.", ".wh..", ".wh...", "a/.wh..."] { #expect(try rejection(tar { $0.add(name) }) == .unsafePath, "\(name)") }
        // Below a link or a file there is nothing to delete: such a whiteout is without effect, and followed nowhere.
        let throughLink = tar { tar in
            tar.add("a", type: "2", link: "../outside")
            for name in ["a/.wh.file", "a/.wh..wh..opq"] { tar.add(name) }
        }
        #expect(try rejection(throughLink) == nil)
        let throughFile = tar { tar in
            tar.add("a", data: hello)
            tar.add("a/.wh.b")
        }
        #expect(try rejection(throughFile) == nil)
    }
}
