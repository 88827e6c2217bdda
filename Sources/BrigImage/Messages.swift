internal import BrigJSON
internal import BrigSystem
internal import Glibc

/// The conversation between the store and the confined process: JSON documents over a socket that keeps messages apart.
///
/// The store asks once (`{"do": …}`); the other side answers with any number of `total`, `progress`, `layers` and `image`, and at last with `done` or
/// `error`. To `layers` the store answers which of them it has.
struct Messages {
    /// The socket; whoever made it closes it.
    let socket: Int32

    /// Bytes of one message: a list of layers is the longest.
    private static let size = 160 << 10

    func send(_ message: JSONValue) throws(ImageError) {
        let bytes = message.encoded()
        // SEQPACKET takes a message whole or not at all.
        try attempt("send", "a message") { unsafe bytes.withUnsafeBytes { unsafe Glibc.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) } }
    }

    /// The next message; nil when the other side has gone.
    func receive() throws(ImageError) -> JSONValue? {
        var bytes = [UInt8](repeating: 0, count: Self.size)
        let count = unsafe bytes.withUnsafeMutableBytes { unsafe recv(socket, $0.baseAddress, $0.count, 0) }
        if count == 0 || (count < 0 && errno == ECONNRESET) { return nil }
        if count < 0, errno == EINTR { return try receive() }
        guard count > 0 else { throw ImageError(SystemError("recv", "a message", errno: errno)) }
        do throws(JSONError) {
            return try JSONDocument(Array(bytes.prefix(count)), bounds: JSONDocument.Bounds(size: Self.size, depth: 8)).value
        } catch {
            throw ImageError(.confinement, "the process that unpacks sent something that is no message: \(error)")
        }
    }
}

extension ImageError {
    var json: JSONValue { ["code": .string(code.rawValue), "message": .string(message), "hint": hint.map { .string($0) } ?? .null] }

    /// Reads what ``json`` wrote.
    init(_ value: JSONValue) {
        self.init(value["code"]?.string.flatMap { Code(rawValue: $0) } ?? .confinement, value["message"]?.string ?? "unknown error", hint: value["hint"]?.string)
    }
}
