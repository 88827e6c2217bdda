import BrigSystem
import Testing

/// Sizes as people write them, and nothing else.
struct ByteCountTests {
    @Test(arguments: [("0", 0), ("4096", 4096), ("1KiB", 1024), ("256MiB", 256 << 20), ("3GiB", 3 << 30), ("7B", 7)] as [(String, UInt64)]) func reads(_ text: String, _ bytes: UInt64) {
        #expect(ByteCount(text)?.bytes == bytes)
    }

    @Test(arguments: ["", "MiB", "-1", "+1", "1.5GiB", "1 MiB", "1MB", "1mib", "1MiBs", "9223372036854775808", "8388608TiB", "99999999999999999999"]) func refuses(_ text: String) {
        #expect(ByteCount(text) == nil)
    }

    @Test func writesTheLargestUnitThatIsExact() {
        #expect("\(ByteCount(1 << 30)) \(ByteCount(1536)) \(ByteCount(1 << 20)) \(ByteCount(0))" == "1GiB 1536 1MiB 0")
    }
}

/// Files read whole, within a bound, and from where they start.
struct FilesTests {
    @Test func aFileAboveItsBoundIsAnError() throws {
        let file = try FileDescriptor.open("/proc/self/status", .read)
        let bytes = try file.readAll(limit: 1 << 20, subject: "status")
        #expect(bytes.count > 500)
        #expect(throws: SystemError("read", "status", errno: 27)) { try file.readAll(limit: bytes.count / 2, subject: "status") }
    }

    @Test func longerThanOneReadIsReadToItsEnd() throws {
        let file = try FileDescriptor.open("/proc/self/exe", .read)
        let size = try file.status().size
        #expect(size > 100_000)
        #expect(try file.readAll(limit: Int(size), subject: "exe").count == Int(size))
    }

    @Test func magicLinksAreNotFollowedWhereTheyMustNotBe() throws {
        #expect(throws: SystemError.self) { _ = try FileDescriptor.open("/proc/self/exe", .path, resolve: .noMagicLinks).number }
        #expect(throws: Never.self) { _ = try FileDescriptor.open("/proc/self/exe", .path).number }
    }

    @Test func errorsNameTheCallItsObjectAndTheReason() {
        #expect(throws: SystemError("openat2", "/no/such", errno: 2)) { try readText("/no/such") }
        #expect("\(SystemError("openat2", "/no/such", errno: 2))" == "openat2 /no/such: No such file or directory (ENOENT)")
    }
}

/// FIPS 180-4's own examples.
struct SHA256Tests {
    @Test func digests() {
        #expect(SHA256.hex(of: Array("abc".utf8)) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(SHA256.hex(of: []) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    }
}
