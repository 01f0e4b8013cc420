import Streams

/// Positional reads of a source through one window, so that neighbouring small reads cost one system call.
struct WindowReader<Source: ByteSource>: ~Copyable {
    private static var windowBytes: Int { 64 << 10 }

    let source: Source
    let size: Int
    private var window: Scratch
    private var start = 0

    /// Reads through `window`, which ``release()`` gives back for the next source.
    init(_ source: Source, window: consuming Scratch) {
        self.source = source
        size = Int(clamping: source.count)
        self.window = window
        self.window.count = 0
    }

    consuming func release() -> Scratch { window }

    /// `count` bytes at `offset`, valid until the next read; nil when the source does not hold them all.
    ///
    /// `count` may not exceed 64 KB.
    mutating func bytes(at offset: Int, _ count: Int) throws -> UnsafeRawBufferPointer? {
        precondition(count <= Self.windowBytes, "a read larger than the window")
        guard offset >= 0, count >= 0, offset <= size - count else { return nil }
        if offset < start || offset + count > start + window.count {
            start = offset
            try window.load(min(Self.windowBytes, size - offset)) { try source.read(into: $0, at: Int64(offset)) }
            guard window.count >= count else { return nil }
        }
        return UnsafeRawBufferPointer(rebasing: window.bytes[(offset - start)..<(offset - start + count)])
    }
}

extension UnsafeRawBufferPointer {
    /// Little-endian numbers, as ZIP and OLE2 write them. The caller has checked the range.
    func u16(_ offset: Int) -> Int { Int(UInt16(littleEndian: loadUnaligned(fromByteOffset: offset, as: UInt16.self))) }
    func u32(_ offset: Int) -> Int { Int(UInt32(littleEndian: loadUnaligned(fromByteOffset: offset, as: UInt32.self))) }
    func u64(_ offset: Int) -> UInt64 { UInt64(littleEndian: loadUnaligned(fromByteOffset: offset, as: UInt64.self)) }
}
