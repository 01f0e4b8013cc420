import FoundationEssentials
import Streams
import TDRCore

/// The OpenID provider with which people sign in to the pages: authorisation code flow (OpenID Connect Core 1.0 §3.1)
/// with PKCE (RFC 7636, S256).
final class OpenIDProvider: Sendable {
    /// Why nobody was signed in.
    enum Fault: Error, CustomStringConvertible {
        /// The provider cannot be asked, or what it says of itself makes no sense.
        case unavailable(String)
        /// It did not take the code.
        case codeRefused(String)
        /// What it says of the person does not count.
        case tokenRefused(JSONWebToken.Refusal)

        var description: String {
            switch self {
            case .unavailable(let why): "the OpenID provider cannot be used: \(why)"
            case .codeRefused(let why): "the OpenID provider refuses the code: \(why)"
            case .tokenRefused(let why): "the provider's ID token is refused: \(why)"
            }
        }
    }

    /// The path to which the provider sends people back.
    static let callback = "/login/provider/callback"

    private struct Known: Sendable {
        let endpoints: OpenIDEndpoints
        let verifier: TokenVerifier
        let read: ContinuousClock.Instant
    }

    /// What the provider says of itself is read anew so often.
    private static let keptFor = Duration.seconds(3600)

    private let options: OpenIDOptions
    private let clock: @Sendable () -> Timestamp
    private let known = Guarded<Known?>(nil)
    /// Sign-ins that wait for the provider.
    let pending = PendingSignIns()
    /// What the provider knows open sessions by.
    let hints = ProviderHints()

    init(_ options: OpenIDOptions, clock: @escaping @Sendable () -> Timestamp) {
        self.options = options
        self.clock = clock
    }

    /// Where the provider sends people back to.
    private var redirect: String { options.publicAddress + OpenIDProvider.callback }

    /// The issuer, whose users its accounts here are.
    var issuer: String { options.issuer }

    /// The address at the provider for a sign-in.
    ///
    /// - Throws: ``Fault/unavailable(_:)``.
    func address(state: String, _ pending: PendingSignIn) async throws -> String {
        let place = try await ready().endpoints.authorization
        return place + (place.contains("?") ? "&" : "?")
            + ProviderHTTP.query([
                ("response_type", "code"), ("client_id", options.client), ("redirect_uri", redirect),
                ("scope", options.scope), ("state", state), ("nonce", pending.nonce),
                ("code_challenge", pending.challenge), ("code_challenge_method", "S256"),
            ])
    }

    /// The address at the provider that ends the session there of whoever signed in with `hint`, and leads back here; nil
    /// when the provider announces none, or cannot be asked.
    func farewell(_ hint: String?) async throws -> String? {
        let known: Known
        do {
            known = try await ready()
        } catch is Fault {
            // Here they are signed out all the same.
            return nil
        }
        guard let place = known.endpoints.endSession, ProviderHTTP.isProtected(place) else { return nil }
        return place + (place.contains("?") ? "&" : "?")
            + ProviderHTTP.query(
                (hint.map { [("id_token_hint", $0)] } ?? []) + [
                    ("client_id", options.client), ("post_logout_redirect_uri", options.publicAddress + "/login"),
                ])
    }

    /// Who the provider says it is that came back with this code, and the ID token that says so.
    ///
    /// - Throws: ``Fault``.
    func person(_ code: String, _ pending: PendingSignIn) async throws -> (Principal, token: String) {
        let known = try await ready()
        let text = try await token(code, pending, known.endpoints.token)
        do {
            let token = try await known.verifier.verified(text)
            let person = try token.principal(for: known.verifier.options, at: clock())
            guard token.claims.nonce == pending.nonce else { throw JSONWebToken.Refusal.nonce }
            // OpenID Connect Core 1.0 §3.1.3.7, rules 4 and 5.
            let party = token.claims.party
            guard party == options.client || (party == nil && token.claims.aud.count == 1) else {
                throw JSONWebToken.Refusal.party
            }
            return (person, text)
        } catch let refusal as JSONWebToken.Refusal {
            throw Fault.tokenRefused(refusal)
        } catch let error as ServerError {
            throw Fault.unavailable("\(error)")
        }
    }

    // MARK: The provider

    /// JSON with names as the specifications spell them: `id_token`.
    private static var decoder: JSONDecoder {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return decoder
    }

    private struct TokenAnswer: Decodable {
        let idToken: String
    }

    private struct Refusal: Decodable {
        let error: String
        let errorDescription: String?
    }

    private func token(_ code: String, _ pending: PendingSignIn, _ place: String) async throws -> String {
        var fields = [
            ("grant_type", "authorization_code"), ("code", code), ("redirect_uri", redirect),
            ("code_verifier", pending.verifier), ("client_id", options.client),
        ]
        var authorization: String?
        if let secret = options.secret {
            // RFC 6749 §2.3.1: both encoded as in a form before.
            let pair = Pages.encoded(options.client) + ":" + Pages.encoded(secret)
            authorization = "Basic " + Data(pair.utf8).base64EncodedString()
            fields.removeLast()
        }
        do {
            let answer = try await ProviderHTTP.post(fields, to: place, authorization: authorization)
            return try OpenIDProvider.decoder.decode(TokenAnswer.self, from: Data(answer)).idToken
        } catch ProviderHTTP.Fault.status(_, let status, let body) where (400..<500).contains(status) {
            // One that cannot be read is told by its number.
            let refusal = try? OpenIDProvider.decoder.decode(Refusal.self, from: Data(body))
            throw Fault.codeRefused(
                refusal.map { [$0.error, $0.errorDescription].compactMap { $0 }.joined(separator: ": ") }
                    ?? "status \(status)")
        } catch let error as DecodingError {
            throw Fault.unavailable("its answer to the code has no ID token (\(error))")
        } catch let error as ProviderHTTP.Fault {
            throw Fault.unavailable("\(error)")
        }
    }

    /// What is known of the provider, asked for when it is not.
    ///
    /// - Throws: ``Fault/unavailable(_:)``.
    func prepare() async throws { _ = try await ready() }

    private func ready() async throws -> Known {
        let now = ContinuousClock.now
        let old = known.withLock { $0 }
        if let old, options.endpoints != nil || now - old.read < OpenIDProvider.keptFor { return old }
        do {
            let endpoints = try await endpoints()
            for place in [endpoints.authorization, endpoints.token] where !ProviderHTTP.isProtected(place) {
                throw ProviderHTTP.Fault.unprotected(place)
            }
            let keys = ProviderOptions(issuer: options.issuer, audience: options.client, keys: endpoints.keys)
            // The keys that have been read go on while they are at the same place.
            let verifier =
                old.flatMap { $0.endpoints.keys == endpoints.keys ? $0.verifier : nil } ?? TokenVerifier(keys)
            let fresh = Known(endpoints: endpoints, verifier: verifier, read: now)
            known.withLock { $0 = fresh }
            return fresh
        } catch let error as CancellationError {
            throw error
        } catch {
            // What it said before is as good as it was; it is asked again in a minute, not by each who comes.
            if let old {
                let read = now - OpenIDProvider.keptFor + .seconds(60)
                known.withLock { $0 = Known(endpoints: old.endpoints, verifier: old.verifier, read: read) }
                return old
            }
            throw Fault.unavailable("\(error)")
        }
    }

    private struct Discovery: Decodable {
        let issuer: String
        let authorizationEndpoint: String
        let tokenEndpoint: String
        let jwksUri: String
        let endSessionEndpoint: String?
        let codeChallengeMethodsSupported: [String]?
    }

    private func endpoints() async throws -> OpenIDEndpoints {
        if let endpoints = options.endpoints { return endpoints }
        let found: Discovery
        do {
            found = try OpenIDProvider.decoder.decode(
                Discovery.self, from: Data(try await ProviderHTTP.get(options.discovery)))
        } catch let error as DecodingError {
            throw Fault.unavailable("'\(options.discovery)' is no discovery document (\(error))")
        }
        // OpenID Connect Discovery 1.0 §4.3: else one provider could speak for another.
        guard found.issuer == options.issuer else {
            throw Fault.unavailable(
                "'\(options.discovery)' is that of '\(found.issuer)' and not of '\(options.issuer)';"
                    + " check --oidc-issuer")
        }
        if let methods = found.codeChallengeMethodsSupported, !methods.contains("S256") {
            throw Fault.unavailable("it does not know PKCE with S256")
        }
        return OpenIDEndpoints(
            authorization: found.authorizationEndpoint, token: found.tokenEndpoint, keys: found.jwksUri,
            endSession: found.endSessionEndpoint)
    }
}
