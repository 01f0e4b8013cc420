extension String {
    /// Whether a line of `bag-info.txt` can hold it, in at most `limit` bytes: RFC 8493 §2.2.2, and nothing that steers a
    /// terminal.
    package func isOneLine(atMost limit: Int = .max) -> Bool {
        !isEmpty && utf8.count <= limit && !contains(where: \.isNewline)
            && !unicodeScalars.contains { $0.value < 32 || $0.value == 127 }
            && first?.isWhitespace == false && last?.isWhitespace == false
    }
}
