/// A tar written byte by byte: with all that a well-behaved writer would refuse.
struct TarBytes {
    private(set) var bytes: [UInt8] = []

    /// One entry's header (ustar) and its data.
    ///
    /// - Parameter size: what the header says; the data's own length by default.
    mutating func add(
        _ path: String, type: Character = "0", data: [UInt8] = [], size: String? = nil, link: String = "", mode: Int = 0o644, user: Int = 0, group: Int = 0, time: Int = 1000,
        device: (Int, Int) = (0, 0)
    ) {
        add(Array(path.utf8), type: type, data: data, size: size, link: Array(link.utf8), mode: mode, user: user, group: group, time: time, device: device)
    }

    mutating func add(
        _ path: [UInt8], type: Character = "0", data: [UInt8] = [], size: String? = nil, link: [UInt8] = [], mode: Int = 0o644, user: Int = 0, group: Int = 0, time: Int = 1000,
        device: (Int, Int) = (0, 0)
    ) {
        var header = [UInt8](repeating: 0, count: 512)
        func put(_ field: [UInt8], at offset: Int) { header.replaceSubrange(offset..<offset + field.count, with: field) }
        func octal(_ number: Int, width: Int) -> [UInt8] {
            let digits = String(number, radix: 8)
            return Array((String(repeating: "0", count: width - 1 - digits.count) + digits).utf8)
        }
        put(Array(path.prefix(100)), at: 0)
        put(octal(mode, width: 8), at: 100)
        put(octal(user, width: 8), at: 108)
        put(octal(group, width: 8), at: 116)
        put(size.map { Array($0.utf8) } ?? octal(data.count, width: 12), at: 124)
        put(octal(time, width: 12), at: 136)
        put(Array("        ".utf8), at: 148)
        put(Array(String(type).utf8), at: 156)
        put(Array(link.prefix(100)), at: 157)
        put(Array("ustar\u{0}00".utf8), at: 257)
        put(octal(device.0, width: 8), at: 329)
        put(octal(device.1, width: 8), at: 337)
        put(octal(header.reduce(0) { $0 + Int($1) }, width: 7) + [0, 32], at: 148)
        bytes += header
        append(data)
    }

    /// A pax header for the next entry.
    mutating func addPax(_ records: [(String, [UInt8])]) {
        var data: [UInt8] = []
        for (key, value) in records {
            let body = Array(" \(key)=".utf8) + value + [10]
            var length = body.count + 1
            while String(length).utf8.count + body.count != length { length = String(length).utf8.count + body.count }
            data += Array(String(length).utf8) + body
        }
        add("pax", type: "x", data: data)
    }

    mutating func addDirectory(_ path: String, mode: Int = 0o755, user: Int = 0, time: Int = 1000) { add(path, type: "5", mode: mode, user: user, time: time) }

    /// Bytes as they are, filled up to a block.
    mutating func append(_ data: [UInt8]) { bytes += data + [UInt8](repeating: 0, count: (512 - data.count % 512) % 512) }

    /// With the two empty blocks at the end.
    var finished: [UInt8] { bytes + [UInt8](repeating: 0, count: 1024) }

    /// A whole archive.
    static func make(_ body: (inout TarBytes) -> Void) -> [UInt8] {
        var tar = TarBytes()
        body(&tar)
        return tar.finished
    }
}
