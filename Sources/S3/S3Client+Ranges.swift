import AsyncHTTPClient
package import NIOCore
import NIOHTTP1

extension S3Client {
    /// `count` bytes of an object from `offset` on, all of them within the object.
    ///
    /// - Parameter etag: The object as it was first seen; another one is refused. Empty where the server gave none.
    /// - Throws: ``S3Failure``, ``S3ObjectChanged``.
    package func read(
        _ bucket: String, _ key: String, etag: String, from offset: Int64, count: Int
    ) async throws -> ByteBuffer {
        let place = "read s3://\(bucket)/\(key)"
        var headers = [("range", "bytes=\(offset)-\(offset + Int64(count) - 1)")]
        if !etag.isEmpty { headers.append(("if-match", "\"\(etag)\"")) }
        do {
            return try await retrying(place) {
                // Slow lines have their time.
                let response = try await execute(
                    "GET", bucket, key, [], headers, Payload(), limit: .seconds(300 + Int64(count) / 100_000))
                let status = Int(response.status.code)
                if status == 200 {
                    throw S3Failure(
                        .other, doing: place, detail: "the server answers a request for some bytes with all of them")
                }
                if status != 206 {
                    throw S3Failure(doing: place, status: status, body: try await text(of: response))
                }
                var bytes = ByteBuffer()
                bytes.reserveCapacity(count)
                for try await var piece in response.body {
                    guard piece.readableBytes <= count - bytes.readableBytes else {
                        throw S3Failure(.other, doing: place, detail: "more came than the \(count) bytes asked for")
                    }
                    bytes.writeBuffer(&piece)
                }
                guard bytes.readableBytes == count else {
                    throw S3Failure(
                        .unreachable, doing: place, detail: "\(bytes.readableBytes) bytes came of \(count)")
                }
                return bytes
            }
        } catch let failure as S3Failure where failure.kind == .exists || failure.kind == .noSuchKey {
            // The precondition did not hold, or it is gone: it was there when it was first seen.
            throw S3ObjectChanged(place: "s3://\(bucket)/\(key)")
        }
    }
}

/// An object is not any more what it was when reading it began.
package struct S3ObjectChanged: Error, CustomStringConvertible {
    let place: String

    package var description: String {
        "'\(place)' changed while it was read; try again when nothing writes to it"
    }
}
