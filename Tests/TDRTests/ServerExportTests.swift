import Glibc
import Streams
import TDRTestSupport
import Testing

/// A server that takes connections and never says a word, until this value goes.
private final class SilentServer {
    private let descriptor: Int32
    let port: Int

    init() throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = self.descriptor
        let isListening = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, size) == 0 && listen(descriptor, 64) == 0
                    && getsockname(descriptor, $0, &size) == 0
            }
        }
        guard isListening else {
            close(descriptor)
            throw SystemFault("listen", "on a free port")
        }
        port = Int(UInt16(bigEndian: address.sin_port))
    }

    deinit { close(descriptor) }
}

/// Exports that a server makes.
@Suite struct ServerExportTests {
    @Test(
        "exports a judgment while large transfers keep other workers busy, and tells how far those are",
        .timeLimit(.minutes(20)))
    func judgmentsFirst() throws {
        let bench = try ServerBench()
        let judge = try bench.token(of: "judge", "judgment_user")
        try bench.bench.folder.make("judgments", [:])
        let silent = try SilentServer()
        // The keys of the place for standard transfers, which takes what comes and never answers.
        let server = try bench.start(
            "--export-to", "s3://archive/in", "--endpoint", "http://127.0.0.1:\(silent.port)", "--judgment-to",
            Argument(bench.bench.folder.appending("judgments")), environment: S3ExportTests.keys("key"))
        defer {
            server.send(SIGKILL)
            _ = try? server.wait()  // nothing is left to be seen
        }
        let waiting = try (0..<4).map { number in
            let one = try bench.checked([("R/\(number).txt", Array("text \(number)".utf8))])
            _ = try bench.change(
                "addFinalTransferConfirmation",
                "addFinalTransferConfirmationInput: { consignmentId: \"\(one.id)\", legalCustodyTransferConfirmed: true }",
                "{ consignmentId }", as: "maria")
            _ = try bench.change("startExport", "consignmentid: \"\(one.id)\"", "{ consignmentid }", as: "maria")
            return one.id
        }
        let judgment = try bench.sentJudgment("ruling.docx", wordDocument, as: judge)
        let done = try bench.wait(
            "{ getConsignment(consignmentid: \"\(judgment)\") { exportLocation } }", "getConsignment", as: judge
        ) { $0["exportLocation"]?.text != nil }
        #expect(done["exportLocation"]?.text?.contains("/judgments/") == true)
        // The others are where they were: two at work, which tell what they have to do, and two that wait.
        func told(_ id: String) throws -> String {
            try bench.send(["--max-time", "2", "\(bench.url)/consignments/\(id)/events"], as: "maria").text
        }
        for id in waiting { #expect(try told(id).contains("\"Export\":\"InProgress\"")) }
        #expect(try waitUntil { try waiting.filter { try told($0).contains("\"exportFilesTotal\":1") }.count == 2 })
    }
}
