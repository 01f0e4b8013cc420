package import Streams

/// What cannot be said in a bag. Found before anything is written.
package enum BagWriteFault: Error, Hashable, CustomStringConvertible {
    /// A name that is not UTF-8 cannot stand in a UTF-8 manifest (RFC 8493 §2.1.1, §2.1.3).
    case nameIsNotUTF8(RelativePath)
    /// Before version 1.0 a `%` stands for itself, so that a name with `%0A` or `%0D` in it would be read as a line break.
    case nameIsAmbiguous(RelativePath)
    /// A label with a colon, a line break, or a blank at either end; or an empty one (§2.2.2).
    case badLabel(String)
    /// A value with a line break in it (§2.2.2).
    case lineBreakInValue(label: String, value: String)
    /// A URL that is not absolute or holds a blank (§2.2.3).
    case badURL(String)

    /// What cannot be written, and what to do.
    package var description: String {
        switch self {
        case .nameIsNotUTF8(let path):
            "cannot list '\(path.display)' in a manifest: the name is not UTF-8; rename the file"
        case .nameIsAmbiguous(let path):
            "cannot list '\(path.display)' in a manifest before BagIt 1.0: its %0A or %0D would be read as a line "
                + "break; write version 1.0 or rename the file"
        case .badLabel(let label):
            "cannot write the label '\(displayName(of: Array(label.utf8)))' to bag-info.txt: "
                + "it is empty, holds a colon or a line break, or has a blank at an end"
        case .lineBreakInValue(let label, let value):
            "cannot write \(label) to bag-info.txt: the value '\(displayName(of: Array(value.utf8)))' "
                + "holds a line break; put it on one line"
        case .badURL(let url):
            "cannot write '\(displayName(of: Array(url.utf8)))' to fetch.txt: give an absolute URL with blanks as %20"
        }
    }
}

/// One line of a manifest (RFC 8493 §2.1.3), appended to what the caller already has: nothing here holds a whole manifest.
package enum ManifestLine {
    /// Appends lower-case hex, two blanks, the encoded path and LF: the form that `sha256sum -c` accepts too.
    ///
    /// `path` is relative to the base directory of the bag: `data/…` in a payload manifest.
    /// - Throws: ``BagWriteFault/nameIsNotUTF8(_:)``, ``BagWriteFault/nameIsAmbiguous(_:)``; nothing is appended then.
    package static func append(
        digest: [UInt8], path: RelativePath, version: BagVersion = .rfc8493, to lines: inout [UInt8]
    ) throws(BagWriteFault) {
        if let fault = fault(of: path, version: version) { throw fault }
        lines.append(contentsOf: Hex.encodedBytes(digest))
        lines.append(contentsOf: "  ".utf8)
        ManifestPath.appendEncoded(path.bytes, percent: version >= .rfc8493, to: &lines)
        lines.append(UInt8(ascii: "\n"))
    }

    /// Why this path cannot stand in a manifest of this version; nil when it can.
    package static func fault(of path: RelativePath, version: BagVersion) -> BagWriteFault? {
        if !isUTF8(path.bytes) { return .nameIsNotUTF8(path) }
        if version < .rfc8493, ManifestPath.decode(path.bytes, percent: false) != path.bytes {
            return .nameIsAmbiguous(path)
        }
        return nil
    }
}

/// One line of `fetch.txt` (RFC 8493 §2.2.3).
package enum FetchLine {
    /// Appends URL, length (`-` for nil), encoded path and LF.
    package static func append(
        url: String, length: Int64?, path: RelativePath, to lines: inout [UInt8]
    ) throws(BagWriteFault) {
        guard isAbsoluteURL(Array(url.utf8)) else { throw .badURL(url) }
        guard isUTF8(path.bytes) else { throw .nameIsNotUTF8(path) }
        lines.append(contentsOf: "\(url) \(length.map { String($0) } ?? "-") ".utf8)
        ManifestPath.appendEncoded(path.bytes, to: &lines)
        lines.append(UInt8(ascii: "\n"))
    }
}

/// Bytes and files of a payload, `octets.streams` (RFC 8493 §2.2.2).
package struct PayloadOxum: Hashable, Sendable, CustomStringConvertible {
    /// Its label in `bag-info.txt`.
    package static let label = "Payload-Oxum"

    /// Octets of all payload files.
    package let bytes: Int64
    /// Payload files.
    package let files: Int64

    /// From the counts.
    package init(bytes: Int64, files: Int64) {
        self.bytes = bytes
        self.files = files
    }

    /// Takes `int.int`, nothing around it; nil otherwise.
    package init?(_ text: String) {
        let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 2, let bytes = decimal(parts[0]), let files = decimal(parts[1]) else { return nil }
        self.init(bytes: bytes, files: files)
    }

    /// As `bag-info.txt` has it.
    package var description: String { "\(bytes).\(files)" }
}

/// The number that ASCII digits stand for; nil for anything else, a sign or too many of them.
func decimal(_ digits: some Collection<UInt8>) -> Int64? {
    guard !digits.isEmpty, digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
        return nil
    }
    return Int64(String(decoding: digits, as: UTF8.self))
}

func isUTF8(_ bytes: [UInt8]) -> Bool {
    bytes.allSatisfy { $0 < 0x80 } || String(validating: bytes, as: UTF8.self) != nil
}

/// A scheme, a colon and something; no blank or control character in it.
func isAbsoluteURL(_ url: [UInt8]) -> Bool {
    guard let colon = url.firstIndex(of: UInt8(ascii: ":")), colon > 1, colon + 1 < url.count else { return false }
    let scheme = url[..<colon]
    return url.allSatisfy { $0 > 0x20 && $0 != 0x7F } && isLetter(scheme[0])
        && scheme.allSatisfy { isLetter($0) || "0123456789+-.".utf8.contains($0) }
}

func isLetter(_ byte: UInt8) -> Bool { (0x41...0x5A).contains(byte & 0xDF) }
