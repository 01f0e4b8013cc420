import Glibc
import Streams
import TDRTestSupport
import Testing

/// Clients that let the server wait.
@Suite struct SlowClientTests {
    /// Bytes of memory that a process has.
    static func memory(of server: RunningProgram) throws -> Int {
        let status = String(decoding: try contents(of: BytePath("/proc/\(server.pid)/status")), as: UTF8.self)
        let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") })
        let number = line.split { $0 == " " || $0 == "\t" }.dropFirst().first.flatMap { Int($0) }
        return try #require(number) * 1024
    }

    /// Requests that never end, by what they let the server wait for; each is followed by single bytes for ever.
    private static let drips: [(name: String, beginning: @Sendable (ServerBench) -> String, drop: String)] = [
        ("the request line", { _ in "GET /heal" }, "x"),
        ("header fields", { _ in "POST /graphql HTTP/1.1\r\nHost: x\r\nX-Long: " }, "x"),
        ("a query", { head("POST", "/graphql", $0, 5000) }, " "),
        ("a query that needs no answer", { _ in head("POST", "/graphql", nil, 5000) }, " "),
        ("a sign-in", { _ in head("POST", "/sign-in", nil, 4000) }, " "),
        ("a form", { _ in head("POST", "/login", nil, 4000) }, "a"),
        ("nothing at all", { _ in "" }, ""),
    ]

    private static func head(_ method: String, _ path: String, _ bench: ServerBench?, _ length: Int) -> String {
        let token = bench.map { "Authorization: Bearer \($0.tokens["maria"] ?? "")\r\n" } ?? ""
        return "\(method) \(path) HTTP/1.1\r\nHost: x\r\n\(token)Content-Type: application/json\r\n"
            + "Content-Length: \(length)\r\n\r\n"
    }

    @Test("are cut off, whatever they are slow with, and cost no memory", .timeLimit(.minutes(10)))
    func slow() throws {
        let bench = try ServerBench()
        let server = try bench.start("--idle-seconds", "2")
        var hasEnded = false
        defer {
            if !hasEnded {
                server.send(SIGKILL)
                _ = try? server.wait()  // nothing is left to be seen
            }
        }
        let mine = try bench.begun([("R/a", Array(repeating: 0x61, count: 100_000))])
        let upload = SlowClientTests.head("PUT", "/consignments/\(mine.id)/files/\(mine.files[0])", bench, 100_000)
        let drips = SlowClientTests.drips.map { ($0.name, $0.beginning(bench), $0.drop) } + [("a file", upload, "a")]
        var before = 0
        for round in 0..<3 {
            var open: [(name: String, drop: String, connection: RawConnection)] = []
            for (name, beginning, drop) in drips {
                // A file is taken from one at a time.
                for _ in 0..<(name == "a file" ? 1 : 40) {
                    let connection = try RawConnection(port: bench.port)
                    #expect(connection.send(beginning))
                    open.append((name, drop, connection))
                }
            }
            let areCutOff = waitUntil {
                // A few bytes a second are far too few, and enough never to be idle.
                usleep(100_000)
                open.removeAll { !$0.connection.send($0.drop) || $0.connection.isClosed() }
                return open.isEmpty
            }
            #expect(areCutOff, "left: \(Set(open.map(\.name)))")
            #expect(try bench.send(["\(bench.url)/graphql?query=%7Bme%7Blogin%7D%7D"], as: "maria").status == 200)
            let now = try SlowClientTests.memory(of: server)
            if round == 0 { before = now }
            #expect(now < before + (32 << 20))
        }
        // What had arrived of the file is kept, and the rest can be sent.
        let place: Argument = "\(bench.url)/consignments/\(mine.id)/files/\(mine.files[0])"
        let whole = try bench.bench.folder.make("whole", .bytes(100_000))
        #expect(try waitUntil { try bench.send(["-T", Argument(whole), place], as: "maria").status == 201 })
        server.send(SIGTERM)
        let ended = try server.wait()
        hasEnded = true
        #expect(ended.code == 0)
        // That they went is no failure of ours.
        #expect(!ended.errors.contains("\"level\":\"error\""), "\(ended.errors)")
    }

    @Test("that do not take their answer are cut off", .timeLimit(.minutes(10)))
    func unread() throws {
        let bench = try ServerBench()
        let server = try bench.start("--idle-seconds", "1")
        defer {
            server.send(SIGKILL)
            _ = try? server.wait()  // nothing is left to be seen
        }
        // Asked again and again without being read, the answers fill every buffer between here and there.
        let connection = try RawConnection(port: bench.port)
        let request = """
            GET /schema.graphql HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \(bench.tokens["maria"] ?? "")\r\n\r\n
            """
        let many = Array(String(repeating: request, count: 4000).utf8)
        // Ends when the server hangs up: it takes no more requests as long as it cannot answer.
        #expect(!connection.send(many) || waitUntil { !connection.send("x") })
        #expect(try bench.send(["\(bench.url)/healthcheck"], as: nil).status == 200)
    }

    @Test("that take their time with a large file, but not too much, are served", .timeLimit(.minutes(10)))
    func steady() throws {
        let bench = try ServerBench()
        let bytes = [UInt8](repeating: 0x62, count: 50_000)
        _ = try bench.serving("--idle-seconds", "8") {
            let mine = try bench.begun([("R/a", bytes)])
            let connection = try RawConnection(port: bench.port)
            let head = SlowClientTests.head(
                "PUT", "/consignments/\(mine.id)/files/\(mine.files[0])", bench, bytes.count)
            #expect(connection.send(head))
            var at = 0
            // Longer than the server waits for anybody, and 5000 bytes a second all the while.
            while at < bytes.count {
                #expect(connection.send(Array(bytes[at..<at + 1000])))
                at += 1000
                usleep(200_000)
            }
            var answer: [UInt8] = []
            while !answer.contains(UInt8(ascii: "\n")), let more = connection.receive(milliseconds: 60_000),
                !more.isEmpty
            {
                answer += more
            }
            #expect(String(decoding: answer, as: UTF8.self).hasPrefix("HTTP/1.1 201"))
        }
    }
}
