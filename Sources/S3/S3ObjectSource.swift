import NIOCore
import Streams

/// An object in S3 that can be read at any place, by ranged requests of fixed blocks.
///
/// Who reads in order finds the next blocks on their way already. No more than ``mostBlocks`` are kept, so memory does not
/// grow with the object; each is asked for again by itself when the line is cut. For one thread that may block.
package final class S3ObjectSource: ByteSource {
    private static let blockBytes: Int64 = 4 << 20
    /// How many blocks are on their way while one is read.
    private static let ahead: Int64 = 3
    /// A ZIP archive is read at two places by turns: its directory, and what that names.
    private static let mostBlocks = 6

    private final class Block {
        let index: Int64
        private let request: Task<ByteBuffer, any Error>
        /// What came, so that small reads cost no more than copying.
        private(set) var arrived: ByteBuffer?

        init(_ index: Int64, _ request: Task<ByteBuffer, any Error>) {
            (self.index, self.request) = (index, request)
        }

        func bytes() throws -> ByteBuffer {
            if let arrived { return arrived }
            let request = request
            let bytes = try waiting { try await request.value }
            arrived = bytes
            return bytes
        }

        func cancel() { request.cancel() }
    }

    package let count: Int64
    private let client: S3Client
    private let bucket: String
    private let key: String
    private let etag: String
    /// The block that was used last is the last.
    private var blocks: [Block] = []

    /// Looks at the object; the bytes that are read later are those of this moment or none.
    ///
    /// - Returns: nil when there is no such object.
    /// - Throws: ``S3Failure``.
    package init?(_ client: S3Client, bucket: String, key: String) throws {
        guard let facts = try waiting({ try await client.head(bucket, key) }) else { return nil }
        guard facts.size >= 0 else {
            throw S3Failure(.other, doing: "look at s3://\(bucket)/\(key)", detail: "the server does not tell its size")
        }
        (self.client, self.bucket, self.key) = (client, bucket, key)
        count = facts.size
        etag = facts.etag
    }

    deinit { for block in blocks { block.cancel() } }

    package func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) throws -> Int {
        guard offset >= 0, offset < count else { return 0 }
        let wanted = Int(min(Int64(buffer.count), count - offset))
        var done = 0
        while done < wanted {
            let place = offset + Int64(done)
            let index = place / S3ObjectSource.blockBytes
            let block = try block(index)
            let start = Int(place - index * S3ObjectSource.blockBytes)
            let length = min(wanted - done, block.readableBytes - start)
            block.withUnsafeReadableBytes { bytes in
                UnsafeMutableRawBufferPointer(rebasing: buffer[done..<(done + length)]).copyMemory(
                    from: UnsafeRawBufferPointer(rebasing: bytes[start..<(start + length)]))
            }
            done += length
        }
        return wanted
    }

    private func block(_ index: Int64) throws -> ByteBuffer {
        let isInOrder = index == 0 || blocks.contains { $0.index == index - 1 }
        let wanted = request(index)
        if let bytes = wanted.arrived { return bytes }
        // Those in front are asked for before this one is waited for, and count as used before it.
        if isInOrder {
            let last = (count - 1) / S3ObjectSource.blockBytes
            for next in stride(from: index + 1, through: min(index + S3ObjectSource.ahead, last), by: 1) {
                _ = request(next)
            }
            _ = request(index)
        }
        return try wanted.bytes()
    }

    private func request(_ index: Int64) -> Block {
        if let place = blocks.firstIndex(where: { $0.index == index }) {
            let block = blocks.remove(at: place)
            blocks.append(block)
            return block
        }
        let start = index * S3ObjectSource.blockBytes
        let length = Int(min(S3ObjectSource.blockBytes, count - start))
        let (client, bucket, key, etag) = (client, bucket, key, etag)
        let block = Block(
            index,
            Task.detached {
                try await client.read(bucket, key, etag: etag, from: start, count: length)
            })
        blocks.append(block)
        if blocks.count > S3ObjectSource.mostBlocks { blocks.removeFirst().cancel() }
        return block
    }
}
