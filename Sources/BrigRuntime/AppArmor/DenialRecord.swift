/// One access that AppArmor denied, as the kernel's audit record tells it (`aa_audit_msg` in security/apparmor/audit.c, and what each kind of access
/// adds in file.c, net.c, ipc.c, capability.c and mount.c).
struct DenialRecord: Equatable {
    /// The profile that denied it; of a stack, the one.
    let profile: String
    /// The process's number in the first process namespace.
    let process: Int32
    /// The name that the process had given itself.
    let command: String?
    /// The host's number of the user that files were accessed as; nil for what is no file.
    let user: UInt32?
    /// The error number that the record names; nil where it names none.
    let error: Int32?
    /// `operation`, and of `path`, `requested`, `denied` and others what the record has.
    let details: [String: String]

    /// A record of a denial that is not in the kernel's form.
    struct Unreadable: Error {}

    /// The record's names of details, and ours. What the job can choose is among ``quoted``.
    private static let names: [(record: String, detail: String)] = [
        ("operation", "operation"), ("name", "path"), ("requested_mask", "requested"), ("requested", "requested"), ("denied_mask", "denied"), ("denied", "denied"),
        ("info", "info"), ("family", "family"), ("sock_type", "socketType"), ("capname", "capability"), ("signal", "signal"), ("peer", "peer"), ("target", "target"),
        ("fstype", "fileSystem"), ("srcname", "source"), ("flags", "flags"),
    ]

    /// Written by `audit_log_untrustedstring` (kernel/audit.c): in quotes, or as hexadecimal digits where the text has blanks, quotes or control characters.
    private static let quoted: Set<String> = ["name", "profile", "comm", "peer", "target", "srcname"]

    /// - Parameter text: what follows the header of a record of the type AUDIT_AVC.
    /// - Returns: nil for what is no denial of AppArmor's.
    init?(_ text: [UInt8]) throws(Unreadable) {
        // audit(1795918851.417:2): apparmor="DENIED" operation="open" profile="brig-job" name="/proc/kcore" pid=210 comm="cat" ...
        guard let start = text.firstIndex(of: UInt8(ascii: " ")), text[(start + 1)...].starts(with: "apparmor=\"".utf8) else { return nil }
        let fields = try Self.fields(text[(start + 1)...])
        guard let kind = fields["apparmor"]?.text else { throw Unreadable() }
        guard kind == "DENIED" || kind == "KILLED" else { return nil }
        guard let process = fields["pid"].flatMap({ Int32($0.text) }), process > 0, let profile = try fields["profile"]?.decoded else { throw Unreadable() }
        self.profile = profile
        self.process = process
        command = try fields["comm"]?.decoded
        user = try Self.number(fields["fsuid"])
        let error: Int32? = try Self.number(fields["error"])
        self.error = error.map { $0 < 0 && $0 > Int32.min ? -$0 : $0 }
        var details: [String: String] = [:]
        for (name, detail) in Self.names {
            guard let field = fields[name] else { continue }
            details[detail] = Self.quoted.contains(name) ? try field.decoded : field.text
        }
        guard details["operation"]?.isEmpty == false else { throw Unreadable() }
        self.details = details
    }

    /// For a person: `open /proc/kcore`.
    var summary: String {
        let operation = details["operation"] ?? ""
        let subject = details["path"] ?? details["capability"] ?? details["family"] ?? details["peer"]
        return subject.map { "\(operation) \($0)" } ?? operation
    }

    // MARK: The form of a record

    private struct Field {
        let bytes: ArraySlice<UInt8>
        let hasQuotes: Bool

        var text: String { String(decoding: bytes, as: UTF8.self) }

        /// The text that was written with quotes or as digits.
        var decoded: String {
            get throws(Unreadable) {
                if hasQuotes { return text }
                guard bytes.count % 2 == 0, !bytes.isEmpty else { throw Unreadable() }
                var decoded: [UInt8] = []
                for index in stride(from: bytes.startIndex, to: bytes.endIndex, by: 2) {
                    guard let high = hexadecimal(bytes[index]), let low = hexadecimal(bytes[index + 1]) else { throw Unreadable() }
                    decoded.append(high << 4 | low)
                }
                return String(decoding: decoded, as: UTF8.self)
            }
        }
    }

    /// `key=value` and `key="value"`, with blanks between. No key comes twice: the second could be the job's.
    private static func fields(_ text: ArraySlice<UInt8>) throws(Unreadable) -> [String: Field] {
        var fields: [String: Field] = [:]
        var rest = text.drop { $0 == UInt8(ascii: " ") }
        while let first = rest.first, first != 0, first != UInt8(ascii: "\n") {
            guard let equals = rest.firstIndex(of: UInt8(ascii: "=")), equals > rest.startIndex, rest[..<equals].allSatisfy(isOfName) else { throw Unreadable() }
            let name = String(decoding: rest[..<equals], as: UTF8.self)
            rest = rest[(equals + 1)...]
            let field: Field
            if rest.first == UInt8(ascii: "\"") {
                let value = rest.dropFirst()
                guard let end = value.firstIndex(of: UInt8(ascii: "\"")) else { throw Unreadable() }
                field = Field(bytes: value[..<end], hasQuotes: true)
                rest = value[(end + 1)...]
            } else {
                let value = rest.prefix { !isEnd($0) }
                field = Field(bytes: value, hasQuotes: false)
                rest = rest[value.endIndex...]
            }
            guard rest.first.map(isEnd) ?? true, fields.updateValue(field, forKey: name) == nil else { throw Unreadable() }
            rest = rest.drop { $0 == UInt8(ascii: " ") }
        }
        return fields
    }

    private static func isOfName(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"): true
        default: false
        }
    }

    private static func isEnd(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\n") || byte == 0 }

    private static func number<Number: FixedWidthInteger>(_ field: Field?) throws(Unreadable) -> Number? {
        guard let field else { return nil }
        guard !field.hasQuotes, let number = Number(field.text) else { throw Unreadable() }
        return number
    }
}

private func hexadecimal(_ digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
    case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
    case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
    default: nil
    }
}
