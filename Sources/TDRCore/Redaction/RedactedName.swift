/// Tells a redacted copy by its name: a stem that ends in `_R`, `_Redacted` or `_redacted` and perhaps a number.
struct RedactedName {
    /// The name without its extension.
    let stem: [UInt8]
    /// What the original's stem, or whole name, is.
    let original: [UInt8]

    /// Nil for a name that is not that of a redacted copy.
    init?(_ name: [UInt8]) {
        let stem = RedactedName.stem(of: name)
        var rest = stem[...]
        while let last = rest.last, (0x30...0x39).contains(last) { rest = rest.dropLast() }
        for ending in ["_R", "_Redacted", "_redacted"] {
            let ending = Array(ending.utf8)
            guard rest.count > ending.count, rest.suffix(ending.count).elementsEqual(ending) else { continue }
            self.stem = stem
            original = Array(rest.dropLast(ending.count))
            return
        }
        return nil
    }

    /// A name up to its last dot; all of it where that is its first byte.
    static func stem(of name: [UInt8]) -> [UInt8] {
        guard let dot = name.lastIndex(of: UInt8(ascii: ".")), dot > 0 else { return name }
        return Array(name[..<dot])
    }
}
