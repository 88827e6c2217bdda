internal import BrigPolicy
internal import BrigReport
internal import BrigSystem
internal import BrigTracing
internal import Glibc

extension CallReport {
    /// Paths that were opened, the most frequent first.
    func files() -> [JobReport.OpenedFile] {
        let files = merged(.open) { observation in
            JobReport.OpenedFile(path: Self.text(observation.bytes), access: Self.access(observation.flags), creates: Self.creates(observation.flags), result: Self.result(observation.result), count: 0)
        }
        let sorted = files.map { file, count in JobReport.OpenedFile(path: file.path, access: file.access, creates: file.creates, result: file.result, count: count) }
            .sorted { ($1.count, $0.path ?? "", $0.result ?? "") < ($0.count, $1.path ?? "", $1.result ?? "") }
        guard let lost = recorded.uncountedObservations[.open] else { return sorted }
        return sorted + [JobReport.OpenedFile(path: nil, access: nil, creates: false, result: nil, count: lost)]
    }

    /// Programs that were executed.
    func executed() -> [JobReport.ExecutedProgram] {
        let programs = merged(.execute) { observation in JobReport.ExecutedProgram(path: Self.text(observation.bytes), result: Self.result(observation.result), count: 0) }
        let sorted = programs.map { program, count in JobReport.ExecutedProgram(path: program.path, result: program.result, count: count) }
            .sorted { ($1.count, $0.path ?? "", $0.result ?? "") < ($0.count, $1.path ?? "", $1.result ?? "") }
        guard let lost = recorded.uncountedObservations[.execute] else { return sorted }
        return sorted + [JobReport.ExecutedProgram(path: nil, result: nil, count: lost)]
    }

    /// Addresses that were connected to or bound.
    func addresses() -> [JobReport.Address] {
        var list: [JobReport.Address] = []
        for (kind, call) in [(RecordedCalls.Observation.Kind.connect, "connect"), (.bind, "bind")] {
            let found = merged(kind) { observation in
                let address = observation.bytes.flatMap { SocketAddress($0) }
                return JobReport.Address(call: call, family: address?.family, address: address?.text, result: Self.result(observation.result), count: 0)
            }
            list += found.map { address, count in JobReport.Address(call: call, family: address.family, address: address.address, result: address.result, count: count) }
        }
        list.sort { ($1.count, $0.call ?? "", $0.address ?? "", $0.result ?? "") < ($0.count, $1.call ?? "", $1.address ?? "", $1.result ?? "") }
        let lost = (recorded.uncountedObservations[.connect] ?? 0) + (recorded.uncountedObservations[.bind] ?? 0)
        return lost == 0 ? list : list + [JobReport.Address(call: nil, family: nil, address: nil, result: nil, count: lost)]
    }

    /// Observations of a kind that the report does not tell apart, with their counts together.
    private func merged<Entry: Hashable>(_ kind: RecordedCalls.Observation.Kind, _ entry: (RecordedCalls.Observation) -> Entry) -> [Entry: UInt64] {
        var found: [Entry: UInt64] = [:]
        for (observation, count) in recorded.observations where observation.kind == kind { found[entry(observation), default: 0] += count }
        return found
    }

    /// A path of which only the beginning was kept ends with an ellipsis.
    private static func text(_ bytes: [UInt8]?) -> String? {
        bytes.map { String(decoding: $0, as: UTF8.self) + ($0.count >= CallTracer.pathLength ? "…" : "") }
    }

    /// A call that a signal has interrupted ends with one of the kernel's own words for that (include/linux/errno.h); the program sees EINTR, or the call being made again.
    private static func result(_ number: Int32?) -> String? { number.map { $0 == 0 ? "ok" : [512, 513, 514, 516].contains($0) ? "EINTR" : errnoName($0) } }

    private static func access(_ flags: UInt32) -> JobReport.OpenedFile.Access {
        // O_PATH: the access mode is not looked at (open(2)).
        if flags & 0o10000000 != 0 { return .path }
        switch Int32(flags & 3) {
        case O_RDONLY: return .read
        case O_WRONLY: return .write
        // 3 asks for both permissions, too.
        default: return .readWrite
        }
    }

    private static func creates(_ flags: UInt32) -> Bool {
        // __O_TMPFILE (asm-generic/fcntl.h)
        flags & UInt32(O_CREAT) != 0 || flags & 0o20000000 != 0
    }
}

/// A socket address as a program gave it to the kernel, and its usual way of writing.
struct SocketAddress: Equatable {
    let family: String
    let text: String

    /// - Parameter bytes: up to 128, zeros after the address
    init?(_ bytes: [UInt8]) {
        guard bytes.count >= 2 else { return nil }
        let number = UInt16(bytes[0]) | UInt16(bytes[1]) << 8
        func port() -> UInt16 { UInt16(bytes[2]) << 8 | UInt16(bytes[3]) }
        switch Int32(number) {
        case AF_UNIX where bytes.count >= 110:
            family = "AF_UNIX"
            let name = bytes[2..<110]
            // An abstract name begins with NUL; what follows its last other byte cannot be told from padding.
            text =
                name.first == 0
                ? "@" + String(decoding: name.dropFirst().reversed().drop { $0 == 0 }.reversed(), as: UTF8.self) : String(decoding: name.prefix { $0 != 0 }, as: UTF8.self)
        case AF_INET where bytes.count >= 8:
            family = "AF_INET"
            text = bytes[4..<8].map { String($0) }.joined(separator: ".") + ":\(port())"
        case AF_INET6 where bytes.count >= 24:
            family = "AF_INET6"
            text = "[\(Self.version6(bytes[8..<24]))]:\(port())"
        default:
            family = KeptArguments.name(of: UInt64(number), "socket", 0) ?? "\(number)"
            let rest = bytes.dropFirst(2).reversed().drop { $0 == 0 }.reversed()
            text = rest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        }
    }

    private static func version6(_ bytes: ArraySlice<UInt8>) -> String {
        var address = in6_addr()
        unsafe withUnsafeMutableBytes(of: &address) { unsafe $0.copyBytes(from: bytes) }
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        guard unsafe inet_ntop(AF_INET6, &address, &text, socklen_t(text.count)) != nil else { return "?" }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
