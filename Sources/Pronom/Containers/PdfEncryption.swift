import Streams

/// Tells whether a PDF can only be opened with a password or key: its last trailer has an `Encrypt` entry
/// (ISO 32000-1 §7.5.5, §7.6.1).
enum PdfEncryption {
    /// Bytes before the end in which `startxref` and, for tables, the trailer are looked for.
    private static let tailBytes = 16 << 10
    /// Bytes of a cross-reference stream's dictionary looked at.
    private static let dictionaryBytes = 4 << 10

    /// - Parameter memory: what it is read into.
    static func isEncrypted(_ source: some ByteSource, _ memory: inout Scratch) throws -> Bool {
        let size = Int(clamping: source.count)
        let start = max(0, size - tailBytes)
        try memory.load(size - start) { try source.read(into: $0, at: Int64(start)) }
        guard let mark = last("startxref", in: memory.bytes) else { return false }
        // A trailer directly before `startxref`: the classic form.
        let before = UnsafeRawBufferPointer(rebasing: memory.bytes[..<mark])
        if let trailer = last("trailer", in: before),
            namesEncryption(UnsafeRawBufferPointer(rebasing: before[trailer...]))
        {
            return true
        }
        guard let offset = number(memory.bytes, from: mark + 9), offset < size else { return false }
        // A cross-reference stream: the dictionary at the offset is the trailer. A table there (the first part of a
        // linearised file) is followed by its own trailer.
        try memory.load(min(dictionaryBytes, size - offset)) { try source.read(into: $0, at: Int64(offset)) }
        var dictionary = memory.bytes
        if memory.bytes.starts(with: "xref".utf8) {
            guard let trailer = first("trailer", in: memory.bytes) else { return false }
            dictionary = UnsafeRawBufferPointer(rebasing: memory.bytes[trailer...])
            if let end = first("startxref", in: dictionary) {
                dictionary = UnsafeRawBufferPointer(rebasing: dictionary[..<end])
            }
        } else if let end = first("stream", in: memory.bytes) {
            dictionary = UnsafeRawBufferPointer(rebasing: memory.bytes[..<end])
        }
        return namesEncryption(dictionary)
    }

    /// The key `/Encrypt` with a value behind it, not a longer name such as `/EncryptMetadata`.
    private static func namesEncryption(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var rest = bytes
        while let at = first("/Encrypt", in: rest) {
            let next = at + 8
            guard next < rest.count else { return false }
            let byte = rest[next]
            if byte <= 0x20 || byte == UInt8(ascii: "<") || (0x30...0x39).contains(byte) { return true }
            rest = UnsafeRawBufferPointer(rebasing: rest[next...])
        }
        return false
    }

    private static func number(_ bytes: UnsafeRawBufferPointer, from start: Int) -> Int? {
        var at = start
        while at < bytes.count, bytes[at] <= 0x20 { at += 1 }
        var value = 0
        let first = at
        while at < bytes.count, at - first < 15, (0x30...0x39).contains(bytes[at]) {
            value = value * 10 + Int(bytes[at] - 0x30)
            at += 1
        }
        return at > first ? value : nil
    }

    private static func first(_ text: StaticString, in bytes: UnsafeRawBufferPointer) -> Int? {
        guard bytes.count >= text.utf8CodeUnitCount else { return nil }
        for at in 0...(bytes.count - text.utf8CodeUnitCount) where stands(text, bytes, at) { return at }
        return nil
    }

    private static func last(_ text: StaticString, in bytes: UnsafeRawBufferPointer) -> Int? {
        var at = bytes.count - text.utf8CodeUnitCount
        while at >= 0 {
            if stands(text, bytes, at) { return at }
            at -= 1
        }
        return nil
    }

    private static func stands(_ text: StaticString, _ bytes: UnsafeRawBufferPointer, _ at: Int) -> Bool {
        let wanted = text.utf8Start
        for index in 0..<text.utf8CodeUnitCount where bytes[at + index] != wanted[index] { return false }
        return true
    }
}
