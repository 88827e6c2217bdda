extension String {
    /// With another text in the place of the first occurrence of one.
    public func replacingOnce(_ text: String, _ other: String) -> String {
        split(separator: text, maxSplits: 1, omittingEmptySubsequences: false).joined(separator: other)
    }
}
