import Glibc
import Streams
import TDRTestSupport
import Testing

/// A receiver of notices, until this value goes.
private final class Receiver {
    let address: String
    private let running: RunningProgram
    private let folder: TemporaryFolder
    private var log: BytePath { folder.appending("log") }

    init(_ words: Argument...) throws {
        folder = try TemporaryFolder()
        let place = folder.appending("address")
        let script = BytePath(#filePath).directory.appending("notice-receiver.py")
        running = try Program.start(
            BytePath("/usr/bin/python3"), [Argument(script)] + words + [Argument(folder.appending("log"))],
            stdout: .created(place))
        let process = running
        let began = waitUntil {
            ((try? contents(of: place)) ?? []).last == UInt8(ascii: "\n") || process.hasEnded
        }
        try #require(began && !running.hasEnded, "the receiver did not start")
        address = String(String(decoding: try contents(of: place), as: UTF8.self).dropLast())
    }

    deinit {
        running.send(SIGKILL)
        _ = try? running.wait()
    }

    /// What came, in its order.
    func got() throws -> [JSONValue] {
        guard exists(log) else { return [] }
        return try contents(of: log).split(separator: UInt8(ascii: "\n")).map { try JSONValue(parsing: $0) }
    }
}

@Suite struct NoticeTests {
    private static let fields = ["consignmentReference", "datetime", "event", "id", "message"]

    private func event(_ request: JSONValue) throws -> JSONValue {
        try JSONValue(parsing: Array((request["body"]?.text ?? "").utf8))
    }

    @Test("a webhook that fails twice gets every notice once in effect, signed, in the order of its consignment")
    func webhook() throws {
        let receiver = try Receiver("http", "2")
        let bench = try Workbench(["a.txt": "x", "empty.txt": ""])
        try bench.folder.make("out", [:])
        let settings: [String: Argument] = [
            "TDR_NOTICE_WEBHOOK": Argument(receiver.address), "TDR_NOTICE_SECRET": "a secret",
            "TDR_ENVIRONMENT": "test",
        ]
        for name in ["One", "Two"] {
            try bench.folder.make(Name(name), ["a.txt": "x", "empty.txt": ""])
            #expect(
                try bench.tdr("upload", Argument(name), "--series", "s", "--body", "b", environment: settings).code == 0
            )
        }
        let checked = try bench.tdr("check", "TDR-2026-C", "--antivirus", "none", environment: settings)
        #expect(checked.code == 2)
        #expect(checked.errors.contains("did not arrive by webhook: the webhook answered 503"), "\(checked.errors)")
        #expect(!checked.errors.contains("a secret") && !checked.errors.contains(receiver.address))
        for reference in ["TDR-2026-C", "TDR-2026-D"] {
            #expect(
                try bench.tdr("check", Argument(reference), "--antivirus", "none", environment: settings).code == 2)
            let exported = try bench.tdr(
                "export", Argument(reference), "--to", "out", "--allow", "ZeroByteFile", "--reason", "kept",
                environment: settings)
            #expect(exported.code == 0, "\(exported.errors)")
        }
        let sent = try bench.tdr("notices", "send", "--now", "--pause", "1", environment: settings)
        #expect(sent.code == 0, "\(sent.errors)")
        #expect(try bench.tdr("notices", "send", "--now", environment: settings).errors.contains("0 notices arrived"))

        let all = try receiver.got()
        let taken = all.filter { $0["code"]?.number == 200 }
        let ids = taken.compactMap { $0["headers"]?["x-tdr-notice-id"]?.text }
        #expect(Set(ids).count == ids.count && ids.count == taken.count)
        #expect(all.count == taken.count + 2)
        for reference in ["TDR-2026-C", "TDR-2026-D"] {
            let events = try taken.map { try event($0) }.filter { $0["consignmentReference"]?.text == reference }
            #expect(
                events.compactMap { $0["event"]?.text } == [
                    "ChecksFoundProblems", "TransferConfirmed", "ExportFinished",
                ])
            #expect(
                events.allSatisfy { $0.keys == NoticeTests.fields && $0["message"]?["environment"]?.text == "test" })
        }
        let first = try event(taken[0])
        #expect(first["message"]?["resolutionPath"]?.text == "UserFixable")
        #expect(first["message"]?["transferringBodyName"]?.text == "b")
        let last = try event(try #require(taken.last))
        #expect(last["message"]?["success"] == .bool(true))
        #expect(last["message"]?["successDetails"]?["consignmentReference"]?.text == "TDR-2026-D")
        // What was signed is what came.
        let headers = try #require(taken[0]["headers"])
        let stamp = try #require(headers["x-tdr-timestamp"]?.text)
        let body = try #require(taken[0]["body"]?.text)
        try bench.folder.make("signed", .file(Array("\(stamp).\(body)".utf8)))
        let checkedBy = try Program.run(
            BytePath("/usr/bin/openssl"),
            ["dgst", "-sha256", "-hmac", "a secret", Argument(bench.folder.appending("signed"))])
        let code = try #require(checkedBy.line.split(separator: " ").last.map(String.init))
        #expect(headers["x-tdr-signature"]?.text == "sha256=\(code)")
    }

    @Test("a server tells of what happens while it runs, once, though it is killed", .timeLimit(.minutes(10)))
    func server() throws {
        let receiver = try Receiver("http", "0")
        let bench = try ServerBench(["a.txt": "hello", "empty.txt": ""])
        let settings: [String: Argument] = ["TDR_NOTICE_WEBHOOK": Argument(receiver.address)]
        // The same once more is one: a kill may come between the arrival and its record.
        func found() throws -> Set<String> {
            Set(
                try receiver.got().map { try event($0) }.filter { $0["event"]?.text == "ChecksFoundProblems" }
                    .compactMap { $0["id"]?.text })
        }
        let upload: [Argument] = [
            "upload", "Records", "--series", "MOCK1 1", "--body", "MOCK1", "--new", "--server", "\(bench.url)",
        ]
        let token = bench.bench.environment(["TDR_TOKEN": "\(bench.tokens["maria"] ?? "")"])
        for round in 1...2 {
            let server = try bench.start(environment: settings)
            let done = try Program.run(Program.tdr, upload, environment: token, directory: bench.bench.folder.path)
            #expect(done.code == 0, "\(done.errors)")
            let came = try waitUntil { try found().count >= round || server.hasEnded }
            #expect(came)
            server.send(SIGKILL)
            _ = try server.wait()
        }
        let last = try bench.start(environment: settings)
        last.send(SIGTERM)
        #expect(try last.wait().code == 0)
        #expect(try found().count == 2)
    }

    @Test("a command and a file get each notice once; one that fails holds up its own consignment alone")
    func commandAndFile() throws {
        let bench = try Workbench(["empty.txt": "", "a": "x"])
        try bench.folder.make("notices.jsonl", "a line that was cut")
        try bench.folder.make(
            "take.sh", "cat >> got; echo >> got; grep -q TDR-2026-C got && [ ! -e mended ] && exit 3; exit 0\n")
        let settings: [String: Argument] = [
            "TDR_NOTICE_COMMAND": "sh take.sh", "TDR_NOTICE_FILE": Argument(bench.folder.appending("notices.jsonl")),
        ]
        try bench.upload()
        let checked = try bench.tdr("check", "TDR-2026-C", "--antivirus", "none", environment: settings)
        #expect(checked.errors.contains("the command ended with 3"), "\(checked.errors)")
        let list = try bench.tdr("notices", environment: settings)
        #expect(
            list.output.contains("command not yet, 1 attempt") && list.output.contains("; file 2026"), "\(list.output)")
        // Not before its time, unless told.
        #expect(try bench.tdr("notices", "send", environment: settings).code == 2)
        try bench.folder.make("mended", "")
        #expect(try bench.tdr("notices", "send", "--now", environment: settings).code == 0)
        let lines = try contents(of: bench.folder.appending("notices.jsonl")).split(separator: UInt8(ascii: "\n"))
        #expect(lines.count == 2)
        #expect(try JSONValue(parsing: lines[1])["event"]?.text == "ChecksFoundProblems")
        #expect(try contents(of: bench.folder.appending("got")).split(separator: UInt8(ascii: "\n")).count == 2)
    }

    @Test("mails a notice through a relay, in text that changes neither commands nor headers")
    func mail() throws {
        let receiver = try Receiver("smtp")
        let bench = try Workbench(["bad": .file(Clamd.eicar), "a": "x"])
        let settings: [String: Argument] = [
            "TDR_NOTICE_SMTP": Argument(receiver.address), "TDR_NOTICE_MAIL_FROM": "tdr@example.org",
            "TDR_NOTICE_MAIL_TO": "ada@example.org, bob@example.org",
        ]
        try bench.upload()
        let checked = try bench.tdr("check", "TDR-2026-C", "--antivirus", "yara", environment: settings)
        #expect(checked.code == 2, "\(checked.errors)")
        let mails = try receiver.got()
        #expect(mails.count == 2, "\(checked.errors)")
        let lines = mails[0]["data"]?.elements.compactMap(\.text) ?? []
        #expect(lines.contains("Subject: MalwareFound TDR-2026-C"))
        #expect(lines.contains("To: <ada@example.org>, <bob@example.org>"))
        #expect(mails[0]["commands"]?.elements.compactMap(\.text).contains("RCPT TO:<bob@example.org>") == true)
        #expect(lines.allSatisfy { $0.utf8.count <= 998 && !$0.hasPrefix(".") })
    }

    @Test("a receiver that is not there keeps no command from its work, and a bad setting is said")
    func unreachable() throws {
        let bench = try Workbench(["empty.txt": "", "a": "x"])
        try bench.upload()
        let gone: [String: Argument] = ["TDR_NOTICE_WEBHOOK": "http://127.0.0.1:9/very-secret-path"]
        let checked = try bench.tdr("check", "TDR-2026-C", "--antivirus", "none", environment: gone)
        #expect(checked.code == 2 && checked.errors.contains("cannot be reached"), "\(checked.errors)")
        #expect(!checked.errors.contains("very-secret-path"))
        let bad = try bench.tdr("notices", "send", environment: ["TDR_NOTICE_WEBHOOK": "gopher://x/very-secret-path"])
        #expect(bad.code == 1 && bad.errors.contains("neither https:// nor http://"), "\(bad.errors)")
        #expect(!bad.errors.contains("very-secret-path"))
        #expect(try bench.tdr("notices", "send").code == 0)
    }
}
