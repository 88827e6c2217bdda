internal import BrigJSON
internal import BrigSystem

/// What a command was to print is lost, all of it or its end.
struct OutputError: Error, CustomStringConvertible {
    let cause: SystemError

    var description: String { "output is lost: \(cause)" }
}

/// A line on standard output. It stands in for the library's, which says nothing of a full disk or a closed descriptor.
func print(_ line: some CustomStringConvertible) throws(OutputError) { try printBytes(Array("\(line)\n".utf8)) }

/// A value as pretty JSON with a final newline.
func printJSON(_ value: JSONValue) throws(OutputError) { try printBytes(value.encoded(pretty: true) + [UInt8(ascii: "\n")]) }

/// Writes bytes to standard output as they are.
func printBytes(_ bytes: [UInt8]) throws(OutputError) {
    do throws(SystemError) { try writeAll(bytes, to: 1, subject: "standard output") } catch { throw OutputError(cause: error) }
}
