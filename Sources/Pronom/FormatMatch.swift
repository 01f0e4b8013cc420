/// How a format was recognised, in DROID's words.
package enum MatchMethod: String, Sendable {
    case signature = "Signature"
    case container = "Container"
    case fileExtension = "Extension"
}

/// One format that a file has, as far as the signatures tell. Small: names are read from the set when asked for.
package struct FormatMatch: Sendable {
    private let signatures: SignatureSet
    /// The place of the format in the set.
    let format: Int
    package let method: MatchMethod
    /// The format has extensions and the file's is none of them; a file without extension counts as mismatch. Never set
    /// for matches by extension.
    package let isExtensionMismatch: Bool

    init(_ set: SignatureSet, format: Int, method: MatchMethod, isExtensionMismatch: Bool) {
        signatures = set
        self.format = format
        self.method = method
        self.isExtensionMismatch = isExtensionMismatch
    }

    private var record: FormatRecord { signatures.tables.formats[format] }

    /// PRONOM's persistent identifier, as `fmt/412`.
    package var puid: String { signatures.tables.text(record.puid) }
    /// The format's name, empty for a format that only the container signature file knows.
    package var name: String { signatures.tables.text(record.name) }
    /// The format's version, empty where it has none.
    package var version: String { signatures.tables.text(record.version) }
    /// MIME types as PRONOM lists them, separated by `, `; empty where it lists none.
    package var mime: String { signatures.tables.text(record.mime) }
}

/// What a scan says of a file.
package struct Identification: Sendable {
    /// All formats that match and are not outranked, in the order of the signature file; empty when nothing matched.
    package var matches: [FormatMatch] = []
    /// Set when the file, or something in it, cannot be read without a password.
    package var encryption: Encryption?

    /// Whether a match by content contradicts the file's extension: DROID's one flag for the whole file.
    package var isExtensionMismatch: Bool { matches.contains { $0.isExtensionMismatch } }
}

/// How a file is protected, as its own structures say.
package enum Encryption: String, Sendable, CaseIterable {
    case pdf = "the PDF has an encryption dictionary"
    case zipEntry = "the ZIP holds an encrypted entry"
    case officePackage = "the OLE2 file wraps an encrypted OOXML package"
    case openDocument = "the ODF manifest names encrypted entries"
    case word = "the Word document is marked as encrypted"
    case excel = "the Excel workbook has a password record"
    case powerPoint = "the PowerPoint presentation is marked as encrypted"

    /// The reason in a few words.
    package var reason: String { rawValue }
}

/// Which text of a name counts as its extension.
package enum ExtensionRule: Sendable {
    /// Transfers: what follows the last dot; a name without a dot is its own extension (`README`).
    case transfer
    /// DROID: what follows the last dot unless that dot comes first; anything from `?` on is cut.
    case droid
    /// siegfried: what follows the last dot, also a leading one (`.gitignore`).
    case siegfried

    /// The extension of `name` (a file name or a path with `/`), as it is written; nil when it has none.
    package func fileExtension(of name: [UInt8]) -> ArraySlice<UInt8>? {
        let dot = UInt8(ascii: ".")
        let start = name.lastIndex(of: UInt8(ascii: "/")).map { $0 + 1 } ?? 0
        var base = name[start...]
        switch self {
        case .transfer:
            guard !base.isEmpty else { return nil }
            return base.lastIndex(of: dot).map { base[($0 + 1)...] } ?? base
        case .droid:
            if let mark = base.firstIndex(of: UInt8(ascii: "?")) { base = base[..<mark] }
            guard let at = base.lastIndex(of: dot), at > base.startIndex else { return nil }
            return base[(at + 1)...]
        case .siegfried:
            guard let at = base.lastIndex(of: dot) else { return nil }
            return base[(at + 1)...]
        }
    }
}
