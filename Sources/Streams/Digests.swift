import Crypto
import FoundationEssentials

/// A SHA-256 value, 32 bytes held in place.
public struct SHA256Digest: Hashable, Sendable, CustomStringConvertible {
    private let words: (UInt64, UInt64, UInt64, UInt64)

    /// Takes exactly 32 bytes; nil otherwise.
    public init?(_ bytes: some Collection<UInt8>) {
        guard bytes.count == 32 else { return nil }
        var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        withUnsafeMutableBytes(of: &words) { $0.copyBytes(from: bytes) }
        self.words = words
    }

    fileprivate init(_ digest: some Digest) {
        var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        withUnsafeMutableBytes(of: &words) { room in digest.withUnsafeBytes { room.copyMemory(from: $0) } }
        self.words = words
    }

    /// Takes 64 hexadecimal digits, either case; nil otherwise.
    public init?(hex: some Collection<UInt8>) {
        guard let bytes = Hex.decode(hex) else { return nil }
        self.init(bytes)
    }

    /// The 32 bytes.
    public var bytes: [UInt8] { withUnsafeBytes(of: words) { Array($0) } }

    /// 64 lower-case hexadecimal digits.
    public var hex: String { Hex.encode(bytes) }

    /// The hexadecimal digits.
    public var description: String { hex }

    /// By value.
    public static func == (a: SHA256Digest, b: SHA256Digest) -> Bool { a.words == b.words }

    /// A digest is its own best hash.
    public func hash(into hasher: inout Hasher) { hasher.combine(words.0) }

    /// The digest of one piece of memory.
    public static func of(_ bytes: [UInt8]) -> SHA256Digest {
        var hasher = SHA256Hasher()
        bytes.withUnsafeBytes { hasher.update($0) }
        return hasher.finish()
    }
}

/// SHA-256 over bytes as they come; uses the processor's SHA instructions through BoringSSL.
package struct SHA256Hasher: Sendable {
    private var state = SHA256()

    package init() {}

    package mutating func update(_ bytes: UnsafeRawBufferPointer) { state.update(bufferPointer: bytes) }

    package mutating func update(_ bytes: [UInt8]) { bytes.withUnsafeBytes { update($0) } }

    /// The digest of everything so far; the hasher may go on.
    package func finish() -> SHA256Digest { SHA256Digest(state.finalize()) }
}

/// The digests that BagIt manifests are written with (RFC 8493 §2.4), by their manifest names.
package enum DigestAlgorithm: String, Sendable, CaseIterable, Comparable {
    case md5, sha1, sha224, sha256, sha384, sha512

    /// Bytes of a digest.
    package var length: Int {
        switch self {
        case .md5: 16
        case .sha1: 20
        case .sha224: 28
        case .sha256: 32
        case .sha384: 48
        case .sha512: 64
        }
    }

    package static func < (a: DigestAlgorithm, b: DigestAlgorithm) -> Bool { a.rawValue < b.rawValue }
}

/// Several digests of the same bytes in one pass.
package struct DigestSet {
    private var md5: Insecure.MD5?
    private var sha1: Insecure.SHA1?
    private var sha224: SHA224?
    private var sha256: SHA256?
    private var sha384: SHA384?
    private var sha512: SHA512?

    package init(_ algorithms: some Sequence<DigestAlgorithm>) {
        for algorithm in algorithms {
            switch algorithm {
            case .md5: md5 = .init()
            case .sha1: sha1 = .init()
            case .sha224: sha224 = .init()
            case .sha256: sha256 = .init()
            case .sha384: sha384 = .init()
            case .sha512: sha512 = .init()
            }
        }
    }

    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        md5?.update(bufferPointer: bytes)
        sha1?.update(bufferPointer: bytes)
        sha224?.update(bytes)
        sha256?.update(bufferPointer: bytes)
        sha384?.update(bufferPointer: bytes)
        sha512?.update(bufferPointer: bytes)
    }

    package mutating func update(_ bytes: [UInt8]) { bytes.withUnsafeBytes { update($0) } }

    /// The raw digests of everything so far, by algorithm.
    package func finish() -> [DigestAlgorithm: [UInt8]] {
        var out: [DigestAlgorithm: [UInt8]] = [:]
        if let md5 { out[.md5] = Array(md5.finalize()) }
        if let sha1 { out[.sha1] = Array(sha1.finalize()) }
        if let sha224 { out[.sha224] = sha224.finalize() }
        if let sha256 { out[.sha256] = Array(sha256.finalize()) }
        if let sha384 { out[.sha384] = Array(sha384.finalize()) }
        if let sha512 { out[.sha512] = Array(sha512.finalize()) }
        return out
    }
}
