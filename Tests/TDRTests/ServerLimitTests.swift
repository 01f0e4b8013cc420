import Glibc
import Streams
import TDRTestSupport
import Testing

/// What a server takes, at most, and for how long.
@Suite struct ServerLimitTests {
    /// A consignment of maria whose upload has begun, without files.
    private static func empty(_ bench: ServerBench) throws -> String {
        let series = try bench.field("{ getSeries(body: \"TDR-MOCK1\") { seriesid } }", "getSeries", as: "maria")
        let made = try bench.change(
            "addConsignment",
            """
            addConsignmentInput: { consignmentType: "standard", seriesid: "\(series.elements[0]["seriesid"]?.text ?? "")" }
            """, "{ consignmentid }", as: "maria")
        let id = try #require(made["consignmentid"]?.text)
        _ = try bench.change(
            "startUpload", "startUploadInput: { consignmentId: \"\(id)\", parentFolder: \"R\" }", as: "maria")
        return id
    }

    private static func declare(
        _ sizes: [Int], _ consignment: String, _ bench: ServerBench
    ) throws -> ServerBench.Answer {
        let list = sizes.enumerated().map { number, size in
            """
            { originalPath: "R/f\(number)", checksum: "\(String(repeating: "0", count: 64))", lastModified: 0,
              fileSize: \(size), matchId: "\(number)" }
            """
        }.joined(separator: ",")
        return try bench.ask(
            """
            mutation { addFilesAndMetadata(addFilesAndMetadataInput: { consignmentId: "\(consignment)", more: true,
                metadataInput: [\(list)] }) { fileId } }
            """, as: "maria")
    }

    @Test("refuses files and consignments that are larger than it takes, and says so", .timeLimit(.minutes(10)))
    func sizes() throws {
        let bench = try ServerBench()
        _ = try bench.serving("--max-file-bytes", "10", "--max-consignment-bytes", "25") {
            let id = try ServerLimitTests.empty(bench)
            func files() throws -> Double? {
                try bench.field(
                    "{ getConsignment(consignmentid: \"\(id)\") { totalFiles } }", "getConsignment", as: "maria")[
                        "totalFiles"]?.number
            }
            let large = try ServerLimitTests.declare([10, 11], id, bench)
            #expect(try large.code == "TOO_LARGE")
            #expect(large.text.contains("'R/f1' has 11 bytes; this archive takes files of at most 10"), "\(large.text)")
            let many = try ServerLimitTests.declare([10, 10, 6], id, bench)
            #expect(try many.code == "TOO_LARGE")
            #expect(many.text.contains("would have 26 bytes; this archive takes at most 25 in one"), "\(many.text)")
            // Nothing of what was refused is there, and what fits is taken; a file that is declared anew counts once.
            #expect(try files() == 0)
            #expect(try ServerLimitTests.declare([10, 10, 5], id, bench).code == nil)
            #expect(try ServerLimitTests.declare([10, 10, 5], id, bench).code == nil)
            #expect(try ServerLimitTests.declare([10, 10, 5, 1], id, bench).code == "TOO_LARGE")
            #expect(try ServerLimitTests.declare([10, 10, 4, 1], id, bench).code == nil)
            #expect(try files() == 4)

            // A browser declares by the page's script.
            _ = try bench.change(
                "addTransferAgreementPrivateBeta",
                "addTransferAgreementPrivateBetaInput: { consignmentId: \"\(id)\", allPublicRecords: true }",
                "{ allPublicRecords }", as: "maria")
            _ = try bench.change(
                "addTransferAgreementCompliance",
                """
                addTransferAgreementComplianceInput: { consignmentId: "\(id)", appraisalSelectionSignedOff: true,
                    sensitivityReviewSignedOff: true }
                """, "{ statusValue }", as: "maria")
            let browser = try Browser(bench, "maria")
            let list = """
                {"parentFolder":"R","includeTopLevelFolder":false,"emptyFolders":[],"more":true,"files":[
                 {"path":"R/g","checksum":null,"lastModified":0,"size":11,"matchId":"g"}]}
                """
            let page = try browser.send(
                [
                    "-H", "Content-Type: application/json", "--data-binary", Argument(list),
                    "\(bench.url)/pages/consignments/\(id)/list",
                ])
            #expect(page.status == 413)
            #expect(page.text.contains("larger than the 10 bytes"), "\(page.text)")
        }
    }

    @Test("gives up a query that takes too long, and goes on with the next", .timeLimit(.minutes(10)))
    func time() throws {
        let bench = try ServerBench()
        let ended = try bench.serving("--request-seconds", "1") {
            let mine = try bench.begun([("R/a", [1, 2, 3])])
            // Whoever reads a tally reads for ever.
            try StoreRows.execute(
                bench.bench.store,
                """
                ALTER TABLE tally RENAME TO slowTally;
                CREATE VIEW tally AS SELECT consignmentId, statusType, value, count FROM slowTally WHERE count +
                    (WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n) > 0;
                """)
            let query = "{ getConsignment(consignmentid: \"\(mine.id)\") { consignmentReference totalFiles } }"
            // More than there are connections to the database.
            for _ in 0..<6 {
                let answer = try bench.ask(query, as: "maria")
                #expect(answer.status == 503)
                #expect(try answer.code == "TIMEOUT", "\(answer.text)")
            }
            let quick = try bench.ask(
                "{ getConsignment(consignmentid: \"\(mine.id)\") { consignmentReference } }", as: "maria")
            #expect(quick.status == 200)
            #expect(try quick.code == nil)
            try StoreRows.execute(
                bench.bench.store, "DROP VIEW tally; ALTER TABLE slowTally RENAME TO tally;")
            #expect(try bench.field(query, "getConsignment", as: "maria")["totalFiles"]?.number == 1)
        }
        #expect(ended.code == 0, "\(ended.errors.suffix(2000))")
    }

    @Test("counts requests and bytes for whoever watches it", .timeLimit(.minutes(10)))
    func metrics() throws {
        let bench = try ServerBench()
        _ = try bench.serving {
            func counts() throws -> [String: Double] {
                let answer = try bench.send(["\(bench.url)/metrics"], as: "reader")
                #expect(answer.status == 200)
                var counts: [String: Double] = [:]
                for line in answer.text.split(separator: "\n") where !line.hasPrefix("#") {
                    let words = line.split(separator: " ")
                    counts[words.dropLast().joined(separator: " ")] = Double(words.last ?? "")
                }
                return counts
            }
            let queries = "tdr_http_requests_total{method=\"POST\",route=\"/graphql\",status=\"200\"}"
            let before = try counts()
            let mine = try bench.begun([("R/a", [1, 2, 3])])
            #expect(try bench.put([1, 2, 3], mine.id, mine.files[0], as: "maria").status == 201)
            let after = try counts()
            #expect(after[queries] ?? 0 >= (before[queries] ?? 0) + 4, "\(after)")
            #expect(after["tdr_upload_bytes_total"] == (before["tdr_upload_bytes_total"] ?? 0) + 3)
            #expect(after["tdr_uploaded_files_total"] == (before["tdr_uploaded_files_total"] ?? 0) + 1)
            let took = "tdr_http_request_duration_seconds_count{route=\"/graphql\"}"
            #expect(after[took] ?? 0 > before[took] ?? 0)
            #expect(after["process_resident_memory_bytes"] ?? 0 > 1_000_000)
            #expect(after["tdr_http_requests_in_progress"] == 1)
            // What whoever transfers has done elsewhere is none of their business.
            #expect(try bench.send(["\(bench.url)/metrics"], as: "maria").status == 404)
        }
    }

    @Test("refuses gigantic variables and queries fast, and keeps none of them", .timeLimit(.minutes(20)))
    func gigantic() throws {
        let bench = try ServerBench()
        let server = try bench.start("--idle-seconds", "5")
        defer {
            server.send(SIGKILL)
            _ = try? server.wait()  // nothing is left to be seen
        }
        let million = String(repeating: "1,", count: 1_000_000) + "1"
        let long = String(repeating: "x", count: 7 << 20)
        let bodies: [(name: String, body: String)] = [
            ("a list", #"{"query":"query($a:[Int!]){me{login}}","variables":{"a":[\#(million)]}}"#),
            ("a text", #"{"query":"query($a:String){getSeries(body:$a){code}}","variables":{"a":"\#(long)"}}"#),
            (
                "an id",
                #"{"query":"query($a:UUID!){getConsignment(consignmentid:$a){totalFiles}}","variables":{"a":"\#(long)"}}"#
            ),
            (
                "a deep one",
                #"{"query":"query($a:UUID!){getConsignment(consignmentid:$a){totalFiles}}","variables":{"a":\#(String(repeating: "[", count: 200_000))\#(String(repeating: "]", count: 200_000))}}"#
            ),
            (
                "many",
                #"{"query":"{me{login}","variables":{\#((0..<200_000).map { "\"v\($0)\":\($0)" }.joined(separator: ","))}}"#
            ),
            (
                "ids",
                #"{"query":"query($f:FileFilters){consignments(limit:1){edges{node{files(fileFiltersInput:$f){fileId}}}}}","variables":{"f":{"selectedFileIds":[\#(String(repeating: "\"00000000-0000-4000-8000-000000000000\",", count: 150_000))"00000000-0000-4000-8000-000000000000"]}}}"#
            ),
            ("a query", #"{"query":"{ me { \#(String(repeating: "login ", count: 1_000_000)) } }"}"#),
        ]
        var before = 0
        for round in 0..<3 {
            for (name, body) in bodies {
                let file = try bench.bench.folder.make("body", .file(Array(body.utf8)))
                let begun = ContinuousClock.now
                let answer = try bench.send(
                    [
                        "-H", "Content-Type: application/json", "--data-binary",
                        Argument([UInt8(ascii: "@")] + file.bytes), "\(bench.url)/graphql",
                    ], as: "maria")
                // Generous: it takes a fraction of a second, and would take for ever if it were not bounded.
                #expect(begun.duration(to: .now) < .seconds(20), "\(name)")
                #expect(answer.status < 500 && answer.status >= 200, "\(name): \(answer.status)")
                #expect(try name == "a list" || answer.json["errors"] != nil, "\(name): \(answer.text.prefix(300))")
            }
            let now = try SlowClientTests.memory(of: server)
            if round == 0 { before = now }
            #expect(now < before + (256 << 20), "\(before >> 20) MiB, then \(now >> 20) MiB")
        }
        #expect(try bench.send(["\(bench.url)/graphql?query=%7Bme%7Blogin%7D%7D"], as: "maria").status == 200)
    }
}
