import BrigImage

/// How images are written for people.
enum ImageText {
    /// A number of bytes with three digits and a binary unit.
    static func size(_ bytes: UInt64) -> String {
        var value = Double(bytes)
        for unit in ["B", "KiB", "MiB", "GiB"] {
            if value < 1000 { return unit == "B" ? "\(bytes) B" : "\(Double(Int(value * 10)) / 10) \(unit)" }
            value /= 1024
        }
        return "\(Double(Int(value * 10)) / 10) TiB"
    }

    /// What an image lost on its way into the store, a line for each kind.
    static func dropped(_ image: StoredImage) -> [String] {
        let layers = image.layers.map(\.summary)
        let counts: [(UInt64, String)] = [
            (layers.reduce(0) { $0 + $1.droppedSpecialFiles }, "device nodes, FIFOs and sockets were left out"),
            (layers.reduce(0) { $0 + $1.droppedModeBits }, "set-uid or set-gid bits were cleared"),
            (layers.reduce(0) { $0 + $1.droppedAttributes }, "extended attributes and access control lists were left out"),
        ]
        return counts.filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" } + (layers.contains(where: \.ownersDropped) ? ["all files belong to the store's user"] : [])
    }

    /// A text that an image brought, safe for a terminal: control characters escaped.
    static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            if scalar.properties.generalCategory == .control || scalar.properties.generalCategory == .format {
                result += "\\u{\(String(scalar.value, radix: 16))}"
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// Rows of columns, the shorter cells filled up.
    static func table(_ rows: [[String]]) -> String {
        var widths: [Int] = []
        for row in rows {
            for (column, cell) in row.enumerated() {
                if column == widths.count { widths.append(0) }
                widths[column] = max(widths[column], cell.count)
            }
        }
        return rows.map { row in
            row.enumerated().map { $0 == row.count - 1 ? $1 : $1 + String(repeating: " ", count: widths[$0] - $1.count) }.joined(separator: "  ")
        }.joined(separator: "\n")
    }
}
