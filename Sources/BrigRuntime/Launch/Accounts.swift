internal import BrigSystem

/// Names of users and groups in an image's own files. The files are the image's, so they are read with bounds and never through its links.
enum Accounts {
    static let maximumSize = 4 << 20

    /// The number of a name in etc/passwd or etc/group below a root.
    ///
    /// - Throws: `ENOENT` where there is no such file or name in it, `EFBIG` for a file over 4 MiB, `ERANGE` for a number over 65535.
    static func number(of name: String, file: String, root: String) throws(SystemError) -> UInt32 {
        let directory = try FileDescriptor.open(root, [.path, .directory])
        let file = try FileDescriptor.open(file, [.read, .nonBlocking], in: directory.number, resolve: [.inRoot, .noMagicLinks])
        let subject = "\(root)/etc/passwd"
        guard try file.status().kind == .regular else { throw SystemError("open", subject, errno: 22) }
        let bytes = try file.readAll(limit: maximumSize, subject: subject)
        for line in bytes.split(separator: UInt8(ascii: "\n")) {
            let fields = line.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
            guard fields.count >= 3, fields[0].elementsEqual(name.utf8) else { continue }
            guard let number = UInt32(String(decoding: fields[2], as: UTF8.self)), number < 65536 else { throw SystemError("passwd", name, errno: 34) }
            return number
        }
        throw SystemError("passwd", name, errno: 2)
    }
}
