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
