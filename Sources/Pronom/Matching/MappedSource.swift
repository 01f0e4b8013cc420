import Streams

/// Memory of the caller as a source, for as long as the call lasts.
struct MappedSource: ByteSource {
    let bytes: UnsafeRawBufferPointer

    var count: Int64 { Int64(bytes.count) }

    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) -> Int {
        guard offset >= 0, offset < count else { return 0 }
        let length = min(buffer.count, bytes.count - Int(offset))
        buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[Int(offset)..<Int(offset) + length]))
        return length
    }
}
