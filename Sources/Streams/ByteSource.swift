/// Bytes that can be read at any place: a file, a member of a container, a piece of memory.
///
/// `read` may be called in any order and often; it does not move anything. A source belongs to one task at a time.
package protocol ByteSource {
    /// Bytes in all.
    var count: Int64 { get }

    /// Reads at `offset` into `buffer`: the number of bytes, less than asked only at the end, 0 beyond it.
    ///
    /// - Throws: what the source meets when its bytes cannot be had.
    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) throws -> Int
}

extension ByteSource {
    /// Calls `body` with all bytes in pieces of a megabyte and the place of each.
    package func forEachPiece(_ body: (UnsafeRawBufferPointer, Int64) throws -> Void) throws {
        let buffer = Buffer(count: 1 << 20)
        var offset: Int64 = 0
        while offset < count {
            let read = try read(into: buffer.bytes, at: offset)
            if read == 0 { return }
            try body(buffer.prefix(read), offset)
            offset += Int64(read)
        }
    }
}

/// A piece of memory as a source.
package struct MemorySource: ByteSource, Sendable {
    private let bytes: [UInt8]

    package init(_ bytes: [UInt8]) { self.bytes = bytes }

    package var count: Int64 { Int64(bytes.count) }

    package func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) -> Int {
        guard offset >= 0, offset < count else { return 0 }
        let length = min(buffer.count, bytes.count - Int(offset))
        bytes.withUnsafeBytes { raw in
            buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: raw[Int(offset)..<Int(offset) + length]))
        }
        return length
    }
}

/// An open file as a source. Borrows the descriptor: the file must outlive it.
package struct FileSource: ByteSource {
    private let descriptor: Int32
    private let path: BytePath
    package let count: Int64

    /// `count` is the size the caller saw when it opened the file.
    package init(_ file: borrowing OpenFile, count: Int64) {
        descriptor = file.descriptor
        path = file.path
        self.count = count
    }

    package func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) throws -> Int {
        try readFully(descriptor, into: buffer, at: offset, path: path)
    }
}

/// An open file as a source that keeps it open. Its size is that of the moment when it was made.
package final class OpenFileSource: ByteSource {
    private let file: OpenFile
    package let count: Int64

    /// - Throws: ``SystemFault``.
    package init(_ file: consuming OpenFile) throws(SystemFault) {
        count = try file.status().size
        self.file = file
    }

    package func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) throws -> Int {
        try file.read(into: buffer, at: offset)
    }
}

/// Passes the bytes of another source on and computes their SHA-256 beside, as far as they are asked for in order; what
/// was left out is read in the end.
package final class HashingSource: ByteSource {
    /// Gaps up to this length are read at once, while whoever reads is near.
    private static let nearbyBytes: Int64 = 64 << 10

    private let base: any ByteSource
    private var hasher = SHA256Hasher()
    private var hashed: Int64 = 0

    package init(_ base: any ByteSource) { self.base = base }

    package var count: Int64 { base.count }

    package func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) throws -> Int {
        let read = try base.read(into: buffer, at: offset)
        if offset > hashed, offset - hashed <= HashingSource.nearbyBytes { try hash(upTo: offset) }
        if offset <= hashed, offset + Int64(read) > hashed {
            hasher.update(UnsafeRawBufferPointer(rebasing: buffer[Int(hashed - offset)..<read]))
            hashed = offset + Int64(read)
        }
        return read
    }

    /// The SHA-256 of all bytes. Call it once.
    ///
    /// - Throws: what the source throws; `CancellationError`.
    package func finish() throws -> SHA256Digest {
        try hash(upTo: base.count)
        return hasher.finish()
    }

    private func hash(upTo end: Int64) throws {
        let buffer = Buffer(count: 256 << 10)
        while hashed < end {
            try Task.checkCancellation()
            let room = UnsafeMutableRawBufferPointer(
                rebasing: buffer.bytes[..<Int(min(Int64(buffer.bytes.count), end - hashed))])
            let read = try base.read(into: room, at: hashed)
            if read == 0 { return }
            hasher.update(buffer.prefix(read))
            hashed += Int64(read)
        }
    }
}
