import Crypto
import CryptoExtras
import FoundationEssentials
import Streams

/// A public key of an OpenID provider (RFC 7517).
struct WebKey: Sendable {
    enum Key: Sendable {
        case rsa(_RSA.Signing.PublicKey)
        case p256(P256.Signing.PublicKey)
    }

    let id: String?
    let key: Key

    /// Smaller RSA keys can be broken.
    private static let smallestRSA = 2048

    fileprivate struct Entry: Decodable {
        let kty: String
        let kid: String?
        let use: String?
        let n: String?
        let e: String?
        let crv: String?
        let x: String?
        let y: String?
    }

    /// nil for a key that is for something else or of a kind that is not known here.
    fileprivate init?(_ entry: Entry) {
        guard entry.use == nil || entry.use == "sig" else { return nil }
        switch entry.kty {
        case "RSA":
            guard let n = entry.n.flatMap({ Base64URL.decode($0) }), let e = entry.e.flatMap({ Base64URL.decode($0) }),
                let made = try? _RSA.Signing.PublicKey(n: n, e: e), made.keySizeInBits >= WebKey.smallestRSA
            else { return nil }
            key = .rsa(made)
        case "EC" where entry.crv == "P-256":
            guard let x = entry.x.flatMap({ Base64URL.decode($0) }), let y = entry.y.flatMap({ Base64URL.decode($0) }),
                x.count == 32, y.count == 32, let made = try? P256.Signing.PublicKey(x963Representation: [4] + x + y)
            else { return nil }
            key = .p256(made)
        default: return nil
        }
        id = entry.kid
    }

    fileprivate struct List: Decodable { let keys: [Entry] }

    /// The keys of a JSON Web Key Set.
    static func reading(_ json: [UInt8]) throws -> [WebKey] {
        try JSONDecoder().decode(List.self, from: Data(json)).keys.compactMap(WebKey.init)
    }
}

/// The keys of the provider, read anew now and then, and when a token names one that is not known.
final class WebKeys: Sendable {
    private static let maximumBytes = 1 << 20
    private static let keptFor = Duration.seconds(3600)
    /// A provider changes its keys now and then, and that must count at once; a stranger who makes up key ids must not
    /// make us ask the provider each time. So some tries are free, and there is a new one after each pause.
    private static let freeTries = 3
    private static let pause = Duration.seconds(60)

    private struct State {
        var keys: [WebKey] = []
        var read: ContinuousClock.Instant?
        /// The tries that count, oldest first.
        var tries: [ContinuousClock.Instant] = []

        /// Whether the provider may be asked now; it counts as a try then.
        mutating func mayTry(at now: ContinuousClock.Instant) -> Bool {
            tries.removeAll { now - $0 > WebKeys.pause }
            if tries.count >= WebKeys.freeTries { return false }
            tries.append(now)
            return true
        }
    }

    private let place: String
    private let state = Guarded(State())

    init(_ place: String) { self.place = place }

    /// The keys that may have signed a token that names this one.
    ///
    /// - Throws: whatever keeps the keys from being read, when there are none from before.
    func keys(named id: String?) async throws -> [WebKey] {
        let now = ContinuousClock.now
        let (known, isDue) = state.withLock { state -> ([WebKey], Bool) in
            let matching = WebKeys.matching(state.keys, id)
            let isOld = state.read.map { now - $0 > WebKeys.keptFor } ?? true
            return (matching, (isOld || matching.isEmpty) && state.mayTry(at: now))
        }
        guard isDue else { return known }
        do {
            let keys = try await read()
            return state.withLock { state in
                state.keys = keys
                state.read = now
                return WebKeys.matching(keys, id)
            }
        } catch {
            // The keys from before are as good as they were; without any nobody can come in.
            if known.isEmpty { throw error }
            return known
        }
    }

    private static func matching(_ keys: [WebKey], _ id: String?) -> [WebKey] {
        guard let id else { return keys.count == 1 ? keys : [] }
        return keys.filter { $0.id == id }
    }

    private func read() async throws -> [WebKey] {
        guard place.hasPrefix("https://") || place.hasPrefix("http://") else {
            do {
                return try WebKey.reading(readWhole(BytePath(place), limit: WebKeys.maximumBytes))
            } catch {
                throw ServerError.noKeys(place, reason: "\(error)")
            }
        }
        do {
            return try WebKey.reading(try await ProviderHTTP.get(place))
        } catch {
            throw ServerError.noKeys(place, reason: "\(error)")
        }
    }
}
