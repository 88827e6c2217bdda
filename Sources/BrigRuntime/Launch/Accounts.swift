internal import BrigPolicy
internal import BrigSystem

/// Names of users and groups in an image's own files. The files are the image's, so they are read with bounds and never through its links.
struct Accounts {
    static let maximumSize = 4 << 20

    /// The image's directories, the topmost first: a file is that of the first one that has it.
    let roots: [String]

    /// The number of a name in etc/passwd or etc/group.
    ///
    /// - Throws: `ENOENT` where there is no such file or name in it, `EFBIG` for a file over 4 MiB, `ERANGE` for a number over 65535.
    func number(of name: String, file: String) throws(SystemError) -> UInt32 {
        guard let line = try line(in: file, where: { $0[0].elementsEqual(name.utf8) }) else { throw SystemError("passwd", name, errno: 2) }
        return try Self.number(line[2], of: name)
    }

    /// The group that etc/passwd gives to a user; nil where it does not know the user.
    func primaryGroup(of user: Policy.Identity) throws(SystemError) -> UInt32? {
        let found: [ArraySlice<UInt8>]?
        let subject: String
        do throws(SystemError) {
            switch user {
            case .number(let number):
                subject = String(number)
                found = try line(in: "etc/passwd") { $0[2].elementsEqual(subject.utf8) }
            case .name(let name):
                subject = name
                found = try line(in: "etc/passwd") { $0[0].elementsEqual(name.utf8) }
            }
        } catch  where error.errno == 2 {
            return nil
        }
        guard let found, found.count > 3 else { return nil }
        return try Self.number(found[3], of: subject)
    }

    private static func number(_ field: ArraySlice<UInt8>, of name: String) throws(SystemError) -> UInt32 {
        guard let number = UInt32(String(decoding: field, as: UTF8.self)), number < 65536 else { throw SystemError("passwd", name, errno: 34) }
        return number
    }

    /// The fields of the first line that is looked for, three at least.
    private func line(in file: String, where isWanted: ([ArraySlice<UInt8>]) -> Bool) throws(SystemError) -> [ArraySlice<UInt8>]? {
        for line in try content(of: file).split(separator: UInt8(ascii: "\n")) {
            let fields = line.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
            if fields.count >= 3, isWanted(fields) { return fields }
        }
        return nil
    }

    private func content(of file: String) throws(SystemError) -> [UInt8] {
        guard let root = roots.first(where: { HostRoot.missing([file], in: $0).isEmpty }) else { throw SystemError("open", file, errno: 2) }
        let directory = try FileDescriptor.open(root, [.path, .directory])
        let opened: FileDescriptor
        do throws(SystemError) {
            opened = try FileDescriptor.open(file, [.read, .nonBlocking], in: directory.number, resolve: [.inRoot, .noMagicLinks])
        } catch  where error.errno == 6 {
            // ENXIO: the device 0:0, a layer's way to say that the file is deleted.
            throw SystemError("open", file, errno: 2)
        }
        let subject = "\(root)/\(file)"
        guard try opened.status().kind == .regular else { throw SystemError("open", subject, errno: 22) }
        return try opened.readAll(limit: Self.maximumSize, subject: subject)
    }
}
