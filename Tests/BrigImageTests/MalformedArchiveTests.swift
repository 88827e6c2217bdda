import BrigSystem
import Glibc
import TestSupport
import Testing

@testable import BrigImage

/// Archives that two readers would understand differently, and archives that are too much.
struct MalformedArchiveTests {
    /// The header says nothing follows, the pax record says a whole archive does: what is inside must stay data.
    @Test func sizeInPaxCountsAndHidesNoEntries() throws {
        let inner = tar { $0.add("evil", data: hello) }
        try Fixture.run { fixture in
            let layer = try Unpacked(
                tar {
                    $0.addPax([("size", Array("\(inner.count)".utf8))])
                    $0.add("file", size: "00000000000")
                    $0.append(inner)
                    $0.add("after", data: hello)
                }, in: fixture)
            #expect(layer.status("evil") == nil)
            #expect(layer.status("file").map { Int($0.st_size) } == inner.count)
            #expect(try layer.text("after") == "hello")
        }
    }

    @Test func sizesThatCannotBeAreRejected() throws {
        #expect(
            try rejection(
                tar {
                    $0.addPax([("size", Array("-5".utf8))]); $0.add("f", data: hello)
                }) != nil)
        #expect(
            try rejection(
                tar {
                    $0.addPax([("size", Array("99999999999999999999999".utf8))]); $0.add("f", data: hello)
                }) != nil)
        #expect(try rejection(tar { $0.add("f", data: hello, size: "77777777777") }) != nil)
        #expect(try rejection(tar { $0.add("f", data: hello, size: "99999999999") }) != nil)
    }

    @Test func truncatedArchivesAreRejectedWhereverTheyEnd() throws {
        let whole = tar {
            $0.add("a", data: [UInt8](repeating: 7, count: 3000)); $0.add("b", data: hello)
        }
        for length in [100, 511, 513, 1000, 3000, 3585, 3700] { #expect(try rejection(Array(whole.prefix(length))) == .malformed, "at \(length)") }
        #expect(try rejection(whole) == nil)
    }

    @Test func damagedHeadersAreRejected() throws {
        var whole = tar {
            $0.add("a", data: hello); $0.add("b", data: hello)
        }
        whole[1024 + 3] ^= 1
        #expect(try rejection(whole) == .malformed)
    }

    @Test func ownersThatMeanNobodyAreRejected() throws {
        #expect(
            try rejection(
                tar {
                    $0.addPax([("uid", Array("4294967295".utf8))]); $0.add("f", data: hello)
                }) == .malformed)
        #expect(
            try rejection(
                tar {
                    $0.addPax([("gid", Array("99999999999".utf8))]); $0.add("f", data: hello)
                }) == .malformed)
    }

    @Test func aHoleCountsWithItsFullLength() throws {
        var limits = UnpackLimits()
        limits.layerBytes = ByteCount(1 << 20)
        let sparse = tar {
            $0.addPax([
                ("GNU.sparse.major", Array("1".utf8)), ("GNU.sparse.minor", Array("0".utf8)), ("GNU.sparse.name", Array("big".utf8)),
                ("GNU.sparse.realsize", Array("1099511627776".utf8)),
            ])
            $0.add("GNUSparseFile.0/big", data: Array("1\n0\n5\n".utf8) + [UInt8](repeating: 0, count: 506) + hello)
        }
        #expect(try rejection(sparse, limits: limits) == .limit)
    }

    @Test func everyCeilingHolds() throws {
        func limits(_ change: (inout UnpackLimits) -> Void) -> UnpackLimits {
            var limits = UnpackLimits()
            change(&limits)
            return limits
        }
        let three = tar { for name in ["a", "b", "c"] { $0.add(name, data: hello) } }
        #expect(try rejection(three, limits: limits { $0.entries = 2 }) == .limit)
        #expect(try rejection(three, limits: limits { $0.entries = 3 }) == nil)
        #expect(try rejection(three, limits: limits { $0.layerBytes = ByteCount(14) }) == .limit)
        #expect(try rejection(three, limits: limits { $0.layerBytes = ByteCount(15) }) == nil)
        let deep = Array(String(repeating: "d/", count: 200).utf8)
        #expect(
            try rejection(
                tar {
                    $0.addPax([("path", deep)]); $0.add("d", type: "5")
                }) == .limit)
        #expect(
            try rejection(
                tar {
                    $0.addPax([("path", Array(String(repeating: "d/", count: 100).utf8))]); $0.add("d", type: "5")
                }) == nil)
        #expect(
            try rejection(
                tar {
                    $0.addPax([("path", [UInt8](repeating: 97, count: 256))]); $0.add("d", data: hello)
                }) == .limit)
        #expect(
            try rejection(
                tar {
                    $0.addPax([("path", Array(String(repeating: "long/", count: 1000).utf8))]); $0.add("d", data: hello)
                }) == .limit)
        #expect(
            try rejection(
                tar {
                    $0.addPax([("SCHILY.xattr.user.a", [UInt8](repeating: 97, count: 70000))]); $0.add("d", data: hello)
                }) == .limit)
    }

    @Test func digestsAreOneAlgorithmAndNoPath() {
        let digits = String(repeating: "a", count: 64)
        #expect(Digest("sha256:\(digits)") != nil)
        for text in [
            "sha256:../../\(digits.dropFirst(6))", "sha512:\(digits)", "sha256:\(digits)a", "sha256:\(digits.uppercased())", "sha256:", "SHA256:\(digits)", " sha256:\(digits)",
        ] {
            #expect(Digest(text) == nil, "\(text)")
        }
    }

    @Test func namesOfImagesCannotBePaths() throws {
        for name in ["../x", "/x", "a/../b", "a//b", "", "-x", ".x", "a/.b", "a b", "a\nb", "a:", String(repeating: "a", count: 256)] {
            #expect(throws: ImageError.self, "\(name)") { try ImageReference.normalized(name: name) }
        }
        #expect(try ImageReference.normalized(name: "a/b") == "a/b:latest")
        #expect(try ImageReference.normalized(name: "localhost:5000/a:1") == "localhost:5000/a:1")
        #expect(try ImageReference("docker-archive:/x/y.tar:name:tag") == .source(ImageSource(.dockerArchive, path: "/x/y.tar", tag: "name:tag")))
    }
}
