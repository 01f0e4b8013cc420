import S3
import Streams

/// An object on its way into S3: in one request when it is small, else in parts that are kept in the store, so that the
/// next run goes on with them.
///
/// Memory: one part that fills and two on the way, 24 MiB for objects up to 15 GiB.
final class S3NewObject: NewObject {
    static let sizes: MultipartWriter.Sizes = {
        var sizes = MultipartWriter.Sizes.usual
        sizes.inFlight = 16 << 20
        return sizes
    }()

    private let client: S3Client
    private let bucket: String
    private let key: String
    private let path: BytePath
    private let journal: any S3Journal
    /// The first bytes, until there are so many that they go in parts.
    private var head: [UInt8] = []
    private var writer: MultipartWriter?
    private var size: Int64 = 0

    init(_ client: S3Client, bucket: String, key: String, path: BytePath, journal: any S3Journal) {
        (self.client, self.bucket, self.key, self.path) = (client, bucket, key, path)
        self.journal = journal
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws {
        size += Int64(bytes.count)
        if let writer { return try writer.write(bytes) }
        guard head.count + bytes.count > S3NewObject.sizes.first else {
            head += bytes
            return
        }
        let writer = try begin()
        self.writer = writer
        try head.withUnsafeBytes { try writer.write($0) }
        head = []
        try writer.write(bytes)
    }

    private func begin() throws -> MultipartWriter {
        let (client, bucket, key) = (client, bucket, key)
        // No row names it: left by a run that was cut off before it could record the file.
        try waiting { if try await client.head(bucket, key) != nil { try await client.delete(bucket, key) } }
        return try MultipartWriter(
            client: client, bucket: bucket, key: key, options: S3ObjectOptions(), journal: journal,
            sizes: S3NewObject.sizes)
    }

    func skip(to offset: Int64) throws {
        let zeros = Buffer(count: 1 << 20)
        zeros.bytes.initializeMemory(as: UInt8.self, repeating: 0)
        while size < offset {
            try Task.checkCancellation()
            try write(zeros.prefix(Int(min(Int64(zeros.bytes.count), offset - size))))
        }
    }

    func finish(_ sha256: SHA256Digest) throws {
        guard let writer else { return try put() }
        do {
            let checksum = try writer.finish(metadata: [])
            if let reason = try objectFault(client, bucket, key, size: size, checksum: checksum) {
                throw ObjectPlaceError.notKept(path, reason: reason)
            }
        } catch let failure as S3Failure where [.exists, .noSuchUpload].contains(failure.kind) {
            // The answer got lost, and the second try met what the first had made.
            guard try digestOfObject(client, bucket, key) == sha256 else { throw failure }
        }
        try writer.close()
    }

    /// The server's answer has its digest of what arrived, which is compared there.
    private func put() throws {
        let (client, bucket, key, bytes) = (client, bucket, key, head)
        try waiting {
            do {
                try await client.put(bucket, key, bytes, onlyNew: true)
            } catch let failure as S3Failure where failure.kind == .exists {
                // No row names it: left by a run that was cut off before it could record the file.
                try await client.put(bucket, key, bytes, onlyNew: false)
            }
        }
    }

    func discard() { writer?.abandon() }
}

/// What is wrong with an object that was sent: its size, or the digest that the server keeps. `checksum` is the SHA-256
/// of the parts' SHA-256 and their count, or of the only part.
func objectFault(_ client: S3Client, _ bucket: String, _ key: String, size: Int64, checksum: String) throws -> String? {
    guard let facts = try waiting({ try await client.head(bucket, key) }) else {
        return "the server has taken it and does not have it now"
    }
    if facts.size != size { return "the server has \(facts.size) bytes of it, and \(size) were sent" }
    if let kept = facts.checksum, !isChecksum(kept, of: checksum) {
        return "the server's SHA-256 of it is \(kept), and \(checksum) was sent"
    }
    return nil
}

/// The SHA-256 of an object by all its bytes.
func digestOfObject(_ client: S3Client, _ bucket: String, _ key: String) throws -> SHA256Digest {
    try waiting { try await client.digestByReading(bucket, key) }
}
