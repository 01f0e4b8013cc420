import Streams

/// Reads comma-separated values (RFC 4180) from bytes, one record at a time.
///
/// UTF-8 with or without a byte order mark; lines end in LF, CRLF or CR; a quoted field may hold line ends, and two
/// quotes in it stand for one. Lines of no bytes are passed over. Memory is bounded by ``RecordLimits``: of a line
/// that has no end no more is kept than they allow.
package struct RecordReader: ~Copyable {
    /// Reads the next bytes into a buffer: how many, 0 at the end.
    package typealias Source = (UnsafeMutableRawBufferPointer) throws -> Int

    private enum State {
        case start, plain, quoted, quoteInQuoted
    }

    private let source: Source
    private let limits: RecordLimits
    private let buffer: Buffer
    private var filled = 0
    private var place = 0
    private var isAtEnd = false
    private var line = 1
    private var lastWasCR = false

    /// The bytes of the fields of the record that was read last, one after the other.
    private var bytes: [UInt8] = []
    /// Where each of them ends.
    private var ends: [Int] = []
    /// How many records were read.
    package private(set) var record = 0
    /// The line on which the record that was read last begins, from 1.
    package private(set) var firstLine = 1

    /// A reader of what `source` gives, in pieces of `piece` bytes.
    package init(limits: RecordLimits = RecordLimits(), piece: Int = 1 << 16, source: @escaping Source) {
        self.limits = limits
        self.source = source
        buffer = Buffer(count: max(4, piece))
    }

    /// How many fields the record has.
    package var count: Int { ends.count }

    /// The field at `index`, as text.
    package func field(_ index: Int) -> String {
        String(decoding: bytes[(index == 0 ? 0 : ends[index - 1])..<ends[index]], as: UTF8.self)
    }

    /// All fields of the record.
    package var fields: [String] { (0..<count).map { field($0) } }

    /// Reads the next record; false at the end.
    ///
    /// - Throws: ``DelimitedFault``, after which nothing more can be read; whatever the source throws.
    package mutating func next() throws -> Bool {
        bytes.removeAll(keepingCapacity: true)
        ends.removeAll(keepingCapacity: true)
        firstLine = line
        var state = State.start
        while true {
            if place == filled, try !refill() {
                guard state != .quoted else { throw fault(.openQuote) }
                // A last line without an end.
                guard state != .start || !ends.isEmpty else { return false }
                try endField()
                try endRecord()
                return true
            }
            let byte = buffer.bytes[place]
            place += 1
            if byte == 0 { throw fault(.nul) }
            // The LF of a CRLF belongs to the end of the line before it.
            let isSecondOfCRLF = byte == 0x0A && lastWasCR
            lastWasCR = byte == 0x0D
            if byte == 0x0D || (byte == 0x0A && !isSecondOfCRLF) { line += 1 }
            switch state {
            case .quoted:
                if byte == 0x22 { state = .quoteInQuoted } else { try keep(byte) }
            case .start, .plain, .quoteInQuoted:
                if byte == 0x2C {
                    try endField()
                    state = .start
                } else if byte == 0x0D || byte == 0x0A {
                    if state == .start, ends.isEmpty {
                        firstLine = line
                        continue
                    }
                    try endField()
                    try endRecord()
                    return true
                } else if byte == 0x22 {
                    switch state {
                    case .start: state = .quoted
                    case .quoteInQuoted:
                        try keep(byte)
                        state = .quoted
                    default: throw fault(.strayQuote)
                    }
                } else {
                    if state == .quoteInQuoted { throw fault(.afterQuote) }
                    try keep(byte)
                    state = .plain
                }
            }
        }
    }

    private mutating func refill() throws -> Bool {
        if isAtEnd { return false }
        let isFirst = record == 0 && filled == 0
        place = 0
        filled = try source(buffer.bytes)
        // A byte order mark may come in pieces, too.
        while isFirst, filled > 0, filled < 3, buffer.bytes.count >= 3 {
            let more = try source(UnsafeMutableRawBufferPointer(rebasing: buffer.bytes[filled...]))
            if more == 0 { break }
            filled += more
        }
        if isFirst, filled >= 3, buffer.bytes[0] == 0xEF, buffer.bytes[1] == 0xBB, buffer.bytes[2] == 0xBF { place = 3 }
        if filled == 0 { isAtEnd = true }
        // Nothing but the mark: what follows it decides.
        return place < filled ? true : try refill()
    }

    private mutating func keep(_ byte: UInt8) throws(DelimitedFault) {
        bytes.append(byte)
        if bytes.count - (ends.last ?? 0) > limits.field { throw fault(.fieldTooLong(limit: limits.field)) }
        if bytes.count > limits.record { throw fault(.recordTooLong(limit: limits.record)) }
    }

    private mutating func endField() throws(DelimitedFault) {
        if ends.count == limits.fields { throw fault(.tooManyFields(limit: limits.fields)) }
        ends.append(bytes.count)
    }

    private mutating func endRecord() throws(DelimitedFault) {
        record += 1
        // Separators are ASCII: a record that is UTF-8 has fields that are.
        guard bytes.withUnsafeBytes({ isUTF8($0) }) else {
            throw DelimitedFault(kind: .notUTF8, line: firstLine, record: record)
        }
    }

    private func fault(_ kind: DelimitedFault.Kind) -> DelimitedFault {
        DelimitedFault(kind: kind, line: kind == .openQuote ? firstLine : line, record: record + 1)
    }
}

private func isUTF8(_ bytes: UnsafeRawBufferPointer) -> Bool {
    if bytes.allSatisfy({ $0 < 0x80 }) { return true }
    return String(validating: bytes, as: UTF8.self) != nil
}
