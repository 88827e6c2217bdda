internal import CNettle

/// A SHA-256 digest (FIPS 180-4) that is being taken, over libnettle.
public struct SHA256 {
    /// Length of a digest in bytes.
    public static let size = 32

    private var context = sha256_ctx()

    public init() { unsafe nettle_sha256_init(&context) }

    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
        guard let start = bytes.baseAddress else { return }
        unsafe nettle_sha256_update(&context, bytes.count, start.assumingMemoryBound(to: UInt8.self))
    }

    public mutating func update(_ bytes: [UInt8]) {
        unsafe bytes.withUnsafeBytes { unsafe update($0) }
    }

    /// The 32 bytes of the digest of all that was added; starts anew.
    public mutating func finish() -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: Self.size)
        unsafe nettle_sha256_digest(&context, Self.size, &digest)
        return digest
    }

    /// The digest of all that was added as 64 lower-case hexadecimal digits; starts anew.
    public mutating func finishHex() -> String {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        text.reserveCapacity(2 * Self.size)
        for byte in finish() { text += [digits[Int(byte >> 4)], digits[Int(byte & 15)]] }
        return String(decoding: text, as: UTF8.self)
    }

    /// The digest of some bytes as 64 lower-case hexadecimal digits.
    public static func hex(of bytes: [UInt8]) -> String {
        var digest = SHA256()
        digest.update(bytes)
        return digest.finishHex()
    }
}
