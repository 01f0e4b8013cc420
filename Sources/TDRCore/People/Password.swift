import CryptoExtras
import FoundationEssentials
import Streams

/// A password as the store keeps it: scrypt (RFC 7914) with a salt of its own, and the costs beside it, so that they can
/// grow without making anybody choose a new one.
struct PasswordHash: Sendable, Equatable {
    /// N: 2^15 blocks of 128 × r bytes, 32 MiB and about 0.1 s a try.
    private static let rounds = 1 << 15
    private static let blockSize = 8
    private static let parallelism = 1
    private static let saltBytes = 16
    private static let keyBytes = 32

    /// `scrypt$N$r$p$salt$key`, salt and key in hexadecimal.
    let text: String

    /// The hash of a new password.
    init(of password: String) throws {
        var generator = SystemRandomNumberGenerator()
        let salt = (0..<PasswordHash.saltBytes).map { _ in UInt8.random(in: 0...255, using: &generator) }
        let key = try PasswordHash.key(
            password, salt, PasswordHash.rounds, PasswordHash.blockSize, PasswordHash.parallelism)
        text =
            "scrypt$\(PasswordHash.rounds)$\(PasswordHash.blockSize)$\(PasswordHash.parallelism)$"
            + "\(Hex.encode(salt))$\(Hex.encode(key))"
    }

    /// One that was stored.
    init(stored text: String) { self.text = text }

    /// Whether `password` is the one. Takes as long for a wrong one.
    func matches(_ password: String) throws -> Bool {
        let parts = text.split(separator: "$")
        guard parts.count == 6, parts[0] == "scrypt", let rounds = Int(parts[1]), let blockSize = Int(parts[2]),
            let parallelism = Int(parts[3]), let salt = Hex.decode(Array(parts[4].utf8)),
            let key = Hex.decode(Array(parts[5].utf8))
        else { return false }
        let tried = try PasswordHash.key(password, salt, rounds, blockSize, parallelism)
        return constantTimeEqual(tried, key)
    }

    /// Costs what a try of a real password costs, so that the time does not tell which accounts there are.
    static func spendATry(on password: String) throws {
        _ = try key(password, [UInt8](repeating: 0, count: saltBytes), rounds, blockSize, parallelism)
    }

    private static func key(
        _ password: String, _ salt: [UInt8], _ rounds: Int, _ blockSize: Int, _ parallelism: Int
    ) throws -> [UInt8] {
        try KDF.Scrypt.deriveKey(
            from: Array(password.utf8), salt: salt, outputByteCount: keyBytes, rounds: rounds, blockSize: blockSize,
            parallelism: parallelism
        ).withUnsafeBytes { Array($0) }
    }
}

/// Whether two secrets are the same, in a time that depends on their length alone.
func constantTimeEqual(_ a: [UInt8], _ b: [UInt8]) -> Bool {
    guard a.count == b.count else { return false }
    var difference: UInt8 = 0
    for (x, y) in zip(a, b) { difference |= x ^ y }
    return difference == 0
}
