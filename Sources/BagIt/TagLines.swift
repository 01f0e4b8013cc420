import Streams

/// A line of a manifest, cut into its two parts (RFC 8493 §2.1.3).
struct ManifestEntry {
    let digest: [UInt8]
    let path: ArraySlice<UInt8>
    /// md5sum writes `digest *path` for binary files.
    let afterOneBlank: Bool

    /// nil for a line that has no digest, no blank or no path. The path is not trimmed: a name may end in a blank.
    init?(_ line: [UInt8]) {
        guard let end = line.firstIndex(where: isBlank), end > 0, let digest = Hex.decode(line[..<end]) else {
            return nil
        }
        let path = line[end...].drop(while: isBlank)
        guard !path.isEmpty else { return nil }
        self.digest = digest
        self.path = path
        afterOneBlank = path.startIndex == end + 1
    }
}

/// A line of `fetch.txt`: URL, length or `-`, path (RFC 8493 §2.2.3).
struct FetchEntry {
    let url: ArraySlice<UInt8>
    /// nil where the line says `-`.
    let length: Int64?
    let path: ArraySlice<UInt8>

    /// nil for a line without three parts, or with a length that is no number.
    init?(_ line: [UInt8]) {
        guard let urlEnd = line.firstIndex(where: isBlank) else { return nil }
        let second = line[urlEnd...].drop(while: isBlank)
        guard let lengthEnd = second.firstIndex(where: isBlank) else { return nil }
        let path = second[lengthEnd...].drop(while: isBlank)
        let lengthText = second[..<lengthEnd]
        guard !path.isEmpty else { return nil }
        if lengthText.elementsEqual("-".utf8) {
            length = nil
        } else if let number = decimal(lengthText) {
            length = number
        } else {
            return nil
        }
        url = line[..<urlEnd]
        self.path = path
    }
}

/// A line of `bag-info.txt` (RFC 8493 §2.2.2).
enum InfoLine {
    case element(label: String, value: String, strict: Bool)
    case continuation(String)
    case malformed

    /// `strict` says whether the blanks are as version 1.0 wants them: none before the colon, one after it.
    init(_ line: [UInt8]) {
        if let first = line.first, isBlank(first) {
            self = .continuation(String(decoding: trimmingBlanks(line[...]), as: UTF8.self))
            return
        }
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")), colon > 0 else {
            self = .malformed
            return
        }
        let label = line[..<colon]
        let rest = line[(colon + 1)...]
        let isStrict = trimmingBlanks(label).count == label.count && (rest.isEmpty || isBlank(rest[colon + 1]))
        self = .element(
            label: String(decoding: trimmingBlanks(label), as: UTF8.self),
            value: String(decoding: trimmingBlanks(rest), as: UTF8.self), strict: isStrict)
    }
}
