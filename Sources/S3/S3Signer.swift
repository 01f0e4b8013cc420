import Crypto
import FoundationEssentials
import Streams

/// Signature Version 4 as S3 wants it: keys are encoded once and never normalised.
package struct S3Signer: Sendable {
    /// The SHA-256 of no bytes, for requests without a body.
    package static let emptyPayload = SHA256Digest.of([]).hex
    private static let algorithm = "AWS4-HMAC-SHA256"

    private let credentials: S3Credentials
    private let region: String

    package init(_ credentials: S3Credentials, region: String) {
        self.credentials = credentials
        self.region = region
    }

    /// The headers to send: those given, with `x-amz-date`, `x-amz-content-sha256`, the session token where there is
    /// one, and `Authorization`. All given headers are signed.
    ///
    /// - Parameters:
    ///   - path: The encoded path, as it will be sent.
    ///   - headers: With `host`.
    ///   - payload: The SHA-256 of the body as hexadecimal digits.
    ///   - seconds: The time, since 1970 UTC.
    package func sign(
        method: String, path: String, query: [(String, String)], headers: [(String, String)], payload: String,
        at seconds: Int64
    ) -> [(String, String)] {
        let time = S3Time(seconds)
        var headers = headers.filter { name, _ in
            !["x-amz-date", "x-amz-content-sha256", "x-amz-security-token"].contains(name.lowercased())
        }
        headers.append(("x-amz-date", time.full))
        headers.append(("x-amz-content-sha256", payload))
        if let token = credentials.sessionToken { headers.append(("x-amz-security-token", token.reveal())) }
        let (canonical, names) = canonicalHeaders(headers)
        let request = [method, path, S3Encoding.query(query), canonical, names, payload].joined(separator: "\n")
        let signature = signature(of: request, time)
        headers.append(
            (
                "authorization",
                "\(S3Signer.algorithm) Credential=\(credentials.accessKey)/\(scope(time)), SignedHeaders=\(names), "
                    + "Signature=\(signature)"
            ))
        return headers
    }

    /// The query of a request that anybody may make for `lifetime` seconds, with its signature.
    package func presign(
        method: String, host: String, path: String, query: [(String, String)] = [], lifetime: Int, at seconds: Int64
    ) -> String {
        let time = S3Time(seconds)
        var query = query
        query.append(("X-Amz-Algorithm", S3Signer.algorithm))
        query.append(("X-Amz-Credential", "\(credentials.accessKey)/\(scope(time))"))
        query.append(("X-Amz-Date", time.full))
        query.append(("X-Amz-Expires", "\(lifetime)"))
        query.append(("X-Amz-SignedHeaders", "host"))
        if let token = credentials.sessionToken { query.append(("X-Amz-Security-Token", token.reveal())) }
        let (canonical, names) = canonicalHeaders([("host", host)])
        let encoded = S3Encoding.query(query)
        let request = [method, path, encoded, canonical, names, "UNSIGNED-PAYLOAD"].joined(separator: "\n")
        return "\(encoded)&X-Amz-Signature=\(signature(of: request, time))"
    }

    /// One line a header, sorted by name, and the names.
    private func canonicalHeaders(_ headers: [(String, String)]) -> (lines: String, names: String) {
        let sorted = headers.map { name, value in
            // Spaces around a value do not count, and several are as one.
            (name.lowercased(), value.split(separator: " ").joined(separator: " "))
        }.sorted { Array($0.0.utf8).precedes(Array($1.0.utf8)) }
        let lines = sorted.map { "\($0):\($1)\n" }.joined()
        return (lines, sorted.map(\.0).joined(separator: ";"))
    }

    private func scope(_ time: S3Time) -> String { "\(time.day)/\(region)/s3/aws4_request" }

    private func signature(of request: String, _ time: S3Time) -> String {
        let text = [S3Signer.algorithm, time.full, scope(time), SHA256Digest.of(Array(request.utf8)).hex]
            .joined(separator: "\n")
        var key = SymmetricKey(data: Array("AWS4\(credentials.secret.reveal())".utf8))
        for step in [time.day, region, "s3", "aws4_request"] {
            key = SymmetricKey(data: HMAC<SHA256>.authenticationCode(for: Array(step.utf8), using: key))
        }
        return Hex.encode(Array(HMAC<SHA256>.authenticationCode(for: Array(text.utf8), using: key)))
    }
}

/// A time as signatures write it.
struct S3Time {
    /// `20130524`
    let day: String
    /// `20130524T000000Z`
    let full: String

    init(_ seconds: Int64) {
        // Days since 1970 to a date: years are counted from March, so that the leap day is the last of its year.
        let days = (seconds >= 0 ? seconds : seconds - 86399) / 86400
        let second = seconds - days * 86400
        let shifted = days + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        day =
            S3Time.digits(year, 4) + S3Time.digits(month, 2)
            + S3Time.digits(dayOfYear - (153 * monthFromMarch + 2) / 5 + 1, 2)
        full =
            "\(day)T" + S3Time.digits(second / 3600, 2) + S3Time.digits(second / 60 % 60, 2)
            + S3Time.digits(second % 60, 2) + "Z"
    }

    private static func digits(_ number: Int64, _ count: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, count - text.count)) + text
    }
}

/// Percent-encoding as S3 signs it: letters, digits, `-._~` stay, all else is `%XX` in capitals.
package enum S3Encoding {
    package static func value(_ text: String) -> String { encode(text, keeping: nil) }

    /// A key with its slashes.
    package static func path(_ text: String) -> String { encode(text, keeping: UInt8(ascii: "/")) }

    /// `a=b&c=d`, sorted by the encoded names, then values.
    package static func query(_ pairs: [(String, String)]) -> String {
        pairs.map { (value($0), value($1)) }.sorted { a, b in
            a.0 == b.0
                ? Array(a.1.utf8).precedes(Array(b.1.utf8)) : Array(a.0.utf8).precedes(Array(b.0.utf8))
        }.map { "\($0)=\($1)" }.joined(separator: "&")
    }

    private static func encode(_ text: String, keeping kept: UInt8?) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var out: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                out.append(byte)
            case kept: out.append(byte)
            default: out += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: out, as: UTF8.self)
    }
}
