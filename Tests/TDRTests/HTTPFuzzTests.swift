import Glibc
import Streams
import TDRTestSupport
import Testing

/// Requests that are nearly right, to every plain route of a real server.
@Suite struct HTTPFuzzTests {
    private static func setting(_ name: String) -> Int? { getenv(name).flatMap { Int(String(cString: $0)) } }

    /// For how long: `TDR_FUZZ_SECONDS=600` is what a release gets.
    private static let seconds = setting("TDR_FUZZ_SECONDS") ?? 4

    @Test("never make the server fail, end or grow", .timeLimit(.minutes(60)))
    func requests() throws {
        let seed = HTTPFuzzTests.setting("TDR_FUZZ_SEED").map { UInt64($0) } ?? UInt64.random(in: 0..<1_000_000)
        let bench = try ServerBench()
        let server = try bench.start("--idle-seconds", "1")
        var hasEnded = false
        defer {
            if !hasEnded {
                server.send(SIGKILL)
                _ = try? server.wait()  // nothing is left to be seen
            }
        }
        let bytes = Array("some bytes of a record".utf8)
        _ = try bench.token(of: "root", "administrator")
        let mine = try bench.begun((0..<3).map { ("R/f\($0)", bytes) })
        let browsers = [try Browser(bench, "maria"), try Browser(bench, "root")]
        var fuzz = HTTPFuzz(
            seed: seed, token: bench.tokens["maria"] ?? "", consignment: mine.id, files: mine.files, bytes: bytes,
            browsers: browsers.map { ($0.secret, $0.formToken) })
        var statuses: [Int: Int] = [:]
        var early = 0
        let end = ContinuousClock.now + .seconds(HTTPFuzzTests.seconds)
        var sent = 0
        // On a busy machine it takes longer to have tried something of everything.
        while ContinuousClock.now < end || sent < 400 {
            let request = fuzz.next()
            sent += 1
            let connection = try RawConnection(port: bench.port)
            _ = connection.send(request)
            // Whoever waits for more than comes is told so.
            connection.finish()
            let told: Comment = "seed \(seed), request \(sent): \(String(decoding: request.prefix(600), as: UTF8.self))"
            for status in try answers(on: connection, told) {
                statuses[status, default: 0] += 1
                // Nothing of what a client can send makes the server fail; that it is busy it may say.
                #expect(status < 500 || status == 503, told)
            }
            if sent == 1000 { early = try SlowClientTests.memory(of: server) }
            try #require(!server.hasEnded, told)
        }
        print(
            "HTTPFuzzTests: seed \(seed), \(sent) requests, answers by status: \(statuses.sorted { $0.key < $1.key })")
        #expect(statuses.keys.contains(200) && statuses.keys.contains(400) && statuses.keys.contains(404))
        if sent > 1000 {
            let late = try SlowClientTests.memory(of: server)
            print("HTTPFuzzTests: memory after 1000 requests \(early >> 20) MiB, at the end \(late >> 20) MiB")
            #expect(late < early + (64 << 20), "seed \(seed)")
        }
        // Whatever arrived meanwhile, the transfer can be ended as if nothing had been.
        for file in mine.files {
            let place: Argument = "\(bench.url)/consignments/\(mine.id)/files/\(file)"
            let ended = try waitUntil {
                try [201, 204].contains(
                    bench.send(["-X", "PUT", "--data-binary", "some bytes of a record", place], as: "maria").status)
            }
            #expect(ended)
        }
        #expect(try StoreRows.wrongTallies(bench.bench.store) == [])
        server.send(SIGTERM)
        let finished = try server.wait()
        hasEnded = true
        #expect(finished.code == 0, "\(finished.errors.suffix(2000))")
        let failures = finished.errors.split(separator: "\n").filter { $0.contains("\"level\":\"error\"") }
        #expect(failures.isEmpty, "seed \(seed): \(failures.prefix(5))")
        #expect(!finished.errors.contains(bench.tokens["maria"] ?? ""))
    }

    /// The status of each answer until the server hangs up, or a stream of events begins.
    private func answers(on connection: RawConnection, _ told: Comment) throws -> [Int] {
        var all: [UInt8] = []
        while true {
            guard let more = connection.receive(milliseconds: 120_000) else {
                Issue.record("no answer and no end: \(told)")
                break
            }
            if more.isEmpty { break }
            all += more
            if String(decoding: all.prefix(2000), as: UTF8.self).lowercased().contains("text/event-stream") { break }
        }
        let text = String(decoding: all, as: UTF8.self)
        return text.split(separator: "HTTP/1.1 ").compactMap { part in
            part.prefix(4).hasSuffix(" ") ? Int(part.prefix(3)) : nil
        }
    }
}
