import Glibc
import Streams
import TDRTestSupport
import Testing

/// Commands that work through a server.
@Suite struct ServerClientTests {
    private func tdr(
        _ bench: ServerBench, as login: String, _ arguments: [Argument]
    ) throws -> Finished {
        try bench.tdr(arguments, as: login)
    }

    @Test(
        "goes on where it was killed when the same upload is given again, and sends each file once",
        .timeLimit(.minutes(20)))
    func killed() throws {
        let count = 400
        let files = (0..<count).map { (Name("f\($0).txt"), Tree.bytes(2000 + $0 * 11, of: UInt8(0x61 + $0 % 26))) }
        let bench = try ServerBench(.folder(files))
        let arguments: [Argument] = [
            "upload", "Records", "--series", "MOCK1 1", "--body", "MOCK1", "--jobs", "1", "--server", "\(bench.url)",
        ]
        let environment = bench.bench.environment(["TDR_TOKEN": "\(bench.tokens["maria"] ?? "")"])
        _ = try bench.serving {
            let first = try Program.start(
                Program.tdr, arguments, environment: environment, directory: bench.bench.folder.path)
            func received() throws -> Double {
                let user = try bench.field("{ me { userId } }", "me", as: "maria")["userId"]?.text ?? ""
                return try bench.field(
                    """
                    { consignments(limit: 5, consignmentFiltersInput: { userId: "\(user)" })
                        { edges { node { filesReceived } } } }
                    """, "consignments", as: "maria")["edges"]?.elements.first?["node"]?["filesReceived"]?.number ?? 0
            }
            // In the middle: some have arrived.
            while try received() == 0, !first.hasEnded { usleep(5000) }
            first.send(SIGKILL)
            _ = try first.wait()
            let there = try received()
            #expect(there > 0)
            let second = try Program.run(
                Program.tdr, arguments, environment: environment, directory: bench.bench.folder.path)
            #expect(second.code == 0, "\(second.errors)")
            // One that had come to its end before the kill is a transfer of its own.
            #expect(second.errors.contains(there < Double(count) ? "went on with" : "uploaded"), "\(second.errors)")
            let report = try bench.field(
                "{ getConsignmentByReference(consignmentReference: \"\(second.line)\") { totalFiles filesReceived } }",
                "getConsignmentByReference", as: "maria")
            #expect(report["totalFiles"]?.number == Double(count))
            #expect(report["filesReceived"]?.number == Double(count))
        }
        let arrivals = try StoreRows.texts(
            bench.bench.store,
            """
            SELECT fileId || ' ' || count(*) FROM event WHERE what = 'FileStatus' AND new LIKE '%"Upload":"Success"%'
                AND consignmentId = (SELECT max(id) FROM consignment) GROUP BY fileId
            """)
        #expect(arrivals.count == count)
        #expect(arrivals.allSatisfy { $0.hasSuffix(" 1") })
        #expect(try StoreRows.wrongTallies(bench.bench.store) == [])
    }

    @Test(
        "makes a whole transfer: upload with metadata and agreement, status, review, export and the bag",
        .timeLimit(.minutes(20)))
    func transfer() throws {
        let bench = try ServerBench(["a.txt": "hello", "sub": ["b.txt": "again"]])
        let adviser = try bench.token(of: "adviser", "transfer_adviser", body: "TDR-MOCK2")
        try bench.bench.folder.make(
            "table.csv", .file(Array("filepath,description\nRecords/a.txt,one\nRecords/sub/b.txt,two\n".utf8)))
        try bench.bench.folder.make("bags", [:])
        var reference: Argument = ""
        _ = try bench.serving("--offer-bags") {
            let wrong = try tdr(
                bench, as: "maria", ["upload", "Records", "--series", "MOCK1 1", "--body", "Somebody Else"])
            #expect(wrong.code == 1)
            #expect(wrong.errors.contains("MOCK1"), "\(wrong.errors)")
            let uploaded = try tdr(
                bench, as: "maria",
                [
                    "upload", "Records", "--series", "MOCK1 1", "--body", "MOCK1", "--strict", "--metadata",
                    "table.csv",
                    "--legal-status", "Welsh Public Record(s)", "--appraisal-signed-off", "--sensitivity-signed-off",
                ])
            try #require(uploaded.code == 0, "\(uploaded.errors)")
            #expect(uploaded.errors.contains("applied metadata to 2 files"))
            reference = Argument(uploaded.line)

            // What a server tells is what the store tells, but for what only the store knows.
            let lines = try tdr(bench, as: "maria", ["status", reference, "--files", "--json"])
            #expect(lines.code == 0, "\(lines.errors)")
            #expect(lines.output == (try bench.bench.tdr("status", reference, "--files", "--json").output))
            let csv = try tdr(bench, as: "maria", ["status", reference, "--files", "--csv"])
            #expect(csv.output == (try bench.bench.tdr("status", reference, "--files", "--csv").output))
            #expect(try tdr(bench, as: "maria", ["status", reference, "--failed"]).output == "")
            let steps = try tdr(bench, as: "maria", ["status", reference, "--json"]).json["consignmentStatuses"]
            #expect(steps?["TransferAgreement"]?.text == "Completed")
            #expect(steps?["DraftMetadata"]?.text == "Completed")

            let agreed = try tdr(bench, as: "maria", ["agreement", reference])
            #expect(agreed.output.contains("LegalStatus: Welsh Public Record(s)"))

            #expect(try tdr(bench, as: "maria", ["review", "request", reference, "--notes", "please"]).code == 0)
            let early = try tdr(bench, as: "maria", ["export", reference])
            #expect(early.code == 2, "\(early.errors)")
            #expect(early.errors.contains("under review"), "\(early.errors)")
            let neither = try tdr(bench, as: "maria", ["export", reference, "TDR-2000-ZZZ"])
            #expect(neither.code == 1, "what could not be done weighs more: \(neither.errors)")
            #expect(neither.errors.contains("under review"), "\(neither.errors)")
            #expect(try tdr(bench, as: adviser, ["review", "approve", reference]).code == 0)
            let log = try tdr(bench, as: "maria", ["review", "log", reference]).output
            #expect(log.contains("Submission  maria: please"))
            #expect(log.contains("Approval  adviser"))

            let exported = try tdr(bench, as: "maria", ["export", reference])
            #expect(exported.code == 0, "\(exported.errors)")
            #expect(exported.line == "\(bench.exports.display)/\(uploaded.line).tar.gz")
            let others = try tdr(bench, as: "maria", ["export", "TDR-2000-ZZZ", reference])
            #expect(others.code == 1, "\(others.errors)")
            #expect(others.errors.contains("cannot export TDR-2000-ZZZ"), "\(others.errors)")
            #expect(others.line == exported.line, "one that is not there does not keep the other")
            let fetched = try tdr(bench, as: "maria", ["export", reference, "--to", "bags", "--json"])
            #expect(fetched.code == 0, "\(fetched.errors)")
            let verified = try bench.bench.shell(
                "cd bags && sha256sum -c \(uploaded.line).tar.gz.sha256 && $TDR verify \(uploaded.line).tar.gz"
                    + " && cmp \(uploaded.line).tar.gz ../exports/\(uploaded.line).tar.gz && ls -A")
            #expect(verified.code == 0, "\(verified.errors)")
            #expect(verified.output.hasSuffix("\(uploaded.line).tar.gz\n\(uploaded.line).tar.gz.sha256\n"))
            #expect(try tdr(bench, as: "maria", ["export", reference, "--to", "bags"]).code == 0)
            #expect(try tdr(bench, as: "stranger", ["export", reference]).code == 1)
            let table = try tdr(bench, as: "maria", ["metadata", "template", reference])
            #expect(table.output.contains("one"))
            #expect(table.output == (try bench.bench.tdr("metadata", "template", reference).output))
        }
        // A server that keeps its bags says so, and still tells where they are.
        _ = try bench.serving {
            let kept = try tdr(bench, as: "maria", ["export", reference, "--to", "bags"])
            #expect(kept.code == 1)
            #expect(kept.errors.contains("--offer-bags"), "\(kept.errors)")
            #expect(try tdr(bench, as: "maria", ["export", reference]).code == 0)
        }
    }

    @Test("tells of findings with the words and examples that a store has", .timeLimit(.minutes(20)))
    func findings() throws {
        let bench = try ServerBench(["a.txt": "hello", "empty": ""])
        _ = try bench.serving {
            let name = try tdr(bench, as: "maria", ["upload", "Records", "--series", "MOCK1 1"]).line
            let reference = Argument(name)
            let checked = try tdr(bench, as: "maria", ["check", reference])
            #expect(checked.code == 2, "\(checked.errors)")
            let failed = try tdr(bench, as: "maria", ["status", reference, "--failed", "--csv"])
            #expect(failed.code == 2)
            #expect(failed.output.split(separator: "\r\n").count == 2)
            #expect(failed.output == (try bench.bench.tdr("status", reference, "--failed", "--csv").output))
            let page = try tdr(bench, as: "maria", ["status", reference]).output
            #expect(page.contains("ZeroByteFile, 1 file"), "\(page)")
            #expect(page.contains("Records/empty"))
            let export = try tdr(bench, as: "maria", ["export", reference])
            #expect(export.code == 2)
            #expect(export.errors.contains("not ready"), "\(export.errors)")
            // A watch that nobody ends goes on; the first thing it tells is how it is.
            let watch = try Program.start(
                BytePath("/bin/sh"),
                ["-c", "exec \"$TDR\" status \(name) --watch --json --server \"$URL\" >watch"],
                environment: bench.bench.environment([
                    "TDR_TOKEN": "\(bench.tokens["maria"] ?? "")", "TDR": Argument(Program.tdr), "URL": "\(bench.url)",
                ]), directory: bench.bench.folder.path)
            let told = bench.bench.folder.appending("watch")
            while (try? readWhole(told, limit: 1 << 20).isEmpty) ?? true, !watch.hasEnded { usleep(5000) }
            watch.send(SIGTERM)
            _ = try watch.wait()
            let text = String(decoding: try readWhole(told, limit: 1 << 20), as: UTF8.self)
            #expect(text.contains("\"filesWithProblems\":1"), "\(text)")
        }
    }
}
