import Streams
import TDRTestSupport

/// Makes requests that are nearly right: those of every plain route, with something wrong in one to four places.
struct HTTPFuzz {
    /// A request in its parts.
    private struct Parts {
        var method: String
        var path: String
        var fields: [(name: String, value: String)]
        var body: [UInt8]
    }

    private var generator: SeededGenerator
    private let templates: [Parts]

    /// - Parameters:
    ///   - token: of somebody who may.
    ///   - consignment: one that is being uploaded, with its files and the bytes of the first.
    init(seed: UInt64, token: String, consignment: String, files: [String], bytes: [UInt8]) {
        generator = SeededGenerator(seed: seed)
        let who = [("Host", "127.0.0.1"), ("Authorization", "Bearer \(token)")]
        let json = who + [("Content-Type", "application/json")]
        let query = #"{"query":"query($l:Int!){me{login} consignments(limit:$l){totalItems}}","variables":{"l":1}}"#
        let digest = SHA256Digest.of(bytes).hex
        func parts(_ method: String, _ path: String, _ fields: [(String, String)], _ body: String = "") -> Parts {
            Parts(method: method, path: path, fields: fields, body: Array(body.utf8))
        }
        var templates = [
            parts("GET", "/healthcheck", who), parts("GET", "/healthcheck-full", who), parts("GET", "/metrics", who),
            parts("GET", "/schema.graphql", who), parts("POST", "/sign-in", json, #"{"login":"maria","password":"x"}"#),
            parts("POST", "/graphql", json, query),
            parts("GET", "/graphql?query=%7Bme%7Blogin%7D%7D&variables=%7B%7D", who),
            parts(
                "POST", "/login", who + [("Content-Type", "application/x-www-form-urlencoded")], "login=a&password=b"),
            parts("GET", "/login?next=/transfers", who), parts("GET", "/assets/style.css", who), parts("GET", "/", who),
            parts("GET", "/setup/aaaa", who), parts("GET", "/nowhere/at/all", who),
        ]
        let own = "/consignments/\(consignment)"
        let list = #"{"files":[{"path":"R/new","size":3,"modified":1,"sha256":"\#(digest)"}],"folders":["R/empty"]}"#
        let parcel = [0, 0, 0, UInt8(truncatingIfNeeded: list.utf8.count)] + Array(list.utf8) + [1, 2, 3]
        for act in ["replace", "add"] {
            templates.append(
                Parts(method: "POST", path: "\(own)/repairs?act=\(act)", fields: who, body: parcel))
        }
        templates += [
            parts("GET", "\(own)/report?form=csv", who), parts("GET", "\(own)/duplicates", who),
            parts("GET", "\(own)/history?form=premis", who), parts("GET", "\(own)/history", who),
            parts("POST", "\(own)/report?form=html", json, #"{"advice":{"FFID":{"action":"x"}}}"#),
            parts("GET", "\(own)/bag", who + [("Range", "bytes=1-2"), ("If-Range", "\"x\"")]),
        ]
        for file in files {
            let place = "/consignments/\(consignment)/files/\(file)"
            templates.append(parts("HEAD", place, who))
            for more in [
                [], [("Content-Range", "bytes 0-\(bytes.count - 1)/\(bytes.count)")],
                [("Content-Range", "bytes 3-9/\(bytes.count)"), ("If-None-Match", "*")],
                [("Repr-Digest", "sha-256=:AAAA:"), ("Content-Digest", "sha-256=:\(digest):")],
                [("Digest", "sha-256=\(digest)"), ("Expect", "100-continue")],
            ] {
                templates.append(Parts(method: "PUT", path: place, fields: who + more, body: bytes))
            }
        }
        self.templates = templates
    }

    /// Values that are at an edge of something.
    private static let edges = [
        "", " ", "0", "-1", "1", "00", "9223372036854775807", "9223372036854775808", "18446744073709551616", "1e9",
        "NaN",
        "null", "true", "*", "*/*", "bytes */*", "bytes 0-0/0", "bytes 5-1/9", "bytes -5/9",
        "bytes 0-9223372036854775807/1",
        "sha-256=::", "sha-256=:", "sha-256=:====:", "sha-256", "Bearer", "Bearer ", "Basic YTpi", "Bearer a.b.c",
        "application/json;charset=utf-16", "application/json; charset=\"", "text/html;q=", ";;;", ",,,", "chunked",
        "gzip", "100-continue", "close", "keep-alive", "%", "%zz", "%00", "%2e%2e%2f", "../../../../etc/passwd", "\\",
        "//",
        "\u{FFFD}", "é", "😀", "\u{0}", "\t", "\u{7F}", "'\"<script>", "${x}", "{{x}}",
    ]
    private static let methods = [
        "GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "get", "X", "PRI",
    ]
    private static let fields = [
        "Content-Length", "Content-Type", "Content-Range", "Transfer-Encoding", "Accept", "Authorization", "Cookie",
        "Expect",
        "Connection", "If-None-Match", "Digest", "Repr-Digest", "Content-Digest", "Range", "Host", "Origin",
        "X-CSRF-Token",
        "Upgrade", "Content-Encoding", "X-Request-Id", "Last-Event-ID", "Sec-Fetch-Site",
    ]

    /// The next request, as it goes over the wire.
    mutating func next() -> [UInt8] {
        var request = pick(templates)
        for _ in 0..<Int.random(in: 1...4, using: &generator) { change(&request) }
        if !request.fields.contains(where: { $0.name == "Content-Length" || $0.name == "Transfer-Encoding" }) {
            request.fields.append(("Content-Length", "\(request.body.count)"))
        }
        var bytes = Array("\(request.method) \(request.path) HTTP/1.1\r\n".utf8)
        for field in request.fields { bytes += Array("\(field.name): \(field.value)\r\n".utf8) }
        bytes += [13, 10] + request.body
        // Now and then it is no HTTP at all any more.
        if chance(20) { for _ in 0..<Int.random(in: 1...3, using: &generator) { damage(&bytes) } }
        return bytes
    }

    private mutating func change(_ request: inout Parts) {
        switch Int.random(in: 0..<10, using: &generator) {
        case 0: request.method = pick(HTTPFuzz.methods)
        case 1, 2:
            var segments = request.path.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
            let at = Int.random(in: 0..<segments.count, using: &generator)
            segments[at] = word()
            request.path = segments.joined(separator: "/").replacing(" ", with: "%20")
            if !request.path.hasPrefix("/") { request.path = "/" + request.path }
        case 3:
            request.path += (request.path.contains("?") ? "&" : "?") + "\(word())=\(word())".replacing(" ", with: "+")
        case 4: request.fields.append((pick(HTTPFuzz.fields), word()))
        case 5:
            let at = Int.random(in: 0..<request.fields.count, using: &generator)
            request.fields[at].value = word()
        case 6:
            let at = Int.random(in: 0..<request.fields.count, using: &generator)
            if chance(2) { request.fields.append(request.fields[at]) } else { request.fields.remove(at: at) }
            if request.fields.isEmpty { request.fields = [("Host", "x")] }
        case 7: damage(&request.body)
        case 8:
            request.fields.append(("Transfer-Encoding", "chunked"))
            let body = Array("\(String(request.body.count, radix: 16))\r\n".utf8) + request.body
            request.body = body + Array("\r\n0\r\n\r\n".utf8)
            if chance(3) { damage(&request.body) }
        default: request.body = Array(word().utf8)
        }
    }

    private mutating func damage(_ bytes: inout [UInt8]) {
        guard !bytes.isEmpty else {
            bytes = (0..<20).map { _ in UInt8.random(in: 0...255, using: &generator) }
            return
        }
        let at = Int.random(in: 0..<bytes.count, using: &generator)
        switch Int.random(in: 0..<4, using: &generator) {
        case 0: bytes[at] = UInt8.random(in: 0...255, using: &generator)
        case 1: bytes.removeSubrange(at...)
        case 2: bytes.insert(contentsOf: Array(pick(HTTPFuzz.edges).utf8), at: at)
        default: bytes.append(contentsOf: bytes[at...])
        }
    }

    private mutating func word() -> String {
        switch Int.random(in: 0..<8, using: &generator) {
        case 0:
            String(repeating: pick(["a", "%41", "/", "é", "{"]), count: Int.random(in: 1...3000, using: &generator))
        case 1: "\(Int.random(in: -10...100_000, using: &generator))"
        case 2: String(decoding: (0..<12).map { _ in UInt8.random(in: 33...126, using: &generator) }, as: UTF8.self)
        default: pick(HTTPFuzz.edges)
        }
    }

    private mutating func chance(_ one: Int) -> Bool { Int.random(in: 0..<one, using: &generator) == 0 }

    private mutating func pick<Element>(_ from: [Element]) -> Element {
        from[Int.random(in: 0..<from.count, using: &generator)]
    }
}
