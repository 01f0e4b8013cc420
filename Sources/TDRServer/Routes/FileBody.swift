import Hummingbird
import NIOCore
import Streams

/// A file as the body of a response, a piece after the other.
struct FileBody: Sendable {
    private static let piece: Int64 = 1 << 20

    let file: SharedFile
    /// Bytes of the whole file.
    let size: Int64
    let threads: BlockingExecutor

    /// All of `file`.
    init(_ file: SharedFile, _ threads: BlockingExecutor) throws {
        self.file = file
        self.threads = threads
        size = Int64(try file.file.status().size)
    }

    var body: ResponseBody { body(0..<size) }

    /// A part of it.
    func body(_ range: Range<Int64>) -> ResponseBody {
        ResponseBody(contentLength: range.count) { [self] writer in
            var place = range.lowerBound
            while place < range.upperBound {
                let (from, most) = (place, min(FileBody.piece, range.upperBound - place))
                let piece = try await onThreads(threads) {
                    let buffer = Buffer(count: Int(most))
                    let count = try file.file.read(into: buffer.bytes, at: from)
                    return ByteBuffer(bytes: buffer.prefix(count))
                }
                guard piece.readableBytes > 0 else { throw APIError.notFound }
                place += Int64(piece.readableBytes)
                try await writer.write(piece)
            }
            try await writer.finish(nil)
        }
    }
}
