import Crypto
import CryptoExtras
import FoundationEssentials
import TDRCore
import Testing

@testable import TDRServer

/// Tokens of an OpenID provider.
@Suite struct TokenTests {
    private static let provider = ProviderOptions(issuer: "https://id.example.org", audience: "tdr", keys: "keys.json")
    private static let now = Timestamp(milliseconds: 1_800_000_000_000)
    private static let user = "7e4a1f0c-4c5b-4d6e-9f70-123456789abc"

    private static let rsa = Result { try _RSA.Signing.PrivateKey(keySize: .bits2048) }
    private static let curve = P256.Signing.PrivateKey()

    private static func claims(_ change: (inout [String: String]) -> Void = { _ in }) -> String {
        var claims = [
            "iss": "\"https://id.example.org\"", "aud": "\"tdr\"", "exp": "1800000600", "user_id": "\"\(user)\"",
            "body": "\"TDR-MOCK1\"", "standard_user": "true", "preferred_username": "\"maria\"",
        ]
        change(&claims)
        return "{" + claims.map { "\"\($0.key)\":\($0.value)" }.joined(separator: ",") + "}"
    }

    private static func part(_ text: String) -> String { Base64URL.encode(Array(text.utf8)) }

    private static func signed(
        _ claims: String, header: String = #"{"alg":"ES256","kid":"k"}"#
    ) throws -> String {
        let text = part(header) + "." + part(claims)
        let signature: [UInt8]
        if header.contains("RS256") {
            signature = Array(
                try rsa.get().signature(
                    for: SHA256.hash(data: Array(text.utf8)), padding: .insecurePKCS1v1_5
                ).rawRepresentation)
        } else {
            signature = Array(try curve.signature(for: SHA256.hash(data: Array(text.utf8))).rawRepresentation)
        }
        return text + "." + Base64URL.encode(signature)
    }

    /// The set of both keys, as a provider publishes it.
    private static func keys() throws -> [WebKey] {
        let point = Array(curve.publicKey.x963Representation)
        let numbers = try rsa.get().publicKey.getKeyPrimitives()
        let json = """
            {"keys":[
              {"kty":"EC","crv":"P-256","kid":"k","use":"sig","x":"\(Base64URL.encode(Array(point[1..<33])))",
               "y":"\(Base64URL.encode(Array(point[33..<65])))"},
              {"kty":"RSA","kid":"r","n":"\(Base64URL.encode(Array(numbers.modulus)))",
               "e":"\(Base64URL.encode(Array(numbers.publicExponent)))"},
              {"kty":"oct","kid":"o","k":"c2VjcmV0"}, {"kty":"EC","crv":"P-256","kid":"e","use":"enc","x":"AA","y":"AA"}]}
            """
        return try WebKey.reading(Array(json.utf8))
    }

    private static func accepted(_ text: String) throws -> Principal {
        let token = try JSONWebToken(text)
        let keys = try keys().filter { $0.id == token.header.kid }
        guard try keys.contains(where: { try token.isSigned(by: $0) }) else { throw JSONWebToken.Refusal.signature }
        return try token.principal(for: provider, at: now)
    }

    @Test("knows whom a good token names, by either algorithm, with the original's claims and roles")
    func good() throws {
        #expect(try TokenTests.keys().compactMap(\.id).sorted() == ["k", "r"])
        let claims = TokenTests.claims {
            $0["resource_access"] =
                #"{"tdr-backend-checks":{"roles":["antivirus","nonsense"]},"other":{"roles":["export"]}}"#
            $0["aud"] = #"["account","tdr"]"#
            $0["tna_user"] = #""true""#
            $0["judgment_user"] = "false"
        }
        for header in [#"{"alg":"ES256","kid":"k"}"#, #"{"alg":"RS256","kid":"r"}"#] {
            let principal = try TokenTests.accepted(try TokenTests.signed(claims, header: header))
            #expect(principal.id.description == TokenTests.user)
            #expect(principal.login == "maria")
            #expect(principal.bodyCode == "TDR-MOCK1")
            #expect(principal.roles == [.standardUser, .archiveUser, .antivirus])
        }
    }

    @Test("takes names that no line of a bag can hold for none")
    func names() throws {
        let claims = TokenTests.claims {
            $0["name"] = #""Maria\nPayload-Oxum: 1.1""#
            $0["preferred_username"] = #""maria\u0000""#
            $0["email"] = #""maria@example.org""#
        }
        let principal = try TokenTests.accepted(try TokenTests.signed(claims))
        #expect(principal.login == TokenTests.user)
        #expect(principal.name == TokenTests.user)
        #expect(principal.email == "maria@example.org")
    }

    @Test("makes nobody an administrator")
    func administrator() throws {
        let claims = TokenTests.claims {
            $0["administrator"] = "true"
            $0["resource_access"] = #"{"tdr":{"roles":["administrator"]},"tdr-reporting":{"roles":["administrator"]}}"#
        }
        #expect(try TokenTests.accepted(try TokenTests.signed(claims)).roles == [.standardUser])
    }

    @Test(
        "refuses a token of another issuer or for somebody else, an old one, one for later, and one of nobody",
        arguments: [
            ["iss": "\"https://evil.example.org\""], ["iss": ""], ["aud": "\"other\""], ["aud": ""],
            ["exp": "1799999000"], ["exp": ""], ["nbf": "1800000900"], ["user_id": ""], ["user_id": "\"maria\""],
        ])
    func wrongClaims(_ change: [String: String]) throws {
        let claims = TokenTests.claims { claims in
            for (name, value) in change { claims[name] = value.isEmpty ? nil : value }
        }
        let token = try TokenTests.signed(claims)
        #expect(throws: JSONWebToken.Refusal.self) { try TokenTests.accepted(token) }
    }

    @Test("refuses tokens without a signature, with one of another key, kind or algorithm, and changed ones")
    func wrongSignatures() throws {
        let good = try TokenTests.signed(TokenTests.claims())
        let parts = good.split(separator: ".")
        let none = TokenTests.part(#"{"alg":"none","kid":"k"}"#)
        let point = Array(TokenTests.curve.publicKey.x963Representation)
        let symmetric = TokenTests.part(#"{"alg":"HS256","kid":"k"}"#) + "." + TokenTests.part(TokenTests.claims())
        let code = HMAC<SHA256>.authenticationCode(for: Array(symmetric.utf8), using: SymmetricKey(data: point))
        var bad = [
            "\(none).\(parts[1]).", "\(none).\(parts[1]).\(parts[2])", "\(parts[0]).\(parts[1]).",
            "\(parts[0]).\(TokenTests.part(TokenTests.claims { $0["body"] = "\"TDR-OTHER\"" })).\(parts[2])",
            "\(TokenTests.part(#"{"alg":"RS256","kid":"k"}"#)).\(parts[1]).\(parts[2])",
            "\(TokenTests.part(#"{"alg":"ES256","kid":"r"}"#)).\(parts[1]).\(parts[2])",
            "\(TokenTests.part(#"{"alg":"ES256","kid":"x"}"#)).\(parts[1]).\(parts[2])",
            symmetric + "." + Base64URL.encode(Array(code)), good + "=", good + ".x", "..", "",
            String(repeating: "a", count: 20_000),
        ]
        bad.append(try TokenTests.signed(TokenTests.claims(), header: #"{"alg":"ES256","kid":"k","crit":["x"]}"#))
        for token in bad {
            #expect(throws: JSONWebToken.Refusal.self, "\(token.prefix(80))") { try TokenTests.accepted(token) }
        }
        #expect(try TokenTests.accepted(good).login == "maria")
    }

    @Test("ends no matter what a token is made of")
    func anything() {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<2000 {
            let bytes = (0..<Int.random(in: 0...60, using: &generator)).map { _ in
                UInt8.random(in: 0...255, using: &generator)
            }
            let text = Base64URL.encode(bytes) + "." + Base64URL.encode(bytes.reversed()) + ".AAAA"
            #expect(throws: JSONWebToken.Refusal.self) { try TokenTests.accepted(text) }
            #expect(Base64URL.decode(Base64URL.encode(bytes)) == bytes)
        }
    }
}
