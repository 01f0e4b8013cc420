import Glibc
import Streams
import TDRTestSupport
import Testing

/// A server that is told to end.
@Suite struct ServerStopTests {
    private static let count = 6000

    /// How many files of a consignment have been checked.
    private static func checked(_ reference: String, _ bench: ServerBench) throws -> Int {
        try StoreRows.value(
            bench.bench.store,
            """
            SELECT count(*) FROM fileStatus JOIN consignment ON consignment.id = consignmentId
            WHERE reference = '\(reference)' AND FFID IS NOT NULL AND ServerChecksum IS NOT NULL
            """) ?? 0
    }

    @Test(
        "takes the rest of a file that is being sent, ends well, and goes on with its checks where they were",
        .timeLimit(.minutes(20)))
    func graceful() throws {
        let files = (0..<ServerStopTests.count).map { (Name("f\($0).txt"), Tree.file(Array("file \($0)\n".utf8))) }
        let bench = try ServerBench(.folder(files))
        let server = try bench.start("--jobs", "1")
        var hasEnded = false
        defer {
            if !hasEnded {
                server.send(SIGKILL)
                _ = try? server.wait()  // nothing is left to be seen
            }
        }
        let bytes = (0..<60_000).map { UInt8(truncatingIfNeeded: $0 &* 11) }
        let mine = try bench.begun([("R/a", bytes)])
        let connection = try RawConnection(port: bench.port)
        #expect(
            connection.send(
                """
                PUT /consignments/\(mine.id)/files/\(mine.files[0]) HTTP/1.1\r\nHost: x\r\nConnection: close\r
                Authorization: Bearer \(bench.tokens["maria"] ?? "")\r\nContent-Length: \(bytes.count)\r\n\r\n
                """))
        #expect(connection.send(Array(bytes[..<20_000])))
        // A transfer of the command line is checked by the server, too.
        let reference = try bench.bench.upload()
        #expect(try waitUntil { try ServerStopTests.checked(reference, bench) > 0 })
        server.send(SIGTERM)
        // It takes nobody else any more, and waits for who is here.
        #expect(waitUntil { (try? RawConnection(port: bench.port)) == nil })
        #expect(!server.hasEnded)
        #expect(connection.send(Array(bytes[20_000...])))
        var answer: [UInt8] = []
        while let more = connection.receive(milliseconds: 120_000), !more.isEmpty { answer += more }
        #expect(
            String(decoding: answer, as: UTF8.self).hasPrefix("HTTP/1.1 201"),
            "\(String(decoding: answer, as: UTF8.self))")
        let ended = try server.wait()
        hasEnded = true
        #expect(ended.code == 0, "\(ended.errors.suffix(2000))")

        let done = try ServerStopTests.checked(reference, bench)
        #expect(done > 0)
        let again = try bench.serving {
            // The file that arrived last completes its consignment, too.
            _ = try bench.wait(
                "{ getConsignment(consignmentid: \"\(mine.id)\") { allChecksSucceeded filesReceived consignmentStatuses { statusType value } } }",
                "getConsignment"
            ) { value in
                value["consignmentStatuses"]?.elements.contains {
                    $0["statusType"]?.text == "ServerFFID" && $0["value"]?.text != "InProgress"
                } ?? false
            }
            #expect(try waitUntil { try ServerStopTests.checked(reference, bench) == ServerStopTests.count })
            // The last thing that a check does, before it says so in the log.
            #expect(
                try waitUntil {
                    try StoreRows.value(
                        bench.bench.store,
                        """
                        SELECT count(*) FROM likeness JOIN consignment ON consignment.id = consignmentId
                        WHERE reference = '\(reference)'
                        """) == 1
                })
            #expect(
                try waitUntil {
                    try StoreRows.value(
                        bench.bench.store,
                        """
                        SELECT count(*) FROM waiting JOIN consignment ON consignment.id = consignmentId
                        WHERE reference = '\(reference)' AND work = 'Check'
                        """) == 0
                })
        }
        #expect(again.code == 0, "\(again.errors.filter { $0 != "\r" }.suffix(6000))")
        // What was checked before was not checked again: the log tells how many were.
        let lines = again.errors.split(separator: "\n").filter {
            $0.contains("\"checked\"") && $0.contains("\"\(reference)\"")
        }
        if done < ServerStopTests.count {
            #expect(lines.count == 1)
            #expect(
                lines.first?.contains("\"files\":\"\(ServerStopTests.count - done)\"") == true, "\(lines) after \(done)"
            )
        } else {
            #expect(lines == [])
        }
        #expect(try StoreRows.wrongTallies(bench.bench.store) == [])
    }
}
