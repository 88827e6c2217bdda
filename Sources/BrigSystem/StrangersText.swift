extension Unicode.Scalar {
    /// Whether it would end a line, steer a terminal, or turn its text round: in what is shown of a stranger's, it is shown as something else.
    public var steersText: Bool {
        switch properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: true
        default: false
        }
    }
}

extension String {
    /// With a blank for each character that steers text.
    public var onOneLine: String { String(String.UnicodeScalarView(unicodeScalars.map { $0.steersText ? " " : $0 })) }
}
