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
    ///   - browsers: the secrets of those who have signed in to the pages, with what their forms carry.
    init(
        seed: UInt64, token: String, consignment: String, files: [String], bytes: [UInt8],
        browsers: [(secret: String, formToken: String)]
    ) {
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
            parts("GET", "/login?next=/transfers", who), parts("GET", "/assets/page.css", who), parts("GET", "/", who),
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
        for browser in browsers {
            templates += HTTPFuzz.pages(browser.secret, browser.formToken, consignment, files, bytes)
        }
        self.templates = templates
    }

    /// What a browser asks for that is signed in: pages, their forms, and what their scripts send.
    private static func pages(
        _ secret: String, _ formToken: String, _ consignment: String, _ files: [String], _ bytes: [UInt8]
    ) -> [Parts] {
        let who = [("Host", "127.0.0.1"), ("Cookie", "tdr-session=\(secret)")]
        let (transfer, file) = ("/transfers/\(consignment)", files.first ?? "")
        var all = [
            "/transfers", "/account", "/reviews", "/admin", "/admin/users", "/admin/users/maria", "/admin/bodies",
            "/admin/work", "/admin/events?before=9", "/admin/quarantine?from=0", "/admin/doctor", transfer,
            "\(transfer)/series", "\(transfer)/agreement", "\(transfer)/upload", "\(transfer)/checks",
            "\(transfer)/results?show=all&page=2", "\(transfer)/failures.csv", "\(transfer)/metadata",
            "\(transfer)/metadata.csv", "\(transfer)/review", "\(transfer)/confirm", "\(transfer)/export",
            "\(transfer)/bag", "\(transfer)/files/\(file)", "/reviews/\(consignment)",
            "/pages/consignments/\(consignment)/events",
        ].map { Parts(method: "GET", path: $0, fields: who, body: []) }
        let form = who + [("Content-Type", "application/x-www-form-urlencoded")]
        for (path, words) in [
            ("\(transfer)/series", "series=a"), ("\(transfer)/agreement", "legalStatus=x&appraisal=yes"),
            ("\(transfer)/checks", ""), ("\(transfer)/review", "action=ask"), ("\(transfer)/metadata/none", ""),
            ("\(transfer)/files/\(file)/withdraw", ""), ("/account/sessions", "session=999999"),
            ("/reviews/\(consignment)", "decision=approve&notes=n"), ("/admin/bodies", "name=&code="),
            ("/admin/bodies/series", "body=TDR-MOCK1&code=&name="), ("/admin/users", "login=&name=a&email=b&role=x"),
            ("/admin/users/reader/unlock", ""), ("/admin/users/reader/roles", "role=nothing"),
            ("/admin/quarantine/\(consignment)/\(file)/release", "reason=r"), ("/transfers", "type=nothing"),
        ] {
            all.append(
                Parts(method: "POST", path: path, fields: form, body: Array("csrf=\(formToken)&\(words)".utf8)))
        }
        let script = who + [("X-CSRF-Token", formToken)]
        let place = "/pages/consignments/\(consignment)"
        all += [
            Parts(
                method: "POST", path: "\(place)/list", fields: script + [("Content-Type", "application/json")],
                body: Array(
                    #"{"parentFolder":"R","includeTopLevelFolder":false,"files":[],"emptyFolders":[],"more":true}"#.utf8
                )),
            Parts(method: "PUT", path: "\(place)/files/\(file)", fields: script, body: bytes),
            Parts(method: "HEAD", path: "\(place)/files/\(file)", fields: script, body: []),
            Parts(method: "POST", path: "\(place)/files", fields: script, body: bytes),
        ]
        let several = who + [("Content-Type", "multipart/form-data; boundary=xyz")]
        let body = """
            --xyz\r\nContent-Disposition: form-data; name="csrf"\r\n\r\n\(formToken)\r\n--xyz\r
            Content-Disposition: form-data; name="file"; filename="a.csv"\r\nContent-Type: text/csv\r\n\r\na,b\r\n--xyz--\r\n
            """
        // Replaced is a file that is not there, so that those that are stay what they are.
        for path in ["\(transfer)/metadata", "\(transfer)/upload", "\(transfer)/files/\(consignment)/replace"] {
            all.append(Parts(method: "POST", path: path, fields: several, body: Array(body.utf8)))
        }
        return all
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
