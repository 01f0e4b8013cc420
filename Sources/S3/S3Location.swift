package import Streams

/// `s3://bucket/prefix`: where objects go.
package struct S3Location: Hashable, Sendable, CustomStringConvertible {
    package let bucket: String
    /// What keys begin with, without a slash at either end; may be empty.
    package let prefix: String

    private static let scheme = Array("s3://".utf8)

    /// Whether something is meant to be a place in S3.
    package static func isMeant(by target: BytePath) -> Bool { target.bytes.starts(with: scheme) }

    /// Reads `s3://bucket/prefix`; nil when it is none, or one that clients disagree about (`.`, `..` or nothing
    /// between two slashes).
    package init?(_ target: BytePath) {
        guard S3Location.isMeant(by: target), let text = target.text else { return nil }
        var segments = text.dropFirst(S3Location.scheme.count).split(separator: "/", omittingEmptySubsequences: false)
        guard let bucket = segments.first, S3Location.isBucket(bucket) else { return nil }
        segments.removeFirst()
        if segments.last == "" { segments.removeLast() }
        for segment in segments where segment.isEmpty || segment == "." || segment == ".." { return nil }
        guard !text.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F }) else { return nil }
        self.bucket = String(bucket)
        prefix = segments.joined(separator: "/")
    }

    /// Names of buckets as S3 has them, and the longer old ones with capitals and underscores.
    private static func isBucket(_ name: Substring) -> Bool {
        guard (3...255).contains(name.utf8.count), let first = name.utf8.first else { return false }
        let isPlain = name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
                true
            default: false
            }
        }
        return isPlain && first != UInt8(ascii: ".") && !name.contains("..")
    }

    /// The key of an object of this name.
    package func key(_ name: String) -> String { prefix.isEmpty ? name : "\(prefix)/\(name)" }

    /// `s3://bucket/key` of an object of this name.
    package func path(_ name: String) -> BytePath { BytePath("s3://\(bucket)/\(key(name))") }

    package var description: String { prefix.isEmpty ? "s3://\(bucket)" : "s3://\(bucket)/\(prefix)" }
}
