import Streams

/// What kind of text the beginning of a file is, by the rules of file(1) (`encoding.c`), which siegfried uses.
enum TextKind: String {
    case ascii = "ASCII"
    case utf7 = "UTF-7 Unicode"
    case utf8WithMark = "UTF-8 Unicode (with BOM)"
    case utf8 = "UTF-8 Unicode"
    case utf16Little = "Little-endian UTF-16 Unicode"
    case utf16Big = "Big-endian UTF-16 Unicode"
    case iso8859 = "ISO-8859"
    case extended = "Non-ISO extended-ASCII"
    case ebcdic = "EBCDIC"
    case internationalEbcdic = "International EBCDIC"

    private static let sampleBytes = 4096

    /// The kind, judged by the first 4,096 bytes; nil when they are no text, or nothing.
    static func of(_ source: some ByteSource) throws -> TextKind? {
        var sample = Scratch(capacity: sampleBytes)
        try sample.load(Int(min(Int64(sampleBytes), source.count))) { try source.read(into: $0, at: 0) }
        return of(sample.bytes)
    }

    static func of(_ bytes: UnsafeRawBufferPointer) -> TextKind? {
        guard !bytes.isEmpty else { return nil }
        if bytes.allSatisfy({ kind($0) == .plain }) {
            return bytes.starts(with: "+/v".utf8) && bytes.count > 3 && "89+/".utf8.contains(bytes[3]) ? .utf7 : .ascii
        }
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]), isUTF8(UnsafeRawBufferPointer(rebasing: bytes[3...])) {
            return .utf8WithMark
        }
        if isUTF8(bytes) { return .utf8 }
        if let wide = utf16(bytes) { return wide }
        if bytes.allSatisfy({ kind($0) == .plain || kind($0) == .latin }) { return .iso8859 }
        if bytes.allSatisfy({ kind($0) != .none }) { return .extended }
        let turned = bytes.map { fromEbcdic[Int($0)] }
        if turned.allSatisfy({ kind($0) == .plain }) { return .ebcdic }
        if turned.allSatisfy({ kind($0) == .plain || kind($0) == .latin }) { return .internationalEbcdic }
        return nil
    }

    private enum Kind { case none, plain, latin, extended }

    /// Which bytes occur in text: BEL to CR, ESC and the printable ones.
    private static func kind(_ byte: UInt8) -> Kind {
        switch byte {
        case 0x07...0x0D, 0x1B, 0x20...0x7E: .plain
        case 0x85: .plain
        case 0xA0...0xFF: .latin
        case 0x80...0x9F: .extended
        default: .none
        }
    }

    /// Valid UTF-8 with at least one character beyond ASCII; a sequence cut by the end of the sample counts.
    private static func isUTF8(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var at = 0
        var sawMore = false
        while at < bytes.count {
            let byte = bytes[at]
            if byte < 0x80 {
                guard kind(byte) == .plain else { return false }
                at += 1
                continue
            }
            let following: Int
            switch byte {
            case 0xC0...0xDF: following = 1
            case 0xE0...0xEF: following = 2
            case 0xF0...0xF7: following = 3
            case 0xF8...0xFB: following = 4
            case 0xFC...0xFD: following = 5
            default: return false
            }
            for step in 1...following {
                guard at + step < bytes.count else { return true }
                guard bytes[at + step] & 0xC0 == 0x80 else { return false }
            }
            sawMore = true
            at += following + 1
        }
        return sawMore
    }

    private static func utf16(_ bytes: UnsafeRawBufferPointer) -> TextKind? {
        guard bytes.count >= 2 else { return nil }
        let isBig: Bool
        switch (bytes[0], bytes[1]) {
        case (0xFF, 0xFE): isBig = false
        case (0xFE, 0xFF): isBig = true
        default: return nil
        }
        for at in stride(from: 2, to: bytes.count - 1, by: 2) {
            let unit = isBig ? Int(bytes[at]) << 8 | Int(bytes[at + 1]) : Int(bytes[at + 1]) << 8 | Int(bytes[at])
            if unit == 0xFFFE { return nil }
            if unit < 128, kind(UInt8(unit)) != .plain { return nil }
        }
        return isBig ? .utf16Big : .utf16Little
    }

    /// EBCDIC to ASCII, as file(1) has it.
    private static let fromEbcdic: [UInt8] = [
        0, 1, 2, 3, 156, 9, 134, 127, 151, 141, 142, 11, 12, 13, 14, 15, 16, 17, 18, 19, 157, 133, 8, 135, 24, 25, 146,
        143, 28, 29, 30, 31, 128, 129, 130, 131, 132, 10, 23, 27, 136, 137, 138, 139, 140, 5, 6, 7, 144, 145, 22, 147,
        148, 149, 150, 4, 152, 153, 154, 155, 20, 21, 158, 26, 32, 160, 161, 162, 163, 164, 165, 166, 167, 168, 213, 46,
        60, 40, 43, 124, 38, 169, 170, 171, 172, 173, 174, 175, 176, 177, 33, 36, 42, 41, 59, 126, 45, 47, 178, 179,
        180, 181, 182, 183, 184, 185, 203, 44, 37, 95, 62, 63, 186, 187, 188, 189, 190, 191, 192, 193, 194, 96, 58, 35,
        64, 39, 61, 34, 195, 97, 98, 99, 100, 101, 102, 103, 104, 105, 196, 197, 198, 199, 200, 201, 202, 106, 107, 108,
        109, 110, 111, 112, 113, 114, 94, 204, 205, 206, 207, 208, 209, 229, 115, 116, 117, 118, 119, 120, 121, 122,
        210, 211, 212, 91, 214, 215, 216, 217, 218, 219, 220, 221, 222, 223, 224, 225, 226, 227, 228, 93, 230, 231, 123,
        65, 66, 67, 68, 69, 70, 71, 72, 73, 232, 233, 234, 235, 236, 237, 125, 74, 75, 76, 77, 78, 79, 80, 81, 82, 238,
        239, 240, 241, 242, 243, 92, 159, 83, 84, 85, 86, 87, 88, 89, 90, 244, 245, 246, 247, 248, 249, 48, 49, 50, 51,
        52, 53, 54, 55, 56, 57, 250, 251, 252, 253, 254, 255,
    ]
}
