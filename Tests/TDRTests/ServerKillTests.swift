import Glibc
import Streams
import TDRTestSupport
import Testing

/// A server that is killed at any moment, and started again.
@Suite struct ServerKillTests {
    /// How many transfers are made, each with a kill during the upload, the checks and the export:
    /// `TDR_KILL_ROUNDS=30` is what a release gets.
    private static let rounds = getenv("TDR_KILL_ROUNDS").flatMap { Int(String(cString: $0)) } ?? 3

    /// A server that comes back.
    private final class Phoenix {
        let bench: ServerBench
        private var server: RunningProgram
        private var generator = SystemRandomNumberGenerator()

        init(_ bench: ServerBench) throws {
            self.bench = bench
            server = try bench.start()
        }

        /// Ends it at some moment from now on, and starts it again.
        func fall(within milliseconds: UInt32) throws {
            usleep(UInt32.random(in: 0...milliseconds * 1000, using: &generator))
            server.send(SIGKILL)
            _ = try server.wait()
            server = try bench.start()
        }

        deinit {
            server.send(SIGKILL)
            _ = try? server.wait()  // nothing is left to be seen
        }
    }

    private static let files = (0..<300).map {
        (Name("f\($0).txt"), Tree.bytes(1000 + $0 * 37, of: UInt8(0x61 + $0 % 26)))
    }

    @Test("loses and doubles nothing, whether uploads, checks or exports are under way", .timeLimit(.minutes(60)))
    func killed() throws {
        let bench = try ServerBench(.folder(ServerKillTests.files + [("large", .bytes(30 << 20)), ("empty", [:])]))
        let phoenix = try Phoenix(bench)
        var references: [String] = []
        for _ in 0..<ServerKillTests.rounds {
            references.append(try ServerKillTests.upload(phoenix))
            try ServerKillTests.checkAndExport(references, phoenix)
        }
        // One consignment for each upload, no more: a lost answer makes no second one.
        let all = try bench.field(
            "{ consignments(limit: 250) { edges { node { consignmentReference totalFiles } } } }", "consignments",
            as: "reader")
        let filled = (all["edges"]?.elements ?? []).filter { ($0["node"]?["totalFiles"]?.number ?? 0) > 1 }
        #expect(
            Set(filled.compactMap { $0["node"]?["consignmentReference"]?.text }) == Set(references),
            "\(filled.count) of \(references.count)")
        #expect(
            try names(in: bench.exports).filter { !$0.hasPrefix(".") }
                == references.flatMap { ["\($0).tar.gz", "\($0).tar.gz.sha256"] }.sorted())
        #expect(try StoreRows.wrongTallies(bench.bench.store) == [])
    }

    /// Uploads the records by the command, which waits for the server to come back; the reference.
    private static func upload(_ phoenix: Phoenix) throws -> String {
        let bench = phoenix.bench
        let words: [Argument] = [
            "upload", Argument(bench.bench.records), "--series", "MOCK1 1", "--server", "\(bench.url)",
        ]
        let environment = bench.bench.environment(["TDR_TOKEN": "\(bench.tokens["maria"] ?? "")"])
        let upload = try Program.start(Program.tdr, words, environment: environment)
        for _ in 0..<2 where !upload.hasEnded { try phoenix.fall(within: 400) }
        var done = try upload.wait()
        // A request that may not be sent twice ends the command; the same one goes on.
        for _ in 0..<5 where done.code == 1 { done = try Program.run(Program.tdr, words, environment: environment) }
        try #require(done.code == 0, "\(done.errors)")
        #expect(!done.errors.contains("tdr_"))
        return done.line
    }

    private static func checkAndExport(_ references: [String], _ phoenix: Phoenix) throws {
        let bench = phoenix.bench
        let reference = try #require(references.last)
        let query = """
            { getConsignmentByReference(consignmentReference: "\(reference)") { consignmentid allChecksSucceeded
                totalFiles totalFileSize filesReceived exportLocation } }
            """
        // The checks have begun with the last file.
        try phoenix.fall(within: 300)
        let checked = try bench.wait(query, "getConsignmentByReference") { $0["allChecksSucceeded"] == .bool(true) }
        #expect(checked["totalFiles"]?.number == 301)
        #expect(checked["filesReceived"]?.number == 301)
        let size = (0..<300).reduce(30 << 20) { $0 + 1000 + $1 * 37 }
        #expect(checked["totalFileSize"]?.number == Double(size))
        let id = checked["consignmentid"]?.text ?? ""
        // The files are good before the steps are rolled up.
        _ = try waitUntil {
            try bench.ask(
                """
                mutation { addFinalTransferConfirmation(addFinalTransferConfirmationInput: { consignmentId: "\(id)",
                    legalCustodyTransferConfirmed: true }) { consignmentId } }
                """, as: "maria"
            ).json["errors"] == nil
        }
        _ = try bench.field(
            "mutation { startExport(consignmentid: \"\(id)\") { consignmentid } }", "startExport", as: "maria")
        try phoenix.fall(within: 300)
        let exported = try bench.wait(query, "getConsignmentByReference") { $0["exportLocation"]?.text != nil }
        let verified = try bench.bench.tdr("verify", "\(exported["exportLocation"]?.text ?? "")", "--json")
        #expect(verified.code == 0, "\(verified.errors)")
    }
}
