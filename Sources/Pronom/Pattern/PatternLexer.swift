/// One word of the pattern language.
enum PatternToken: Hashable {
    case byte(UInt8)
    case string([UInt8])
    case number(Int)
    case anyByte
    case star
    case symbol(UInt8)
}

/// Cuts pattern text into words. Blanks separate nothing and are dropped outside quotes (container signature files
/// space their patterns freely).
struct PatternLexer {
    private let text: [UInt8]
    private(set) var offset = 0
    /// Inside braces digits are decimal numbers; everywhere else they are hexadecimal bytes.
    private var inBraces = false

    init(_ text: String) { self.text = Array(text.utf8) }

    /// The next word; nil at the end.
    mutating func next() throws(PatternFault) -> PatternToken? {
        while offset < text.count, text[offset] <= 0x20 { offset += 1 }
        guard offset < text.count else { return nil }
        let start = offset
        let character = text[offset]
        switch character {
        case UInt8(ascii: "'"): return .string(try quoted())
        case UInt8(ascii: "?"):
            guard offset + 1 < text.count, text[offset + 1] == character else {
                throw PatternFault(offset: start, reason: "a single '?'")
            }
            offset += 2
            return .anyByte
        case UInt8(ascii: "*"):
            offset += 1
            return .star
        case UInt8(ascii: "{"), UInt8(ascii: "}"):
            inBraces = character == UInt8(ascii: "{")
            offset += 1
            return .symbol(character)
        case UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "|"),
            UInt8(ascii: ":"), UInt8(ascii: "-"), UInt8(ascii: "!"), UInt8(ascii: "&"), UInt8(ascii: "~"):
            offset += 1
            return .symbol(character)
        default: return inBraces ? .number(try decimal()) : .byte(try hexadecimal())
        }
    }

    private mutating func quoted() throws(PatternFault) -> [UInt8] {
        let start = offset
        guard let end = text[(start + 1)...].firstIndex(of: UInt8(ascii: "'")) else {
            throw PatternFault(offset: start, reason: "a quote that is not closed")
        }
        offset = end + 1
        // The text counts as ISO-8859-1 (DROID); a character beyond it has no single byte.
        var bytes: [UInt8] = []
        for scalar in String(decoding: text[(start + 1)..<end], as: UTF8.self).unicodeScalars {
            guard let byte = UInt8(exactly: scalar.value) else {
                throw PatternFault(offset: start, reason: "a character beyond ISO-8859-1 in quotes")
            }
            bytes.append(byte)
        }
        guard !bytes.isEmpty else { throw PatternFault(offset: start, reason: "empty quotes") }
        return bytes
    }

    private mutating func hexadecimal() throws(PatternFault) -> UInt8 {
        guard let high = digit(offset, base: 16) else {
            throw PatternFault(offset: offset, reason: "a character with no meaning")
        }
        guard let low = digit(offset + 1, base: 16) else {
            throw PatternFault(offset: offset, reason: "half a byte: hexadecimal digits come in pairs")
        }
        offset += 2
        return high << 4 | low
    }

    private mutating func decimal() throws(PatternFault) -> Int {
        let start = offset
        var value = 0
        while let next = digit(offset, base: 10) {
            value = value * 10 + Int(next)
            offset += 1
            guard value <= 1 << 40 else { throw PatternFault(offset: start, reason: "a number too large") }
        }
        guard offset > start else { throw PatternFault(offset: start, reason: "a character with no meaning in braces") }
        return value
    }

    private func digit(_ index: Int, base: UInt8) -> UInt8? {
        guard index < text.count else { return nil }
        let value: UInt8
        switch text[index] {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): value = text[index] - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): value = text[index] - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): value = text[index] - UInt8(ascii: "A") + 10
        default: return nil
        }
        return value < base ? value : nil
    }
}
