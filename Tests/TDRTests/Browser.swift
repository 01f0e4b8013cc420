import Streams
import TDRTestSupport
import Testing

/// Somebody who has signed in to the pages, by curl.
struct Browser {
    private let bench: ServerBench
    /// What its cookie holds.
    let secret: String

    /// What every change carries.
    var formToken: String { Browser.formToken(secret) }

    /// Signs in as `login`, to whom it gives a password.
    init(_ bench: ServerBench, _ login: String) throws {
        self.bench = bench
        let password = "correct horse battery"
        _ = try bench.bench.shell("printf '\(password)\\n' | $TDR user password \(login)")
        let visit = String(repeating: "0", count: 64)
        let answer = try bench.send(
            [
                "-i", "-H", "Cookie: tdr-visit=\(visit)", "--data-urlencode", "login=\(login)", "--data-urlencode",
                "password=\(password)", "--data-urlencode", "csrf=\(Browser.formToken(visit))", "\(bench.url)/login",
            ], as: nil)
        let cookie = answer.text.split(separator: "tdr-session=").dropFirst().first
        secret = String(try #require(cookie, "\(answer.text)").prefix(64))
    }

    private static func formToken(_ secret: String) -> String {
        SHA256Digest.of(Array("form \(secret)".utf8)).description
    }

    /// What a script of the pages, or one of their forms, is answered.
    func send(_ arguments: [Argument]) throws -> ServerBench.Answer {
        try bench.send(
            ["-H", "Cookie: tdr-session=\(secret)", "-H", "X-CSRF-Token: \(formToken)"] + arguments, as: nil)
    }
}
