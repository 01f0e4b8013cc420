import FoundationEssentials
import HTTPTypes
import Streams

/// The digests that a client sends along with bytes.
struct DigestFields {
    /// Of the whole file: `Repr-Digest` (RFC 9530), or `Digest` (RFC 3230).
    let whole: SHA256Digest?
    /// Of what this request carries: `Content-Digest`.
    let piece: SHA256Digest?

    /// - Throws: ``APIError`` for a field that cannot be read; digests of other kinds are passed over.
    init(_ fields: HTTPFields) throws {
        whole = try DigestFields.sha256(fields[.reprDigest], "Repr-Digest") ?? DigestFields.old(fields[.digest])
        piece = try DigestFields.sha256(fields[.contentDigest], "Content-Digest")
    }

    /// `sha-256=:…:` in a dictionary of structured fields (RFC 8941 §3.2).
    private static func sha256(_ field: String?, _ name: String) throws -> SHA256Digest? {
        guard let field else { return nil }
        for member in field.split(separator: ",") {
            let word = member.trimmingBlanks()
            guard word.lowercased().hasPrefix("sha-256=") else { continue }
            let value = word.dropFirst("sha-256=".count)
            guard value.count > 2, value.first == ":", value.last == ":",
                let digest = digest(base64: value.dropFirst().dropLast())
            else { throw APIError(.badRequest, .badRequest, "the field \(name) has no SHA-256 value that can be read") }
            return digest
        }
        return nil
    }

    private static func old(_ field: String?) throws -> SHA256Digest? {
        guard let field else { return nil }
        for member in field.split(separator: ",") {
            let word = member.trimmingBlanks()
            guard word.lowercased().hasPrefix("sha-256=") else { continue }
            guard let digest = digest(base64: word.dropFirst("sha-256=".count)) else {
                throw APIError(.badRequest, .badRequest, "the field Digest has no SHA-256 value that can be read")
            }
            return digest
        }
        return nil
    }

    private static func digest(base64 text: some StringProtocol) -> SHA256Digest? {
        Data(base64Encoded: String(text)).flatMap { SHA256Digest($0) }
    }
}

/// Which bytes of a file a request carries: `Content-Range: bytes 0-99/1000`; `bytes */1000` for none, when all have
/// arrived and the server was cut off before it could record them.
struct ContentRange: Equatable {
    let first: Int64
    let last: Int64
    let total: Int64

    /// nil unless it is one of bytes.
    init?(_ text: String) {
        guard text.hasPrefix("bytes ") else { return nil }
        let parts = text.dropFirst("bytes ".count).split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let total = ContentRange.number(parts[1]) else { return nil }
        if parts[0] == "*" {
            (first, last, self.total) = (total, total - 1, total)
            return
        }
        let ends = parts[0].split(separator: "-", omittingEmptySubsequences: false)
        guard ends.count == 2, let first = ContentRange.number(ends[0]), let last = ContentRange.number(ends[1]),
            first <= last, last < total
        else { return nil }
        self.first = first
        self.last = last
        self.total = total
    }

    private static func number(_ text: Substring) -> Int64? {
        text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ? Int64(text) : nil
    }
}

/// The field `Range` with one range of bytes (RFC 9110 §14.1.2). What is anything else is passed over, as the standard has
/// it: all is sent then.
struct ByteRange: Equatable {
    private let first: Int64?
    private let last: Int64?

    init?(_ text: String) {
        guard text.hasPrefix("bytes=") else { return nil }
        let parts = text.dropFirst(6).split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ $0.utf8.allSatisfy { (48...57).contains($0) } }) else { return nil }
        first = Int64(parts[0])
        last = Int64(parts[1])
        // A number that is none, or too large, is no range; nor is one that ends before it begins.
        guard (first != nil) != parts[0].isEmpty, (last != nil) != parts[1].isEmpty, first != nil || last != nil else {
            return nil
        }
        if let first, let last, last < first { return nil }
    }

    /// The bytes of something that has `size`; nil when it has none of them.
    func range(of size: Int64) -> Range<Int64>? {
        guard let first else {
            let count = min(last ?? 0, size)
            return count > 0 ? (size - count)..<size : nil
        }
        return first < size ? first..<(min(last ?? size - 1, size - 1) + 1) : nil
    }
}
