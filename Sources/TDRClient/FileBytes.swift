import Glibc
import NIOCore
import Streams
import TDRCore

/// The bytes of a file from an offset on, as they are sent; read on threads that may block.
struct FileBytes: AsyncSequence, Sendable {
    typealias Element = ByteBuffer
    private static let piece = 512 << 10

    let file: SharedFile
    let offset: Int64
    let threads: BlockingExecutor
    let meter: ProgressMeter

    struct AsyncIterator: AsyncIteratorProtocol {
        let bytes: FileBytes
        var place: Int64

        mutating func next() async throws -> ByteBuffer? {
            let (bytes, place) = (bytes, place)
            let buffer = try await withTaskExecutorPreference(bytes.threads) {
                var buffer = ByteBufferAllocator().buffer(capacity: FileBytes.piece)
                try buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: FileBytes.piece) { room in
                    try bytes.file.file.read(
                        into: UnsafeMutableRawBufferPointer(rebasing: room.prefix(FileBytes.piece)), at: place)
                }
                return buffer
            }
            if buffer.readableBytes == 0 { return nil }
            self.place += Int64(buffer.readableBytes)
            bytes.meter.add(bytes: Int64(buffer.readableBytes))
            return buffer
        }
    }

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(bytes: self, place: offset) }
}
