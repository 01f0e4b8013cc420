import Streams

/// Names that every system can hold, made of names that not every system can: the rule behind a bag's
/// `portable-names.csv`.
///
/// A byte that must go is written `=HH`; in a name that has any, `=` itself is `=3D`. So the name as it was can be read
/// from the new one. A mark, `=x` and hexadecimal digits of the path's SHA-256 before the extension, makes a name
/// another where a sibling would be the same to some system, and stands for what was cut off where a name is too long.
/// What a name becomes depends on nothing but the name: always the same, and a name that needs nothing stays as it is.
///
/// `%` is among what must go: RFC 8493 writes it `%25` in manifests, which most programs that read bags do not know.
package enum SafeName {
    /// UTF-16 units that a path below the bag's folder may have: Windows' 260 less some for where the bag lies.
    package static let pathLimit = 220
    /// The folder below `data/` for what lies too deep.
    package static let longFolder = Array("long-paths".utf8)
    /// Bytes of a changed name beside mark and extension.
    private static let stemLimit = 120
    private static let nameLimit = 200

    /// The name of one file or folder, safe; the name itself when it is.
    package static func escaped(_ name: [UInt8]) -> [UInt8] {
        if isPlain(name) { return name }
        let pieces = pieces(of: name)
        if pieces.allSatisfy({ !$0.mustGo }) { return name }
        return Array(pieces.map(\.written).joined())
    }

    /// The name with a mark from `digest`, `digits / 2` bytes of it.
    package static func marked(_ name: [UInt8], by digest: [UInt8], digits: Int) -> [UInt8] {
        let suffix = suffix(of: name)
        var out: [UInt8] = []
        for piece in pieces(of: Array(name.dropLast(suffix.count))) {
            if out.count + piece.written.count > stemLimit { break }
            out += piece.written
        }
        return out + Array("=x".utf8) + Hex.encodedBytes(Array(digest.prefix(digits / 2))) + suffix
    }

    /// The name below ``longFolder`` of what lies too deep.
    package static func ofLongPath(_ name: [UInt8], by digest: [UInt8], digits: Int) -> [UInt8] {
        Hex.encodedBytes(Array(digest.prefix(digits / 2))) + suffix(of: name)
    }

    /// Whether a safe name is too long for itself.
    package static func isTooLong(_ name: [UInt8]) -> Bool { name.count > nameLimit }

    /// Whether a path in the bag, `data/` included, is too long for some system.
    package static func isTooLong(path: [UInt8]) -> Bool {
        path.count > pathLimit && String(decoding: path, as: UTF8.self).utf16.count > pathLimit
    }

    /// Equal for names that some system takes for one: Swift compares text by canonical equivalence.
    package static func folded(_ name: [UInt8]) -> String {
        String(decoding: name, as: UTF8.self).lowercased().uppercased()
    }

    // MARK: -

    /// One character, or one byte that is part of none.
    private struct Piece {
        let bytes: ArraySlice<UInt8>
        var mustGo: Bool

        /// As a changed name has it.
        var written: [UInt8] {
            guard mustGo || bytes.elementsEqual("=".utf8) else { return Array(bytes) }
            return bytes.flatMap { [UInt8(ascii: "=")] + SafeName.digits($0) }
        }
    }

    private static func digits(_ byte: UInt8) -> [UInt8] {
        let table = Array("0123456789ABCDEF".utf8)
        return [table[Int(byte >> 4)], table[Int(byte & 15)]]
    }

    /// A quick look that is enough for most names.
    private static func isPlain(_ name: [UInt8]) -> Bool {
        guard let first = name.first, let last = name.last, first != UInt8(ascii: "~"), last != UInt8(ascii: "."),
            last != UInt8(ascii: " ")
        else { return false }
        return name.allSatisfy { $0 < 0x80 && !isForbidden($0) } && !PortableNames.isReserved(name[...])
    }

    private static func isForbidden(_ byte: UInt8) -> Bool {
        PortableNames.isForbidden(byte) || byte == 0x7F || byte == UInt8(ascii: "%")
    }

    private static func pieces(of name: [UInt8]) -> [Piece] {
        var out: [Piece] = []
        var rest = name[...]
        var lastIsBlank = false
        while let first = rest.first {
            let (count, scalar) = character(at: rest)
            guard let scalar else {
                out.append(Piece(bytes: rest.prefix(1), mustGo: true))
                rest = rest.dropFirst()
                continue
            }
            let mustGo = count == 1 ? isForbidden(first) : isUnsafe(scalar)
            out.append(Piece(bytes: rest.prefix(count), mustGo: mustGo))
            lastIsBlank = scalar.properties.isWhitespace || scalar == "."
            rest = rest.dropFirst(count)
        }
        // What some systems cut off, and bagit-python where it is the end of a line.
        if lastIsBlank, let last = out.indices.last { out[last].mustGo = true }
        if name.first == UInt8(ascii: "~") || PortableNames.isReserved(name[...]) { out[0].mustGo = true }
        return out
    }

    /// Controls, line separators and what is no character: some programs end lines at them, XML cannot hold them all.
    private static func isUnsafe(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x80..<0xA0, 0x2028, 0x2029, 0xFDD0...0xFDEF: true
        default: scalar.value & 0xFFFE == 0xFFFE
        }
    }

    /// The UTF-8 character at the start, and its bytes; nil when there is none.
    private static func character(at bytes: ArraySlice<UInt8>) -> (count: Int, scalar: Unicode.Scalar?) {
        guard let first = bytes.first else { return (0, nil) }
        let count =
            switch first {
            case 0..<0x80: 1
            case 0xC2...0xDF: 2
            case 0xE0...0xEF: 3
            case 0xF0...0xF4: 4
            default: 0
            }
        guard count > 0, bytes.count >= count,
            let text = String(validating: bytes.prefix(count), as: UTF8.self)
        else { return (1, nil) }
        return (count, text.unicodeScalars.first)
    }

    /// The extension with its dot, where it is short and plain; otherwise nothing.
    private static func suffix(of name: [UInt8]) -> [UInt8] {
        guard let dot = name.lastIndex(of: UInt8(ascii: ".")), dot > 0, name.count - dot <= 13 else { return [] }
        let letters = name[(dot + 1)...]
        let isPlain = letters.allSatisfy { isLetter($0) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        return isPlain && !letters.isEmpty ? Array(name[dot...]) : []
    }
}
