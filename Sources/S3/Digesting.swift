import FoundationEssentials
package import NIOCore
package import Streams

/// The SHA-256 of a buffer's readable bytes.
package func digest(of buffer: ByteBuffer) -> SHA256Digest {
    var hasher = SHA256Hasher()
    buffer.withUnsafeReadableBytes { hasher.update($0) }
    return hasher.finish()
}

/// The MD5, which most servers give as the ETag.
package func md5(of buffer: ByteBuffer) -> String {
    var digests = DigestSet([.md5])
    buffer.withUnsafeReadableBytes { digests.update($0) }
    return Hex.encode(digests.finish()[.md5] ?? [])
}

func isMD5(_ etag: String) -> Bool { etag.utf8.count == 32 && Hex.decode(Array(etag.utf8)) != nil }

/// An ETag without its quotes.
func plainETag(_ text: String) -> String {
    text.hasPrefix("\"") && text.hasSuffix("\"") && text.count > 1 ? String(text.dropFirst().dropLast()) : text
}

func base64(_ bytes: [UInt8]) -> String { FoundationEssentials.Data(bytes).base64EncodedString() }

/// The digest that `x-amz-checksum-sha256` and its likes have; nil when it is none.
func sha256(base64 text: String) -> SHA256Digest? {
    FoundationEssentials.Data(base64Encoded: text).flatMap { SHA256Digest($0) }
}

/// The checksum of an object that was made of parts: the SHA-256 of the parts' SHA-256, and how many they are.
func checksum(ofParts parts: [SHA256Digest]) -> String {
    "\(base64(SHA256Digest.of(parts.flatMap(\.bytes)).bytes))-\(parts.count)"
}

/// Whether the checksum that a server keeps is the one that was made here. Some servers leave out of how many parts an
/// object was made.
package func isChecksum(_ kept: String, of made: String) -> Bool { kept == made || made.hasPrefix("\(kept)-") }
