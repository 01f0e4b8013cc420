import Streams

/// An entry of a ZIP's central directory (APPNOTE.TXT §4.3.12).
struct ZipEntry {
    var method = 0
    var compressedSize = 0
    var size = 0
    /// Of the local header in the source, leading junk added.
    var headerOffset = 0
    var isEncrypted = false
}

/// Finds and walks the central directory of a ZIP: the only list of entries that counts, since sizes in local headers may
/// be left to data descriptors.
struct ZipDirectory {
    /// Of the first central record in the source.
    private var position = 0
    private var end = 0
    /// Bytes before the archive proper, as in self-extracting programs; offsets are relative to what follows.
    private var junk = 0

    private static let endSignature = 0x0605_4B50
    private static let centralSignature = 0x0201_4B50
    private static let end64Signature = 0x0606_4B50
    private static let locator64Signature = 0x0706_4B50
    private static let localSignature = 0x0403_4B50

    /// Finds the directory; nil when there is none.
    init?(_ reader: inout WindowReader<some ByteSource>) throws {
        guard let record = try Self.findEnd(&reader), let bytes = try reader.bytes(at: record, 22) else { return nil }
        var size = bytes.u32(12)
        var offset = bytes.u32(16)
        var recordStart = record
        let needs64 = bytes.u16(10) == 0xFFFF || size == 0xFFFF_FFFF || offset == 0xFFFF_FFFF
        if needs64, let found = try Self.read64(&reader, before: record) {
            (recordStart, size, offset) = found
        }
        guard size >= 0, size <= recordStart else { return nil }
        // The directory ends where the end record begins; that place counts more than the written offset.
        position = recordStart - size
        junk = position - offset
        let isDirectory = try size < 46 || reader.bytes(at: position, 4)?.u32(0) == Self.centralSignature
        if junk < 0 || !isDirectory {
            guard offset >= 0, offset <= recordStart - size else { return nil }
            position = offset
            junk = 0
        }
        end = position + size
    }

    /// The next entry and its name, which is valid until the next read; nil at the end or where the directory is damaged.
    mutating func next(
        _ reader: inout WindowReader<some ByteSource>
    ) throws -> (entry: ZipEntry, name: UnsafeRawBufferPointer)? {
        guard position + 46 <= end, let fixed = try reader.bytes(at: position, 46),
            fixed.u32(0) == Self.centralSignature
        else { return nil }
        let nameLength = fixed.u16(28)
        let extraLength = fixed.u16(30)
        let total = 46 + nameLength + extraLength + fixed.u16(32)
        var entry = ZipEntry(
            method: fixed.u16(10), compressedSize: fixed.u32(20), size: fixed.u32(24), headerOffset: fixed.u32(42),
            isEncrypted: fixed.u16(8) & 1 == 1)
        if entry.size == 0xFFFF_FFFF || entry.compressedSize == 0xFFFF_FFFF || entry.headerOffset == 0xFFFF_FFFF {
            guard let extra = try reader.bytes(at: position + 46 + nameLength, extraLength) else { return nil }
            Self.widen(&entry, extra)
        }
        entry.headerOffset += junk
        guard let name = try reader.bytes(at: position + 46, nameLength) else { return nil }
        position += total
        return (entry, name)
    }

    /// Where the data of an entry begins; nil when there is no local header.
    static func dataOffset(of entry: ZipEntry, _ reader: inout WindowReader<some ByteSource>) throws -> Int? {
        guard let local = try reader.bytes(at: entry.headerOffset, 30), local.u32(0) == localSignature else {
            return nil
        }
        return entry.headerOffset + 30 + local.u16(26) + local.u16(28)
    }

    /// The end record: the last one whose comment fits into the file, searched through the 64 KB a comment may have.
    private static func findEnd(_ reader: inout WindowReader<some ByteSource>) throws -> Int? {
        var at = reader.size - 22
        let lowest = max(0, at - 0xFFFF)
        while at >= lowest {
            // A block is read from its start, so step back by whole blocks.
            let from = max(lowest, at - 4095)
            guard let block = try reader.bytes(at: from, at - from + 22) else { return nil }
            while at >= from {
                if block[at - from] == 0x50, block.u32(at - from) == endSignature,
                    at + 22 + block.u16(at - from + 20) <= reader.size
                {
                    return at
                }
                at -= 1
            }
        }
        return nil
    }

    /// The ZIP64 end record (§4.3.14): where it starts, and size and offset of the directory.
    private static func read64(
        _ reader: inout WindowReader<some ByteSource>, before end: Int
    ) throws -> (start: Int, size: Int, offset: Int)? {
        guard let locator = try reader.bytes(at: end - 20, 20), locator.u32(0) == locator64Signature else { return nil }
        let written = Int(exactly: locator.u64(8)) ?? -1
        // With leading junk the written offset is too small; the usual place is just before the locator.
        for start in [written, end - 20 - 56] {
            guard let record = try reader.bytes(at: start, 56), record.u32(0) == end64Signature else { continue }
            guard let size = Int(exactly: record.u64(40)), let offset = Int(exactly: record.u64(48)) else { return nil }
            return (start, size, offset)
        }
        return nil
    }

    /// Takes 64-bit values from the extra field (§4.5.3), in the order in which the short ones overflowed.
    private static func widen(_ entry: inout ZipEntry, _ extra: UnsafeRawBufferPointer) {
        var at = 0
        while at + 4 <= extra.count {
            let length = extra.u16(at + 2)
            guard at + 4 + length <= extra.count else { return }
            if extra.u16(at) == 1 {
                var field = at + 4
                let end = field + length
                func next(_ value: Int) -> Int {
                    guard value == 0xFFFF_FFFF, field + 8 <= end else { return value }
                    defer { field += 8 }
                    // A number beyond the range of files cannot be right; as it stands nothing will be found there.
                    return Int(clamping: extra.u64(field) & 0x0FFF_FFFF_FFFF_FFFF)
                }
                entry.size = next(entry.size)
                entry.compressedSize = next(entry.compressedSize)
                entry.headerOffset = next(entry.headerOffset)
                return
            }
            at += 4 + length
        }
    }
}
