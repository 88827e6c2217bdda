import CBrigLinux
import Glibc
import TestSupport
import Testing

@testable import BrigImage

/// What a layer gets of an archive, and what it does not.
struct LayerContentTests {
    @Test func modesTimesAndOwnersAreKept() throws {
        try Fixture.run { fixture in
            let layer = try Unpacked(
                tar {
                    $0.addDirectory("d", mode: 0o1750, time: 77)
                    $0.addPax([("mtime", Array("12345.678900000".utf8))])
                    $0.add("d/f", data: hello, mode: 0o640, user: geteuid() == 0 ? 1234 : 0, group: 0)
                    $0.add("l", type: "2", link: "/any/where/../at all", time: 99)
                }, in: fixture)
            let file = try #require(layer.status("d/f"))
            #expect(file.st_mode & 0o7777 == 0o640)
            #expect(file.st_mtim.tv_sec == 12345 && file.st_mtim.tv_nsec == 678_900_000)
            if geteuid() == 0 { #expect(file.st_uid == 1234) }
            let directory = try #require(layer.status("d"))
            #expect(directory.st_mode & 0o7777 == 0o1750)
            #expect(directory.st_mtim.tv_sec == 77)
            #expect(layer.status("l")?.st_mtim.tv_sec == 99)
        }
    }

    @Test func devicesPipesAndPrivilegesAreLeftOutAndCounted() throws {
        try Fixture.run { fixture in
            let layer = try Unpacked(
                tar {
                    $0.add("disk", type: "4", device: (8, 0))
                    $0.add("null", type: "3", device: (1, 3))
                    $0.add("fifo", type: "6")
                    $0.add("su", data: hello, mode: 0o4755)
                    $0.add("wall", data: hello, mode: 0o2755)
                    $0.addPax([
                        ("SCHILY.xattr.security.capability", [1, 0, 0, 2]), ("SCHILY.xattr.trusted.x", hello), ("SCHILY.xattr.user.overlay.opaque", [121]),
                        ("SCHILY.xattr.user.kept", hello),
                    ])
                    $0.add("attributes", data: hello)
                }, in: fixture)
            for name in ["disk", "null", "fifo"] { #expect(layer.status(name) == nil, "\(name)") }
            #expect(layer.summary.droppedSpecialFiles == 3)
            #expect(layer.status("su").map { $0.st_mode & 0o7777 } == 0o755)
            #expect(layer.status("wall").map { $0.st_mode & 0o7777 } == 0o755)
            #expect(layer.summary.droppedModeBits == 2)
            #expect(layer.summary.droppedAttributes == 3)
            let file = unsafe open("\(layer.root)/attributes", O_RDONLY)
            defer { close(file) }
            var names = [CChar](repeating: 0, count: 256)
            let length = unsafe brig_unpack_list_attributes(file, &names, names.count)
            #expect(String(decoding: names.prefix(length).map { UInt8(bitPattern: $0) }, as: UTF8.self) == "user.kept\0")
        }
    }

    @Test func aDroppedDeviceStillReplacesWhatWasThere() throws {
        try Fixture.run { fixture in
            let layer = try Unpacked(
                tar {
                    $0.add("x", data: hello); $0.add("x", type: "3", device: (1, 3))
                }, in: fixture)
            #expect(layer.status("x") == nil)
        }
    }

    @Test func whiteoutsTakeOverlayFormAndSpareTheirOwnLayer() throws {
        try Fixture.run { fixture in
            let layer = try Unpacked(
                tar {
                    $0.add("d/.wh.gone")
                    $0.add("o/.wh..wh..opq")
                    $0.add("o/new", data: hello)
                    $0.add("mine", data: hello)
                    $0.add(".wh.mine")
                    $0.add(".wh.again")
                    $0.addDirectory("again")
                    $0.add(".wh.implied")
                    $0.add("implied/f", data: hello)
                    $0.add(".wh.file")
                    $0.add("file", data: hello)
                    $0.add(".wh..wh.plnk")
                }, in: fixture)
            let gone = try #require(layer.status("d/gone"))
            #expect(gone.st_mode & S_IFMT == S_IFCHR && gone.st_rdev == 0)
            #expect(layer.status("d/.wh.gone") == nil)
            for name in ["o", "again", "implied"] { #expect(isOpaque("\(layer.root)/\(name)"), "\(name)") }
            #expect(!isOpaque("\(layer.root)/d"))
            #expect(try layer.text("mine") == "hello")
            #expect(try layer.text("file") == "hello")
            #expect(layer.status(".wh..wh.plnk") == nil)
            #expect(layer.summary.whiteouts == 1)
            #expect(layer.summary.opaqueDirectories == 3)
        }
    }

    private func isOpaque(_ path: String) -> Bool {
        let directory = unsafe open(path, O_RDONLY)
        defer { close(directory) }
        var value: UInt8 = 0
        return unsafe brig_unpack_get_attribute(directory, "user.overlay.opaque", &value, 1) == 1 && value == UInt8(ascii: "y")
    }

    /// Neither normalised nor replaced: e with a combining accent, and a byte that is no UTF-8.
    @Test func namesAreBytes() throws {
        let names: [[UInt8]] = [[0x65, 0xcc, 0x81], [0xc3, 0xa9], [0x61, 0xff, 0x62], [0x0a, 0x1b]]
        for usesPax in [false, true] {
            try Fixture.run { fixture in
                let layer = try Unpacked(
                    tar { tar in
                        for name in names {
                            if usesPax { tar.addPax([("path", name)]) }
                            tar.add(usesPax ? Array("short".utf8) : name, data: hello)
                        }
                    }, in: fixture)
                for name in names {
                    var status = stat()
                    #expect(unsafe lstat(Array(layer.root.utf8).map { CChar(bitPattern: $0) } + [47] + name.map { CChar(bitPattern: $0) } + [0], &status) == 0, "\(name)")
                }
            }
        }
    }

    @Test func aDirectoryWithContentIsNotReplaced() throws {
        #expect(
            try rejection(
                tar {
                    $0.add("d/f", data: hello); $0.add("d", data: hello)
                }) == .malformed)
        #expect(
            try rejection(
                tar {
                    $0.add("f", data: hello); $0.add("f/x", data: hello)
                }) == .unsafePath)
        #expect(
            try rejection(
                tar {
                    $0.addDirectory("d"); $0.add("d", data: hello)
                }) == nil)
    }
}
