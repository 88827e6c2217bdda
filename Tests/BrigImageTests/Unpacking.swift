import BrigSystem
import Glibc
import TestSupport

@testable import BrigImage

/// A layer that was unpacked in this process, beside a file that must not be touched.
struct Unpacked {
    let root: String
    let summary: LayerSummary

    /// Unpacks `archive` into `root` of the fixture.
    init(_ archive: [UInt8], in fixture: Fixture, limits: UnpackLimits = UnpackLimits()) throws {
        root = try fixture.makeDirectory("root")
        let directory = unsafe open(root, O_RDONLY | O_DIRECTORY)
        defer { close(directory) }
        var unpacker = LayerUnpacker(into: directory, keepsOwners: geteuid() == 0, limits: limits)
        var reader = try ArchiveReader(.tar, MemoryStream(archive), subject: "the archive")
        summary = try unpacker.unpack(&reader)
    }

    func status(_ name: String) -> stat? {
        var status = stat()
        return unsafe lstat("\(root)/\(name)", &status) == 0 ? status : nil
    }

    func kind(_ name: String) -> mode_t? { status(name).map { $0.st_mode & S_IFMT } }

    func text(_ name: String) throws -> String { try readText("\(root)/\(name)") }
}

/// What unpacking says of a bad archive; nil where it takes it. Checks that nothing was written beside the target.
func rejection(_ archive: [UInt8], limits: UnpackLimits = UnpackLimits()) throws -> ImageError.Code? {
    try Fixture.run { fixture in
        try fixture.write("outside/file", "untouched", mode: 0o640)
        var code: ImageError.Code?
        do {
            _ = try Unpacked(archive, in: fixture, limits: limits)
        } catch let error as ImageError {
            code = error.code
        }
        guard try fixture.names() == ["outside", "root"], try fixture.names(in: "outside") == ["file"], try readText(fixture.path("outside/file")) == "untouched" else {
            throw FixtureError("something was written outside: \(try fixture.names()) \(try fixture.names(in: "outside"))")
        }
        var status = stat()
        guard unsafe lstat(fixture.path("outside/file"), &status) == 0, status.st_mode & 0o7777 == 0o640, status.st_nlink == 1 else {
            throw FixtureError("the file outside was changed")
        }
        return code
    }
}

func tar(_ body: (inout TarBytes) -> Void) -> [UInt8] { TarBytes.make(body) }

let hello = Array("hello".utf8)
