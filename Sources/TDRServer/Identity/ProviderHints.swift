import Streams

/// The ID tokens with which people signed in, by the secrets of their sessions: with them the provider knows whom to sign
/// out (OpenID Connect RP-Initiated Logout 1.0 §2). In memory alone; without one the provider asks.
final class ProviderHints: Sendable {
    /// More are not kept: the oldest go.
    static let most = 10_000
    /// Longer ones do not fit into an address.
    static let longest = 6000

    private struct Entries {
        var bySecret: [SHA256Digest: String] = [:]
        /// Digests of secrets in the order in which they came, those that are gone among them.
        var order: [SHA256Digest] = []
    }

    private let entries = Guarded(Entries())

    func keep(_ token: String, for secret: String) {
        guard token.utf8.count <= ProviderHints.longest else { return }
        let key = SHA256Digest.of(Array(secret.utf8))
        entries.withLock { entries in
            entries.bySecret[key] = token
            entries.order.append(key)
            guard entries.order.count > ProviderHints.most else { return }
            for gone in entries.order.prefix(ProviderHints.most / 4) { entries.bySecret[gone] = nil }
            entries.order.removeFirst(ProviderHints.most / 4)
        }
    }

    /// The token of this session, which is not kept any longer; nil where none is.
    func take(_ secret: String) -> String? {
        entries.withLock { $0.bySecret.removeValue(forKey: SHA256Digest.of(Array(secret.utf8))) }
    }
}
