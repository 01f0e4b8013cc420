/// The encodings in which tag files are read (RFC 8493 §2.1.1 names UTF-8 as the one to write).
package enum TagEncoding: String, Sendable {
    case utf8 = "UTF-8"
    case latin1 = "ISO-8859-1"
    case utf16 = "UTF-16"

    /// Takes the name as `bagit.txt` has it, in any case; nil for one that is not known here.
    package init?(named name: String) {
        switch name.uppercased() {
        case "UTF-8", "UTF8", "US-ASCII", "ASCII": self = .utf8
        case "ISO-8859-1", "ISO8859-1", "ISO_8859-1", "LATIN1", "LATIN-1": self = .latin1
        case "UTF-16", "UTF16": self = .utf16
        default: return nil
        }
    }
}

/// Cuts a tag file into lines while it streams by: LF, CR and CRLF all end one (RFC 8493 §2.1.3). Lines come as UTF-8.
///
/// Works on bytes: to Swift's `Character`, CRLF is one and never equal to LF. Holds one line at a time.
struct TagText {
    enum Fault: Error { case lineTooLong(limit: Int), badUTF16 }

    private let encoding: TagEncoding
    private let lineLimit: Int
    private var line: [UInt8] = []
    private var endedWithCR = false
    private var isFirst = true
    /// The number of the line that is being read, from 1.
    private(set) var number = 1
    /// Whether the file starts with a UTF-8 byte order mark.
    private(set) var hasMark = false
    private var utf16 = UTF16Decoder()

    init(_ encoding: TagEncoding, lineLimit: Int) {
        self.encoding = encoding
        self.lineLimit = lineLimit
    }

    /// Takes the next bytes; `body` gets each line that ends in them, without its end, and its number.
    mutating func consume(
        _ bytes: UnsafeRawBufferPointer, _ body: (_ line: [UInt8], _ number: Int) throws -> Void
    ) throws {
        switch encoding {
        case .utf8: try split(bytes, body)
        case .latin1:
            var text: [UInt8] = []
            text.reserveCapacity(bytes.count * 2)
            for byte in bytes {
                if byte < 0x80 {
                    text.append(byte)
                } else {
                    text.append(0xC0 | byte >> 6)
                    text.append(0x80 | byte & 0x3F)
                }
            }
            try text.withUnsafeBytes { try split($0, body) }
        case .utf16:
            var text: [UInt8] = []
            try utf16.decode(bytes, into: &text)
            try text.withUnsafeBytes { try split($0, body) }
        }
    }

    /// Gives the last line, where the file does not end with a line end.
    mutating func finish(_ body: (_ line: [UInt8], _ number: Int) throws -> Void) throws {
        if encoding == .utf16 { try utf16.finish() }
        if !line.isEmpty { try end(body) }
    }

    private mutating func split(
        _ bytes: UnsafeRawBufferPointer, _ body: (_ line: [UInt8], _ number: Int) throws -> Void
    ) throws {
        var start = 0
        for index in bytes.indices {
            let byte = bytes[index]
            guard isLineBreak(byte) else {
                endedWithCR = false
                continue
            }
            if byte == UInt8(ascii: "\n"), endedWithCR {
                endedWithCR = false
            } else {
                try take(bytes[start..<index])
                try end(body)
                endedWithCR = byte == UInt8(ascii: "\r")
            }
            start = index + 1
        }
        try take(bytes[start...])
    }

    private mutating func take(_ piece: Slice<UnsafeRawBufferPointer>) throws {
        guard line.count + piece.count <= lineLimit else { throw Fault.lineTooLong(limit: lineLimit) }
        line.append(contentsOf: piece)
    }

    private mutating func end(_ body: (_ line: [UInt8], _ number: Int) throws -> Void) throws {
        if isFirst, line.starts(with: [0xEF, 0xBB, 0xBF]) {
            // From UTF-16 the mark is part of the encoding; in UTF-8 it is a fault to report.
            hasMark = encoding == .utf8
            line.removeFirst(3)
        }
        isFirst = false
        try body(line, number)
        number += 1
        line.removeAll(keepingCapacity: true)
    }
}

/// UTF-16 to UTF-8, in pieces that may end in the middle of anything. Big-endian where no mark says otherwise (RFC 2781 §4.3).
private struct UTF16Decoder {
    private var littleEndian: Bool?
    private var oddByte: UInt8?
    private var highSurrogate: UInt32?

    mutating func decode(_ bytes: UnsafeRawBufferPointer, into out: inout [UInt8]) throws {
        for byte in bytes {
            guard let first = oddByte else {
                oddByte = byte
                continue
            }
            oddByte = nil
            if littleEndian == nil { littleEndian = first == 0xFF && byte == 0xFE }
            let unit = littleEndian == true ? UInt32(byte) << 8 | UInt32(first) : UInt32(first) << 8 | UInt32(byte)
            try take(unit, into: &out)
        }
    }

    func finish() throws {
        guard oddByte == nil, highSurrogate == nil else { throw TagText.Fault.badUTF16 }
    }

    private mutating func take(_ unit: UInt32, into out: inout [UInt8]) throws {
        let value: UInt32
        switch (unit, highSurrogate) {
        case (0xD800...0xDBFF, nil):
            highSurrogate = unit
            return
        case (0xDC00...0xDFFF, let high?):
            value = 0x10000 + (high - 0xD800) << 10 + (unit - 0xDC00)
            highSurrogate = nil
        case (_, .some), (0xDC00...0xDFFF, nil): throw TagText.Fault.badUTF16
        default: value = unit
        }
        guard let scalar = Unicode.Scalar(value) else { throw TagText.Fault.badUTF16 }
        out.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
    }
}
