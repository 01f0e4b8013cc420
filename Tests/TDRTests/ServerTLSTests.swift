import Glibc
import Streams
import TDRTestSupport
import Testing

/// Serving to others: over TLS.
@Suite struct ServerTLSTests {
    @Test("serves over TLS, by its certificate and no other way", .timeLimit(.minutes(10)))
    func serving() throws {
        let bench = try ServerBench()
        let made = try Certificates()
        let ended = try bench.serving(
            "--tls-cert", Argument(made.certificate), "--tls-key", Argument(made.key)
        ) {
            let url: Argument = "https://127.0.0.1:\(bench.port)/graphql?query=%7Bme%7Blogin%7D%7D"
            let authority: [Argument] = ["--cacert", Argument(made.authority)]
            let answer = try bench.send(authority + [url], as: "maria")
            #expect(answer.status == 200, "\(answer.text)")
            #expect(try answer.json["data"]?["me"]?["login"]?.text == "maria")
            // The way in for the first administrator is a secret, even when it is closed.
            let setup: Argument = "https://127.0.0.1:\(bench.port)/setup/that-is-not-for-the-log"
            let closed = try bench.send(authority + ["-i", setup], as: nil)
            #expect(closed.status == 404)
            #expect(closed.text.lowercased().contains("strict-transport-security: max-age="), "\(closed.text)")
            // 60: certificate not trusted. 35: no handshake.
            #expect(try bench.curl("--cacert", Argument(made.stranger), url).code == 60)
            #expect(try bench.curl("--cacert", Argument(made.authority), "--tls-max", "1.1", url).code == 35)
            #expect(try bench.curl("\(bench.url)/healthcheck").code != 0)
            // A client that says nothing, and one that speaks no TLS, keep nobody waiting.
            let silent = try RawConnection(port: bench.port)
            let plain = try RawConnection(port: bench.port)
            #expect(plain.send("GET /healthcheck HTTP/1.1\r\nHost: x\r\n\r\n"))
            #expect(try bench.send(authority + [url], as: "maria").status == 200)
            withExtendedLifetime((silent, plain)) {}
        }
        #expect(ended.code == 0, "\(ended.errors)")
        #expect(ended.errors.contains("/setup/") && !ended.errors.contains("not-for-the-log"), "\(ended.errors)")
        #expect(!ended.errors.contains("\"level\":\"error\""), "\(ended.errors)")
    }

    @Test("lets go of those who do not end the handshake", .timeLimit(.minutes(10)))
    func handshake() throws {
        let bench = try ServerBench()
        let made = try Certificates()
        let server = try bench.start(
            "--tls-cert", Argument(made.certificate), "--tls-key", Argument(made.key), "--idle-seconds", "1")
        defer {
            server.send(SIGKILL)
            _ = try? server.wait()  // nothing is left to be seen
        }
        var open = try (0..<20).map { _ in try RawConnection(port: bench.port) }
        #expect(
            waitUntil {
                open.removeAll { $0.isClosed() }
                return open.isEmpty
            })
    }

    @Test("is used by tdr itself, which trusts the authority it is told to and no other", .timeLimit(.minutes(10)))
    func client() throws {
        let bench = try ServerBench(["a.txt": "hello", "b": ["c.txt": "hello again"]])
        let made = try Certificates()
        let url: Argument = "https://127.0.0.1:\(bench.port)"
        func upload(_ environment: [String: Argument]) throws -> Finished {
            try bench.bench.tdr(
                "upload", Argument(bench.bench.records), "--series", "MOCK1 1", "--server", url,
                environment: ["TDR_TOKEN": "\(bench.tokens["maria"] ?? "")"].merging(environment) { $1 })
        }
        _ = try bench.serving("--tls-cert", Argument(made.certificate), "--tls-key", Argument(made.key)) {
            for environment in [[:], ["TDR_SERVER_CA": Argument(made.stranger)]] as [[String: Argument]] {
                let refused = try upload(environment)
                #expect(refused.code == 1)
                #expect(refused.errors.contains("certificate"), "\(refused.errors)")
                #expect(!refused.errors.contains(bench.tokens["maria"] ?? ""))
            }
            let missing = try upload(["TDR_SERVER_CA": "/nowhere/ca.pem"])
            #expect(missing.code == 1)
            #expect(missing.errors.contains("/nowhere/ca.pem"), "\(missing.errors)")
            let done = try upload(["TDR_SERVER_CA": Argument(made.authority)])
            #expect(done.code == 0, "\(done.errors)")
            let status = try bench.bench.tdr("status", "\(done.line)", "--json")
            #expect(try status.json["totalFiles"]?.number == 2, "\(status.output)")
        }
    }

    /// The fields `Set-Cookie` of an answer.
    private func cookies(_ answer: String) -> [String] {
        answer.split(whereSeparator: \.isNewline).map(String.init).filter { $0.lowercased().hasPrefix("set-cookie: ") }
            .map { String($0.dropFirst("set-cookie: ".count)) }
    }

    /// Signs in at the page as a browser does: the cookies that were set, first by the page, then by the sign-in.
    private func signIn(
        _ bench: ServerBench, _ options: [Argument], at url: String
    ) throws -> (
        before: [String], after: [String]
    ) {
        _ = try bench.bench.shell("printf 'correct horse battery\\n' | $TDR user password maria")
        let page = try bench.send(options + ["-i", "\(url)/login"], as: nil).text
        let before = cookies(page)
        let token = page.split(separator: "name=\"csrf\" value=\"").dropFirst().first?.prefix { $0 != "\"" }
        let answer = try bench.send(
            options + [
                "-i", "-H", "Cookie: \(before.first?.prefix { $0 != ";" } ?? "")", "-d", "csrf=\(token ?? "")", "-d",
                "login=maria", "--data-urlencode", "password=correct horse battery", "\(url)/login",
            ], as: nil)
        #expect(answer.status == 303, "\(answer.text)")
        return (before, cookies(answer.text))
    }

    /// What every cookie of a page that is read over TLS must be.
    private func expectSecure(_ cookie: String?, _ name: String) {
        #expect(cookie?.hasPrefix("__Host-tdr-\(name)=") == true, "\(cookie ?? "none")")
        for word in ["; Path=/", "; HttpOnly", "; SameSite=Lax", "; Secure"] {
            #expect(cookie?.contains(word) == true, "\(cookie ?? "none")")
        }
        // With it the name would not count.
        #expect(cookie?.contains("Domain") == false)
    }

    @Test("gives its pages' visitors cookies that leave only over TLS", .timeLimit(.minutes(10)))
    func cookies() throws {
        let bench = try ServerBench()
        let made = try Certificates()
        _ = try bench.serving("--tls-cert", Argument(made.certificate), "--tls-key", Argument(made.key)) {
            let options: [Argument] = ["--cacert", Argument(made.authority)]
            let url = "https://127.0.0.1:\(bench.port)"
            let set = try signIn(bench, options, at: url)
            expectSecure(set.before.first, "visit")
            let session = try #require(set.after.first { $0.contains("session") })
            expectSecure(session, "session")
            let pair = session.prefix { $0 != ";" }
            #expect(try bench.send(options + ["-H", "Cookie: \(pair)", "\(url)/transfers"], as: nil).status == 200)
            // The same secret under the name that anybody could set counts for nothing.
            let bare = pair.replacing("__Host-", with: "")
            #expect(try bench.send(options + ["-H", "Cookie: \(bare)", "\(url)/transfers"], as: nil).status == 303)
        }
    }

    @Test("does so, too, behind a server that speaks TLS for it and says so", .timeLimit(.minutes(10)))
    func cookiesBehindAnother() throws {
        let bench = try ServerBench()
        _ = try bench.serving {
            let told: [Argument] = ["-H", "X-Forwarded-Proto: https"]
            let set = try signIn(bench, told, at: bench.url)
            expectSecure(set.before.first, "visit")
            let session = try #require(set.after.first { $0.contains("session") })
            expectSecure(session, "session")
            let pair = session.prefix { $0 != ";" }
            #expect(try bench.send(told + ["-H", "Cookie: \(pair)", "\(bench.url)/transfers"], as: nil).status == 200)
            // Without TLS in front, the cookies are others, and those count for nothing.
            #expect(try bench.send(["-H", "Cookie: \(pair)", "\(bench.url)/transfers"], as: nil).status == 303)
            let plain = try signIn(bench, [], at: bench.url)
            for cookie in plain.before + plain.after {
                #expect(
                    cookie.hasPrefix("tdr-") && !cookie.contains("Secure") && cookie.contains("; HttpOnly"), "\(cookie)"
                )
            }
            #expect(!plain.after.isEmpty)
        }
    }

    @Test("is not believed under another name", .timeLimit(.minutes(10)))
    func otherName() throws {
        let bench = try ServerBench()
        let made = try Certificates(for: "DNS:archive.example.org")
        _ = try bench.serving("--tls-cert", Argument(made.certificate), "--tls-key", Argument(made.key)) {
            let refused = try bench.bench.tdr(
                "upload", Argument(bench.bench.records), "--series", "MOCK1 1", "--server",
                "https://127.0.0.1:\(bench.port)",
                environment: [
                    "TDR_TOKEN": "\(bench.tokens["maria"] ?? "")", "TDR_SERVER_CA": Argument(made.authority),
                ])
            #expect(refused.code == 1)
            #expect(refused.errors.contains("certificate"), "\(refused.errors)")
        }
    }

    @Test("does not begin with a certificate or key that it cannot use", .timeLimit(.minutes(10)))
    func unusable() throws {
        let bench = try Workbench(["a.txt": "hello"])
        try bench.upload()
        let made = try Certificates()
        let other = try Certificates()
        let nothing = try bench.folder.make("empty.pem", "")
        for (certificate, key) in [
            (made.certificate, other.key), (nothing, made.key), (made.certificate, nothing),
            (bench.folder.appending("missing"), made.key),
        ] {
            let ended = try bench.tdr(
                "serve-api", "--listen", "127.0.0.1:0", "--antivirus", "none", "--tls-cert", Argument(certificate),
                "--tls-key", Argument(key))
            #expect(ended.code == 1)
            #expect(ended.errors.contains("certificate"), "\(ended.errors)")
        }
    }
}
