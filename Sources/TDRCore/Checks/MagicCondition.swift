import Glibc
import Streams

/// What must hold of the beginning of a file if the first test of a group of libmagic's database holds: less than the
/// test itself asks, but found out much faster. In doubt it holds.
enum MagicCondition {
    case always
    /// The four bytes at `offset`, as far as `mask` goes, are `value`. When the file ends before `needed` bytes from
    /// there, the test does not hold; where `needed` is 0, it may.
    case word(offset: Int, needed: Int, value: UInt32, mask: UInt32)
    /// The number at `offset` is smaller or greater than another.
    case number(MagicNumber, offset: Int)
    /// The text holds this, if at all, before `reach`.
    case text(TextNeed, reach: Int)
    /// Two bytes next to one another, before `reach`.
    case pair(UInt8, UInt8, reach: Int)
    /// The expression holds of what libmagic puts before it.
    case expression(String, offset: Int)

    /// What the first test of a group of the binary or of the text tests asks.
    init(_ record: MagicRecord, isText: Bool) {
        self = .always
        guard record.flag & MagicRecord.Flag.isElsewhere == 0, record.offset >= 0 else { return }
        let offset = Int(record.offset)
        if let number = MagicNumber(record) {
            if record.relation == UInt8(ascii: "=") {
                self = .word(offset: offset, needed: number.needed, value: number.value, mask: number.mask)
            } else if number.isBelow != nil {
                self = .number(number, offset: offset)
            }
            return
        }
        guard record.relation == UInt8(ascii: "=") else { return }
        switch record.kind {
        case MagicRecord.Kind.string:
            // Texts are tested in UTF-8, so that only their very beginning is where it was.
            if isText, offset > 0 { return }
            self = MagicCondition.word(ofString: record, offset, isText: isText)
        case MagicRecord.Kind.search:
            let reach = record.range == 0 ? Int.max : offset + Int(record.range) + record.valueCount
            if isText {
                let ignoresWhitespace = record.stringFlags & MagicRecord.StringFlag.whitespace != 0
                let runs = record.string.split { ignoresWhitespace && MagicCondition.isWhitespace($0) }
                self = .text(.all(runs.map { .of(Array($0)) }), reach: reach)
            } else if let pair = MagicCondition.plainPair(record) {
                self = .pair(pair.0, pair.1, reach: reach)
            }
        case MagicRecord.Kind.regex:
            if isText {
                self = .text(.required(by: record.text), reach: offset + Magic.regexBytes)
            } else if record.stringFlags & MagicRecord.StringFlag.ignoresCase == 0, record.range == 0 {
                self = .expression(String(decoding: record.text, as: UTF8.self), offset: offset)
            }
        case MagicRecord.Kind.guid:
            self = .word(offset: offset, needed: 16, value: record.word, mask: .max)
        case MagicRecord.Kind.der where record.text.starts(with: "seq".utf8):
            // The tag of a sequence, whatever its class.
            self = .word(offset: offset, needed: 1, value: 0x10, mask: 0x1F)
        default: break
        }
    }

    private static func word(ofString record: MagicRecord, _ offset: Int, isText: Bool) -> MagicCondition {
        // A copy of less than four bytes would be compared with zeros behind it.
        if record.range != 0, record.range < 4 { return .always }
        var value: UInt32 = 0
        var mask: UInt32 = 0
        for (index, byte) in record.string.prefix(4).enumerated() {
            if record.stringFlags & MagicRecord.StringFlag.whitespace != 0, isWhitespace(byte) { break }
            // What is beyond ASCII is other bytes in UTF-8.
            if isText, byte >= 0x80 { break }
            let isLetter = 0x41...0x5A ~= byte & 0xDF
            let bits: UInt8 =
                isLetter && record.stringFlags & MagicRecord.StringFlag.ignoresCase != 0 ? 0xDF : 0xFF
            value |= UInt32(byte & bits) << (8 * index)
            mask |= UInt32(bits) << (8 * index)
        }
        return mask == 0 ? .always : .word(offset: offset, needed: record.valueCount, value: value, mask: mask)
    }

    static func isWhitespace(_ byte: UInt8) -> Bool { byte == 0x20 || 0x09...0x0D ~= byte }

    /// Two neighbours in a string that are the same whatever its comparison leaves out of account.
    private static func plainPair(_ record: MagicRecord) -> (UInt8, UInt8)? {
        let isExact =
            record.stringFlags & (MagicRecord.StringFlag.whitespace | MagicRecord.StringFlag.ignoresCase) == 0
        func isPlain(_ byte: UInt8) -> Bool { isExact || (!isWhitespace(byte) && !(0x41...0x5A ~= byte & 0xDF)) }
        return zip(record.string, record.string.dropFirst()).first { isPlain($0) && isPlain($1) }
    }
}

/// A number that a test compares with what is in the file.
struct MagicNumber {
    /// Bytes.
    let width: Int
    /// Whether the first byte is the highest.
    let isBig: Bool
    /// Its first four bytes as they lie in the file, and which bits of them count.
    let value: UInt32
    let mask: UInt32
    /// How many bytes there must be. Eight are compared even where the file ends before them.
    var needed: Int { width == 8 ? 0 : width }
    /// Whether what is in the file must be smaller than this (or greater); nil for other comparisons.
    let isBelow: Bool?
    private let number: UInt64
    private let isUnsigned: Bool

    /// nil for other kinds of tests, and where more is reckoned than to leave out some bits.
    init?(_ record: MagicRecord) {
        switch record.kind {
        case MagicRecord.Kind.byte: (width, isBig) = (1, false)
        case MagicRecord.Kind.short, MagicRecord.Kind.littleShort: (width, isBig) = (2, false)
        case MagicRecord.Kind.long, MagicRecord.Kind.littleLong: (width, isBig) = (4, false)
        case MagicRecord.Kind.quad, MagicRecord.Kind.littleQuad: (width, isBig) = (8, false)
        case MagicRecord.Kind.bigShort: (width, isBig) = (2, true)
        case MagicRecord.Kind.bigLong: (width, isBig) = (4, true)
        case MagicRecord.Kind.bigQuad: (width, isBig) = (8, true)
        default: return nil
        }
        // Operation 0 leaves out bits; bit 6 would turn all round.
        guard record.maskOperation & 0x47 == 0 else { return nil }
        (number, isUnsigned) = (record.number, record.flag & MagicRecord.Flag.isUnsigned != 0)
        let (width, isBig) = (width, isBig)
        func firstBytes(of number: UInt64) -> UInt32 {
            (0..<min(width, 4)).reduce(0) { word, index in
                let place = isBig ? width - 1 - index : index
                return word | UInt32(truncatingIfNeeded: (number >> UInt64(8 * place)) & 0xFF) << UInt32(8 * index)
            }
        }
        value = firstBytes(of: record.number)
        mask = firstBytes(of: record.mask == 0 ? .max : record.mask)
        switch record.relation {
        case UInt8(ascii: "<") where record.mask == 0 && width <= 4: isBelow = true
        case UInt8(ascii: ">") where record.mask == 0 && width <= 4: isBelow = false
        default: isBelow = nil
        }
    }

    /// Whether the number at `offset` is smaller, or greater, as the test wants it.
    func isBeyond(_ head: UnsafeRawBufferPointer, at offset: Int) -> Bool {
        guard let isBelow, offset <= head.count - width else { return false }
        let bytes = head[offset..<offset + width]
        let found = (isBig ? Array(bytes) : bytes.reversed()).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        if isUnsigned { return isBelow ? found < number : found > number }
        let shift = UInt64(64 - 8 * width)
        let (signed, limit) = (Int64(bitPattern: found << shift) >> Int64(shift), Int64(bitPattern: number))
        return isBelow ? signed < limit : signed > limit
    }
}
