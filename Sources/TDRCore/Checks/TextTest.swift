/// Whether bytes could be plain text: all valid UTF-8, or all legal in Windows-1252 (the original's rule for files
/// that no signature knows). Fed in chunks; gives up at the first byte that rules both out.
struct TextTest {
    private var utf8 = true
    private var windows1252 = true
    /// Continuation bytes still to come, and the range of the next one.
    private var expected = 0
    private var lower: UInt8 = 0x80
    private var upper: UInt8 = 0xBF

    /// Whether more bytes can change the answer.
    var isUndecided: Bool { utf8 || windows1252 }

    /// The answer for all bytes so far as a whole file.
    var isText: Bool { (utf8 && expected == 0) || windows1252 }

    mutating func update(_ bytes: UnsafeRawBufferPointer) {
        var offset = 0
        while offset < bytes.count, isUndecided {
            // Most of a text is printable ASCII, which is right in both: looked at eight bytes at a time.
            if expected == 0 {
                while bytes.count - offset >= 8,
                    TextTest.isPrintable(bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
                { offset += 8 }
            }
            let block = UnsafeRawBufferPointer(rebasing: bytes[offset..<min(offset + 8, bytes.count)])
            if utf8 { utf8 = continuesUTF8(block) }
            if windows1252 { windows1252 = block.allSatisfy(TextTest.isWindows1252) }
            offset += block.count
        }
    }

    /// Whether each of eight bytes lies between 0x20 and 0x7E.
    @inline(__always)
    private static func isPrintable(_ word: UInt64) -> Bool {
        let high: UInt64 = 0x8080_8080_8080_8080
        let ones: UInt64 = 0x0101_0101_0101_0101
        let below = (word &- ones &* 0x20) & ~word
        let delete = (word ^ ones &* 0x7F) &- ones
        return (word | below | delete) & high == 0
    }

    /// RFC 3629 §4, byte by byte; NUL and the other controls that no text holds are refused.
    private mutating func continuesUTF8(_ bytes: UnsafeRawBufferPointer) -> Bool {
        for byte in bytes {
            if expected > 0 {
                guard (lower...upper).contains(byte) else { return false }
                expected -= 1
                (lower, upper) = (0x80, 0xBF)
                continue
            }
            switch byte {
            case 0x00...0x7F: if !TextTest.isTextControl(byte) { return false }
            case 0xC2...0xDF: expected = 1
            case 0xE0: (expected, lower) = (2, 0xA0)
            case 0xE1...0xEC, 0xEE, 0xEF: expected = 2
            case 0xED: (expected, upper) = (2, 0x9F)
            case 0xF0: (expected, lower) = (3, 0x90)
            case 0xF1...0xF3: expected = 3
            case 0xF4: (expected, upper) = (3, 0x8F)
            default: return false
            }
        }
        return true
    }

    /// Printable, or one of the controls that texts hold: tab, line feed, form feed, carriage return, escape.
    private static func isTextControl(_ byte: UInt8) -> Bool {
        byte >= 0x20 && byte != 0x7F || [0x09, 0x0A, 0x0C, 0x0D, 0x1B].contains(byte)
    }

    /// The five places that Windows-1252 leaves empty, and control characters.
    private static func isWindows1252(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x81, 0x8D, 0x8F, 0x90, 0x9D: false
        default: isTextControl(byte)
        }
    }
}
