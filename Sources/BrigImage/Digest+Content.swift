internal import BrigSystem

extension Digest {
    /// The digest of some bytes.
    public init(of bytes: [UInt8]) { self.init(finishing: SHA256(hashing: bytes)) }

    /// The digest of all that was added.
    init(finishing hash: SHA256) {
        var hash = hash
        // Sixty-four digits by construction; the initialiser that checks them is for text from elsewhere.
        self.init(trusted: hash.finishHex())
    }

    /// Reads a digest out of a manifest.
    ///
    /// - Parameter place: what it is the digest of, for the message.
    init(reading text: String?, of place: String) throws(ImageError) {
        guard let text else { throw ImageError(.malformed, "\(place) has no digest") }
        guard let digest = Digest(text) else {
            throw ImageError(.malformed, "\(place) has the digest \(quoted(Array(text.utf8))), expected sha256: and 64 lower-case hexadecimal digits")
        }
        self = digest
    }
}

extension SHA256 {
    init(hashing bytes: [UInt8]) {
        self.init()
        update(bytes)
    }
}
