import Glibc
import Streams
import TDRTestSupport
import Testing

/// What comes through a server into a store whose objects are in S3.
@Suite(.serialized) struct S3DeliveryTests {
    private static let records: Tree = {
        let large: Tree = .bytes(20 << 20, of: 0x2E)
        var files: [(Name, Tree)] = [("large", large), ("empty", "")]
        for number in 0..<30 { files.append((Name("file \(number)"), .bytes(1000 + number, of: UInt8(number)))) }
        return .folder(files)
    }()
    private static let files = 32
    /// The two consignments that every bench has, and the mark of the store.
    private static let before = 3

    private func upload(_ bench: ServerBench) throws -> RunningProgram {
        try Program.start(
            Program.tdr,
            ["upload", Argument(bench.bench.records), "--series", "MOCK1 1", "--server", "\(bench.url)"],
            environment: bench.bench.environment(["TDR_TOKEN": "\(bench.tokens["maria"] ?? "")"]))
    }

    /// Every object is there once and has the bytes that its row says; nothing is left on the way.
    private func expectWhole(_ bench: ServerBench, _ server: FaultServer, _ reference: String) throws {
        #expect(try server.tells("keys").count == S3DeliveryTests.before + S3DeliveryTests.files)
        #expect(try server.tells("uploads") == [])
        #expect(try StoreRows.value(bench.bench.store, "SELECT count(*) FROM s3Upload") == 0)
        let consignments = try #require(try? names(in: bench.bench.store.appending("incoming")))
        for consignment in consignments {
            #expect(try names(in: bench.bench.store.appending("incoming/\(consignment)")) == [])
        }
        #expect(try names(in: bench.bench.store.appending("objects")) == [])
        let checked = try bench.bench.tdr(
            "check", Argument(reference), "--only", "checksum", "--again", environment: bench.keys)
        #expect(checked.code == 0, "\(checked.output)\(checked.errors)")
        #expect(checked.output.contains("32 of 32 files"), "\(checked.output)")
    }

    @Test("is sent on to S3, once, and checked and exported from there", .timeLimit(.minutes(20)))
    func arrives() throws {
        let server = try FaultServer("none")
        let bench = try ServerBench(S3DeliveryTests.records, objectsAt: server.endpoint)
        var reference = ""
        let served = try bench.serving {
            let done = try upload(bench).wait()
            try #require(done.code == 0, "\(done.errors)")
            reference = done.line
        }
        #expect(!served.errors.contains(S3ExportTests.secret))
        #expect(try server.tells("log").filter { $0.hasPrefix("part") }.count == 3)
        try expectWhole(bench, server, reference)
        // The checks of the server, gone on with wherever it was when it was told to end; one file is empty.
        let checked = try bench.bench.tdr("check", Argument(reference), "--antivirus", "none", environment: bench.keys)
        #expect(checked.code == 2, "\(checked.output)\(checked.errors)")
        let exported = try bench.bench.tdr(
            "export", Argument(reference), "--to", Argument(bench.exports), "--form", "folder", "--allow",
            "ZeroByteFile,Unidentified,MultipleFormats", "--reason", "x", environment: bench.keys)
        try #require(exported.code == 0, "\(exported.errors)")
        let same = try bench.bench.shell("diff -r '\(bench.bench.records.display)' exports/\(reference)/data/Records")
        #expect(same.code == 0, "\(same.output)\(same.errors)")
    }

    @Test("goes on after the server was killed while it sent a file on", .timeLimit(.minutes(20)))
    func killed() throws {
        let server = try FaultServer("none")
        let bench = try ServerBench(S3DeliveryTests.records, objectsAt: server.endpoint)
        let first = try bench.start()
        let uploading = try upload(bench)
        _ = try waitUntil { try !server.tells("log").isEmpty || uploading.hasEnded }
        first.send(SIGKILL)
        _ = try first.wait()
        var reference = ""
        _ = try bench.serving {
            var done = try uploading.wait()
            // A request that may not be sent twice ends the command; the same one goes on.
            for _ in 0..<5 where done.code == 1 { done = try upload(bench).wait() }
            try #require(done.code == 0, "\(done.errors)")
            reference = done.line
        }
        try expectWhole(bench, server, reference)
    }

    @Test("is received only when S3 has it: a server that is down keeps it out, and it comes when the server is back")
    func down() throws {
        let server = try FaultServer("none")
        let bench = try ServerBench(S3DeliveryTests.records, objectsAt: server.endpoint)
        var reference = ""
        _ = try bench.serving {
            _ = try server.tells("down")
            let refused = try upload(bench).wait()
            #expect(refused.code == 1, "\(refused.output)\(refused.errors)")
            let received =
                "SELECT count(*) FROM fileStatus JOIN file ON file.id = fileId WHERE Upload = 'Success'"
                + " AND fileType = 'File' AND file.consignmentId > 2"
            #expect(try StoreRows.value(bench.bench.store, received) == 0)
            _ = try server.tells("up")
            let done = try upload(bench).wait()
            try #require(done.code == 0, "\(done.errors)")
            reference = done.line
        }
        try expectWhole(bench, server, reference)
    }
}
