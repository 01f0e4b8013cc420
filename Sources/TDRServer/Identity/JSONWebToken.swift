import Crypto
import CryptoExtras
import FoundationEssentials
import TDRCore

/// A signed token of an OpenID provider (RFC 7519, in the compact form of RFC 7515).
///
/// Only RS256 and ES256, each with a key of its own kind: neither `none` nor a symmetric algorithm, with which a public
/// key could be made to serve as a secret, is known here at all.
struct JSONWebToken {
    /// Longer ones are not looked at.
    static let longest = 16 << 10
    /// How far clocks may be apart, seconds.
    private static let leeway: Double = 30

    let header: Header
    let claims: Claims
    private let signed: [UInt8]
    private let signature: [UInt8]

    struct Header: Decodable {
        let alg: String
        let kid: String?
        /// Extensions that must be understood: we understand none.
        let crit: [String]?
    }

    /// Why a token does not count; for the log, never for the client.
    enum Refusal: Error {
        case malformed, algorithm, unknownKey, signature, issuer, audience, party, nonce, expired, notYet, noUser
    }

    init(_ text: String) throws {
        guard text.utf8.count <= JSONWebToken.longest else { throw Refusal.malformed }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, let head = Base64URL.decode(parts[0]), let body = Base64URL.decode(parts[1]),
            let signature = Base64URL.decode(parts[2])
        else { throw Refusal.malformed }
        let decoder = JSONDecoder()
        do {
            header = try decoder.decode(Header.self, from: Data(head))
            claims = try decoder.decode(Claims.self, from: Data(body))
        } catch {
            throw Refusal.malformed
        }
        signed = Array("\(parts[0]).\(parts[1])".utf8)
        self.signature = signature
    }

    /// Whether the key made the signature.
    func isSigned(by key: WebKey) throws -> Bool {
        guard header.crit == nil else { throw Refusal.algorithm }
        switch (header.alg, key.key) {
        case ("RS256", .rsa(let key)):
            return key.isValidSignature(
                _RSA.Signing.RSASignature(rawRepresentation: signature), for: SHA256.hash(data: signed),
                padding: .insecurePKCS1v1_5)
        case ("ES256", .p256(let key)):
            guard let signature = try? P256.Signing.ECDSASignature(rawRepresentation: signature) else {
                return false  // not two numbers of 32 bytes
            }
            return key.isValidSignature(signature, for: SHA256.hash(data: signed))
        default: throw Refusal.algorithm
        }
    }

    /// Whose it is, when it is of this provider, for us and for now. The signature must have been checked.
    func principal(for provider: ProviderOptions, at now: Timestamp) throws -> Principal {
        let seconds = Double(now.milliseconds) / 1000
        guard claims.iss == provider.issuer else { throw Refusal.issuer }
        guard claims.aud.contains(provider.audience) else { throw Refusal.audience }
        guard let expires = claims.exp, expires + JSONWebToken.leeway > seconds else { throw Refusal.expired }
        if let begins = claims.nbf, begins - JSONWebToken.leeway > seconds { throw Refusal.notYet }
        guard let id = claims.userID.flatMap({ RecordID($0) }) else { throw Refusal.noUser }
        // These become lines of bags and of the history: what cannot be one is left out.
        let login = claims.login.flatMap { $0.isOneLine(atMost: 256) ? $0 : nil } ?? id.description
        let name = claims.name.flatMap { $0.isOneLine(atMost: 256) ? $0 : nil } ?? login
        let email = claims.email.flatMap { $0.isOneLine(atMost: 256) ? $0 : nil } ?? "\(login)@unknown"
        return Principal(
            id: id, login: login, name: name, email: email, bodyCode: claims.body, roles: claims.roles)
    }
}

/// What a token says, as far as it matters here: the original's claims.
struct Claims: Decodable {
    let iss: String?
    let aud: [String]
    let exp: Double?
    let nbf: Double?
    /// What ties an ID token to one sign-in.
    let nonce: String?
    /// The client that an ID token was made for, where it has several audiences.
    let party: String?
    let userID: String?
    let login: String?
    let name: String?
    let email: String?
    let body: String?
    let roles: Set<Role>

    private struct Key: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }
        init(_ text: String) { stringValue = text }
        init?(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    private struct ClientRoles: Decodable { let roles: [String]? }

    /// Which clients may give which roles. `administrator` is none that a provider gives.
    private static let clientRoles: [String: [String: Role]] = [
        "tdr-backend-checks": [
            "antivirus": .antivirus, "checksum": .checksum, "file_format": .fileFormat, "export": .export,
        ],
        "tdr-draft-metadata": ["update_metadata": .updateMetadata],
        "tdr-transfer-service": ["data-load": .dataLoad, "data_load_access": .dataLoad],
        "tdr-export": ["notify_export_details": .notifyExport],
        "tdr-reporting": ["reporting": .reporting],
    ]

    /// Claims that are true or false and give the role of the same name.
    private static let marks: [Role] = [
        .standardUser, .judgmentUser, .archiveUser, .metadataViewer, .transferAdviser,
    ]

    init(from decoder: any Decoder) throws {
        let all = try decoder.container(keyedBy: Key.self)
        iss = try all.decodeIfPresent(String.self, forKey: Key("iss"))
        // One or several (RFC 7519 §4.1.3).
        if let one = try? all.decode(String.self, forKey: Key("aud")) {
            aud = [one]
        } else {
            aud = try all.decodeIfPresent([String].self, forKey: Key("aud")) ?? []
        }
        exp = try all.decodeIfPresent(Double.self, forKey: Key("exp"))
        nbf = try all.decodeIfPresent(Double.self, forKey: Key("nbf"))
        nonce = try all.decodeIfPresent(String.self, forKey: Key("nonce"))
        party = try all.decodeIfPresent(String.self, forKey: Key("azp"))
        userID = try all.decodeIfPresent(String.self, forKey: Key("user_id"))
        login = try all.decodeIfPresent(String.self, forKey: Key("preferred_username"))
        name = try all.decodeIfPresent(String.self, forKey: Key("name"))
        email = try all.decodeIfPresent(String.self, forKey: Key("email"))
        body = try all.decodeIfPresent(String.self, forKey: Key("body"))
        var roles: Set<Role> = []
        for role in Claims.marks {
            let key = Key(role.rawValue)
            // Providers map them as booleans or as texts.
            let isSet =
                (try? all.decode(Bool.self, forKey: key)) ?? ((try? all.decode(String.self, forKey: key)) == "true")
            if isSet { roles.insert(role) }
        }
        let access = try all.decodeIfPresent([String: ClientRoles].self, forKey: Key("resource_access")) ?? [:]
        for (client, given) in access {
            for name in given.roles ?? [] {
                if let role = Claims.clientRoles[client]?[name] { roles.insert(role) }
            }
        }
        self.roles = roles
    }
}

/// Proves tokens of one provider.
struct TokenVerifier: Sendable {
    let options: ProviderOptions
    let keys: WebKeys

    init(_ options: ProviderOptions) {
        self.options = options
        keys = WebKeys(options.keys)
    }

    /// A token that the provider has signed; whose it is and whether it counts now is not looked at.
    ///
    /// - Throws: ``JSONWebToken/Refusal``; ``ServerError/noKeys(_:reason:)``.
    func verified(_ text: String) async throws -> JSONWebToken {
        let token = try JSONWebToken(text)
        // Before the provider is asked for keys: it must be one of those that we take at all.
        guard ["RS256", "ES256"].contains(token.header.alg) else { throw JSONWebToken.Refusal.algorithm }
        let keys = try await keys.keys(named: token.header.kid)
        if keys.isEmpty { throw JSONWebToken.Refusal.unknownKey }
        guard try keys.contains(where: { try token.isSigned(by: $0) }) else { throw JSONWebToken.Refusal.signature }
        return token
    }
}

/// Base64 for URLs (RFC 4648 §5), without padding, as tokens and keys have it.
enum Base64URL {
    static func decode(_ text: some StringProtocol) -> [UInt8]? {
        var plain = Array(text.utf8)
        for at in plain.indices {
            switch plain[at] {
            case UInt8(ascii: "-"): plain[at] = UInt8(ascii: "+")
            case UInt8(ascii: "_"): plain[at] = UInt8(ascii: "/")
            // Only the one alphabet: what is spelled in two ways could be taken for two things.
            case UInt8(ascii: "+"), UInt8(ascii: "/"), UInt8(ascii: "="): return nil
            default: break
            }
        }
        plain += [UInt8](repeating: UInt8(ascii: "="), count: (4 - plain.count % 4) % 4)
        return Data(base64Encoded: Data(plain)).map { Array($0) }
    }

    static func encode(_ bytes: [UInt8]) -> String {
        var text = Array(Data(bytes).base64EncodedData())
        while text.last == UInt8(ascii: "=") { text.removeLast() }
        for at in text.indices {
            switch text[at] {
            case UInt8(ascii: "+"): text[at] = UInt8(ascii: "-")
            case UInt8(ascii: "/"): text[at] = UInt8(ascii: "_")
            default: break
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}
