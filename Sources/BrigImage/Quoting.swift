/// Bytes of a name in a message: printable ASCII as it is, everything else escaped, the whole in quotes and at most 200 bytes of it. A name in
/// an archive can hold anything, a terminal obeys some of it.
func quoted(_ bytes: [UInt8]) -> String {
    var text = "\""
    for byte in bytes.prefix(200) {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): text += "\\\(Unicode.Scalar(byte))"
        case 0x20..<0x7f: text.unicodeScalars.append(Unicode.Scalar(byte))
        default: text += "\\x" + String(byte >> 4, radix: 16) + String(byte & 15, radix: 16)
        }
    }
    return text + (bytes.count > 200 ? "…\"" : "\"")
}

func quoted(_ text: String) -> String { quoted(Array(text.utf8)) }
