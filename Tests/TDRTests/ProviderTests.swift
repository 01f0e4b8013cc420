import FoundationEssentials
import Glibc
import Streams
import TDRTestSupport
import Testing

/// Tokens of an OpenID provider, whose keys the server fetches over HTTP.
@Suite struct ProviderTests {
    /// A key of a provider, made by openssl.
    struct Key {
        let id: String
        let file: BytePath
        let modulus: String

        init(_ id: String, in folder: TemporaryFolder) throws {
            self.id = id
            file = folder.appending(Name("\(id).pem"))
            try Key.openssl("genrsa", "-out", Argument(file), "2048")
            let told = try Key.openssl("rsa", "-in", Argument(file), "-noout", "-modulus").line
            let digits = try #require(told.split(separator: "=").last.map { Array($0.utf8) })
            modulus = ProviderTests.base64URL(try #require(Hex.decode(digits)))
        }

        /// As the provider publishes it.
        var json: String {
            #"{"kty":"RSA","use":"sig","alg":"RS256","kid":"\#(id)","n":"\#(modulus)","e":"AQAB"}"#
        }

        func signature(of text: String, in folder: TemporaryFolder) throws -> [UInt8] {
            let data = try folder.make("signed", .file(Array(text.utf8)))
            return try Key.openssl("dgst", "-sha256", "-sign", Argument(file), Argument(data)).stdout
        }

        @discardableResult
        private static func openssl(_ arguments: Argument...) throws -> Finished {
            let done = try Program.run(BytePath("/usr/bin/env"), ["openssl"] + arguments)
            try #require(done.code == 0, "\(done.errors)")
            return done
        }
    }

    /// Serves a folder over HTTP; its log says who asked.
    final class Provider {
        let folder: TemporaryFolder
        let process: RunningProgram
        let port: Int

        init(_ folder: TemporaryFolder) throws {
            self.folder = folder
            let said = folder.appending("said")
            process = try Program.start(
                BytePath("/usr/bin/env"),
                [
                    "python3", "-u", "-m", "http.server", "0", "--bind", "127.0.0.1", "--directory",
                    Argument(folder.path),
                ],
                stdout: .created(said))
            var words: [Substring] = []
            let (folder, process) = (folder, process)
            _ = try waitUntil {
                words = String(decoding: try contents(of: folder.appending("said")), as: UTF8.self)
                    .split { $0 == " " || $0 == "\n" }
                return process.hasEnded || words.count > 5
            }
            // "Serving HTTP on 127.0.0.1 port 40123 (http://127.0.0.1:40123/) ..."
            port = try #require(words.count > 5 ? Int(words[5]) : nil)
        }

        func publish(_ keys: Key...) throws {
            // Renamed into place: nobody reads half of it.
            let new = try folder.make(
                "new", .file(Array("{\"keys\":[\(keys.map(\.json).joined(separator: ","))]}".utf8)))
            let place = folder.appending("keys.json")
            try #require(new.withCString { from in place.withCString { rename(from, $0) } } == 0)
        }

        /// How often the keys were asked for, which is told at its end.
        func end() throws -> Int {
            process.send(SIGTERM)
            return try process.wait().errors.split(separator: "\n").count { $0.contains("GET /keys.json") }
        }
    }

    static func base64URL(_ bytes: [UInt8]) -> String {
        Data(bytes).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }

    /// 2026-01-02T03:04:05Z, where the server's clock stands.
    private static let now = 1_767_323_045

    private static func claims(_ change: [String: String?] = [:]) -> String {
        var claims: [String: String] = [
            "iss": #""https://id.example.org""#, "aud": #""tdr""#, "exp": "\(now + 600)",
            "user_id": #""7e4a1f0c-4c5b-4d6e-9f70-123456789abc""#, "body": #""TDR-MOCK1""#, "standard_user": "true",
            "preferred_username": #""petra""#,
        ]
        for (name, value) in change { claims[name] = value }
        return "{" + claims.sorted { $0.key < $1.key }.map { "\"\($0.key)\":\($0.value)" }.joined(separator: ",") + "}"
    }

    private static func token(
        _ claims: String, _ key: Key, in folder: TemporaryFolder, as id: String? = nil
    ) throws
        -> String
    {
        let header = #"{"alg":"RS256","typ":"JWT","kid":"\#(id ?? key.id)"}"#
        let text = base64URL(Array(header.utf8)) + "." + base64URL(Array(claims.utf8))
        return text + "." + base64URL(try key.signature(of: text, in: folder))
    }

    @Test(
        "are taken by keys fetched from its address, through a change of keys, and while it is away",
        .timeLimit(.minutes(10)))
    func provider() throws {
        let bench = try ServerBench()
        let folder = try TemporaryFolder()
        let (old, new, foreign) = (
            try Key("old", in: folder), try Key("new", in: folder), try Key("foreign", in: folder)
        )
        let provider = try Provider(folder)
        var hasEnded = false
        defer { if !hasEnded { _ = try? provider.end() } }  // nothing is left to be seen
        try provider.publish(old)
        var secrets: [String] = []
        let ended = try bench.serving(
            "--jwt-issuer", "https://id.example.org", "--jwt-audience", "tdr", "--jwt-keys",
            "http://127.0.0.1:\(provider.port)/keys.json"
        ) {
            func login(_ token: String) throws -> String? {
                secrets.append(token)
                let answer = try bench.send(["\(bench.url)/graphql?query=%7Bme%7Blogin%7D%7D"], as: token)
                #expect([200, 401].contains(answer.status), "\(answer.text)")
                if answer.status == 401 { #expect(try answer.code == "NOT_AUTHENTICATED") }
                return try answer.json["data"]?["me"]?["login"]?.text
            }
            let good = try ProviderTests.token(ProviderTests.claims(), old, in: folder)
            #expect(try login(good) == "petra")
            let parts = good.split(separator: ".").map(String.init)

            // Whom it does not name, and who does not sign.
            for change in [
                ["iss": #""https://other.example.org""#], ["iss": nil], ["aud": #""other""#], ["aud": nil],
                ["exp": "\(ProviderTests.now - 600)"], ["exp": nil], ["nbf": "\(ProviderTests.now + 600)"],
                ["user_id": nil],
            ] as [[String: String?]] {
                let token = try ProviderTests.token(ProviderTests.claims(change), old, in: folder)
                #expect(try login(token) == nil, "\(change)")
            }
            let none = ProviderTests.base64URL(Array(#"{"alg":"none","kid":"old"}"#.utf8))
            let symmetric = ProviderTests.base64URL(Array(#"{"alg":"HS256","kid":"old"}"#.utf8))
            for token in [
                "\(none).\(parts[1]).", "\(none).\(parts[1]).\(parts[2])", "\(symmetric).\(parts[1]).\(parts[2])",
                "\(parts[0]).\(parts[1]).", "\(parts[0]).\(ProviderTests.base64URL(Array("{}".utf8))).\(parts[2])",
                try ProviderTests.token(ProviderTests.claims(), foreign, in: folder, as: "old"),
            ] {
                #expect(try login(token) == nil)
            }
            // No consignment is shown to somebody of another body; a provider makes nobody an administrator.
            let admin = try ProviderTests.token(
                ProviderTests.claims(["administrator": "true", "roles": #"["administrator"]"#]), old, in: folder)
            #expect(try bench.send(["\(bench.url)/metrics"], as: admin).status == 404)

            // A key that is not published is not known; once it is, it counts at once, and the old one ends.
            let later = try ProviderTests.token(ProviderTests.claims(), new, in: folder)
            #expect(try login(later) == nil)
            try provider.publish(new)
            #expect(try login(later) == "petra")
            #expect(try login(good) == nil)
            // Made-up names of keys do not reach the provider each time.
            for number in 0..<30 {
                #expect(
                    try login(ProviderTests.token(ProviderTests.claims(), new, in: folder, as: "x\(number)")) == nil)
            }
            let asked = try provider.end()
            hasEnded = true
            #expect((2...6).contains(asked), "\(asked)")
            #expect(try login(later) == "petra")
        }
        #expect(ended.code == 0, "\(ended.errors)")
        for secret in secrets { #expect(!ended.errors.contains(secret)) }
        #expect(ended.errors.contains("\"token refused\""))
    }

    @Test("count for no account that is not the provider's, and for none that was disabled", .timeLimit(.minutes(10)))
    func accounts() throws {
        let bench = try ServerBench()
        let folder = try TemporaryFolder()
        let key = try Key("key", in: folder)
        let keys = try folder.make("keys.json", .file(Array("{\"keys\":[\(key.json)]}".utf8)))
        let local = try bench.bench.tdr("user", "list", "--json")
        let maria = try #require(
            try local.output.split(separator: "\n").map { try JSONValue(parsing: Array($0.utf8)) }
                .flatMap { $0.elements.isEmpty ? [$0] : $0.elements }.first { $0["login"]?.text == "maria" })
        let id = try #require(maria["userId"]?.text ?? maria["id"]?.text, "\(local.output)")
        let ended = try bench.serving(
            "--jwt-issuer", "https://id.example.org", "--jwt-audience", "tdr", "--jwt-keys", Argument(keys)
        ) {
            func login(_ change: [String: String?]) throws -> String? {
                let token = try ProviderTests.token(ProviderTests.claims(change), key, in: folder)
                return try bench.send(["\(bench.url)/graphql?query=%7Bme%7Blogin%7D%7D"], as: token)
                    .json["data"]?["me"]?["login"]?.text
            }
            #expect(try login([:]) == "petra")
            // Another's id, another's name.
            #expect(try login(["user_id": "\"\(id)\""]) == nil)
            #expect(try login(["preferred_username": #""maria""#]) == nil)
            // Known here as the provider's, until an administrator disables her.
            let store = bench.bench.store
            try StoreRows.execute(
                store,
                """
                INSERT INTO user (uuid, login, name, email, disabled, failures, created, issuer)
                VALUES (x'7e4a1f0c4c5b4d6e9f70123456789abc', 'petra', 'Petra', 'petra@example.org', 0, 0, 0,
                    'https://id.example.org')
                """)
            #expect(try login([:]) == "petra")
            #expect(try bench.bench.tdr("user", "disable", "petra").code == 0)
            #expect(try login([:]) == nil)
        }
        #expect(ended.code == 0, "\(ended.errors)")
    }

    @Test("do not let the server begin when its keys cannot be had", .timeLimit(.minutes(10)))
    func absent() throws {
        let bench = try Workbench(["a.txt": "hello"])
        try bench.upload()
        let folder = try TemporaryFolder()
        let provider = try Provider(folder)
        defer { _ = try? provider.end() }  // nothing is left to be seen
        try folder.make("broken.json", #"{"keys": 7}"#)
        for path in ["missing.json", "broken.json"] {
            let place: Argument = "http://127.0.0.1:\(provider.port)/\(path)"
            let ended = try bench.tdr(
                "serve-api", "--listen", "127.0.0.1:0", "--antivirus", "none", "--jwt-issuer", "https://id.example.org",
                "--jwt-audience", "tdr", "--jwt-keys", place)
            #expect(ended.code == 1)
            #expect(ended.errors.contains(path), "\(ended.errors)")
        }
    }
}
