import Streams

/// A path as a manifest or `fetch.txt` lists it: understood, cleaned, and inside the bag (RFC 8493 §5.2), or refused.
struct ListedPath {
    /// Why a path was refused.
    struct Refusal: Error {
        let why: String
    }

    /// Where the file should be, relative to the base of the bag.
    let path: [UInt8]
    /// Where it may be instead: the same text with the percent-encoding understood the other way.
    let alternatives: [[UInt8]]
    /// What had to be cleaned away, to warn about.
    let spelling: String?

    /// Understands `raw`. `afterOneBlank` says that the digest was followed by one blank only, as md5sum writes for `*path`.
    init(_ raw: ArraySlice<UInt8>, version: BagVersion, afterOneBlank: Bool = false) throws(Refusal) {
        var text = raw
        var spelling: String?
        if afterOneBlank, text.first == UInt8(ascii: "*") {
            text = text.dropFirst()
            spelling = "starts with '*', the mark of md5sum for binary files"
        }
        let written = Array(text)
        let decoded = ManifestPath.decode(written, percent: version >= .rfc8493)
        let (path, cleaned) = try ListedPath.clean(decoded)
        if let cleaned { spelling = cleaned }
        self.path = path
        self.spelling = spelling
        guard written.contains(UInt8(ascii: "%")) else {
            alternatives = []
            return
        }
        // Other tools leave `%` alone in 1.0, or encode it in 0.97.
        var others: [[UInt8]] = []
        for other in [written, ManifestPath.decode(written)] {
            // A spelling that is unsafe is no candidate: its refusal needs no word.
            if let (other, _) = try? ListedPath.clean(other), other != path { others.append(other) }
        }
        alternatives = others
    }

    /// The path without `.` and empty components.
    private static func clean(_ path: [UInt8]) throws(Refusal) -> (path: [UInt8], spelling: String?) {
        try refuseUnsafe(path)
        let slash = UInt8(ascii: "/")
        var needsCleaning = path.last == slash
        var atStart = true
        for (index, byte) in path.enumerated() {
            if atStart {
                let next = index + 1 < path.count ? path[index + 1] : slash
                if byte == slash || (byte == UInt8(ascii: ".") && next == slash) { needsCleaning = true }
            }
            atStart = byte == slash
        }
        guard needsCleaning else { return (path, nil) }
        let parts = path.split(separator: slash).filter { $0 != [UInt8(ascii: ".")] }
        guard !parts.isEmpty else { throw Refusal(why: "names no file") }
        return (Array(parts.joined(separator: [slash])), "has '.' or empty components")
    }

    /// Refuses whatever some system could take for a place outside the bag. Before any file is opened.
    private static func refuseUnsafe(_ path: [UInt8]) throws(Refusal) {
        guard let first = path.first else { throw Refusal(why: "is empty") }
        if path.contains(0) { throw Refusal(why: "holds a NUL") }
        switch first {
        case UInt8(ascii: "/"): throw Refusal(why: "is absolute")
        case UInt8(ascii: "\\"): throw Refusal(why: "starts with a backslash, as a Windows root or share does")
        case UInt8(ascii: "~"): throw Refusal(why: "starts with '~', a home directory")
        case UInt8(ascii: "%"):
            let rest = path.dropFirst().drop { isLetter($0) || "0123456789_()".utf8.contains($0) }
            if rest.first == UInt8(ascii: "%"), rest.dropFirst().first.map(isSeparator) ?? true,
                rest.count < path.count - 1
            {
                throw Refusal(why: "starts with a Windows variable")
            }
        default:
            if isLetter(first), path.count > 2, path[1] == UInt8(ascii: ":"), isSeparator(path[2]) {
                throw Refusal(why: "starts with a Windows drive")
            }
        }
        // Both separators: what is one name here is a way out elsewhere.
        var dots = 0
        for byte in path {
            if isSeparator(byte) {
                if dots == 2 { throw Refusal(why: "has a '..' component") }
                dots = 0
            } else if byte == UInt8(ascii: "."), dots >= 0 {
                dots += 1
            } else {
                dots = -1
            }
        }
        if dots == 2 { throw Refusal(why: "has a '..' component") }
    }
}

private func isSeparator(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "/") || byte == UInt8(ascii: "\\") }
