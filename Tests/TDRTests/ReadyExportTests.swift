import Glibc
import Streams
import TDRTestSupport
import Testing

/// `tdr export --ready`, as cron runs it.
@Suite struct ReadyExportTests {
    /// Uploads a folder of one file with the wish to confirm when clean.
    private func upload(_ bench: Workbench, _ name: String, _ records: Tree, wish: Bool = true) throws -> String {
        try bench.folder.make(Name(name), records)
        let words: [Argument] = ["upload", Argument(name), "--series", "MOCK1 123", "--body", "Mock Body", "--quiet"]
        let finished = try Program.run(
            Program.tdr, words + (wish ? ["--confirm-when-clean"] : []), environment: bench.environment(),
            directory: bench.folder.path)
        try #require(finished.code == 0, "\(finished.errors)")
        return finished.line
    }

    private func bench() throws -> Workbench {
        let bench = try Workbench(["a": "x"])
        try bench.folder.make("out", [:])
        return bench
    }

    private func events(_ bench: Workbench, _ what: String) throws -> [String] {
        try StoreRows.texts(bench.store, "SELECT coalesce(new, '') FROM event WHERE what = '\(what)' ORDER BY id")
    }

    @Test("makes up for a night without an antivirus engine")
    func nightWithoutEngine() throws {
        let bench = try bench()
        let reference = try upload(bench, "One", ["a": "1"])
        let without = try bench.tdr("check", "--pending", environment: ["TDR_CLAMD": "/nowhere/clamd.sock"])
        #expect(without.code == 2, "\(without.output)")
        #expect(try bench.tdr("export", "--ready", "--to", "out").output == "")
        #expect(try bench.tdr("check", "--pending", "--antivirus", "yara").code == 0)
        let exported = try bench.tdr("export", "--ready", "--to", "out", "--form", "tar")
        #expect(exported.output == "\(bench.folder.path.display)/out/\(reference).tar\n")
        let nothing = try bench.tdr("check", "--pending", "--antivirus", "yara")
        #expect(nothing.code == 0 && nothing.output == "", "\(nothing.output)")
    }

    @Test("exports the others of several, though the first has lost its bytes, and ends with 1")
    func several() throws {
        let bench = try bench()
        let references = try ["One", "Two"].map { try upload(bench, $0, ["a": .file(Array("content of \($0)".utf8))]) }
        for reference in references {
            #expect(try bench.tdr("check", Argument(reference), "--antivirus", "none").code == 0)
        }
        let object = try StoreRows.object(bench.store, "One/a")
        try setMode(object, 0o600)
        let file = try OpenFile.open(object, flags: O_WRONLY | O_TRUNC)
        try file.write(Array("content of 0ne".utf8))
        let exported = try bench.tdr(
            "export", Argument(references[0]), Argument(references[1]), "--to", "out", "--form", "tar")
        #expect(exported.code == 1)
        #expect(exported.output == "\(bench.folder.path.display)/out/\(references[1]).tar\n")
        #expect(exported.errors.contains("One/a"), "\(exported.errors)")
    }

    @Test("exports what was confirmed at its upload and came out clean, once, one line each, and is silent otherwise")
    func ready() throws {
        let bench = try bench()
        let first = try upload(bench, "One", ["a": "1"])
        let second = try upload(bench, "Two", ["a": "2"])
        let unasked = try upload(bench, "Three", ["a": "3"], wish: false)
        let found = try upload(bench, "Four", ["empty": ""])
        // Nothing is checked: nothing is ready.
        let early = try bench.tdr("export", "--ready", "--to", "out")
        #expect(early.code == 0)
        #expect(early.output + early.errors == "")
        #expect(
            try bench.tdr("status", Argument(first)).output.contains(
                "confirmed by \(account) for when the checks end clean"))
        for reference in [first, second, unasked, found] {
            _ = try bench.tdr("check", Argument(reference), "--antivirus", "none")
        }
        #expect(
            try StoreRows.texts(
                bench.store,
                """
                SELECT reference FROM consignment JOIN consignmentStatus ON consignmentId = consignment.id
                WHERE statusType = 'ConfirmTransfer' AND value = 'Completed' ORDER BY sequence
                """) == [first, second])
        let waiting = try bench.tdr("status", "--ready", "--json").json
        #expect(waiting["ready"]?.elements.compactMap(\.text) == [first, second])
        let finished = try bench.tdr("export", "--ready", "--to", "out", "--form", "tar")
        #expect(finished.code == 0, "\(finished.errors)")
        #expect(finished.errors == "")
        #expect(
            finished.output
                == "\(bench.folder.path.display)/out/\(first).tar\n\(bench.folder.path.display)/out/\(second).tar\n")
        #expect(try bench.tdr("verify", "out/\(first).tar", "out/\(second).tar").code == 0)
        let again = try bench.tdr("export", "--ready", "--to", "out", "--form", "tar")
        #expect(again.code == 0)
        #expect(again.output + again.errors == "")
        #expect(try events(bench, "Exported").count == 2)
        #expect(try events(bench, "ConfirmWhenClean").count == 3)
        #expect(
            try StoreRows.texts(
                bench.store,
                "SELECT DISTINCT transferInitiatedBy FROM consignment WHERE transferInitiatedBy IS NOT NULL")
                == [account])
        // The finding is allowed by an export that names it; that is its confirmation.
        let named = try bench.tdr(
            "export", Argument(found), "--to", "out", "--allow", "ZeroByteFile", "--reason", "kept as found")
        #expect(named.code == 0, "\(named.errors)")
        #expect(
            try bench.tdr("status").output.contains("export --ready last went well 2026-01-02T03:04:05Z (0 exported"))
    }

    private var account: String { getpwuid(getuid()).map { String(cString: $0.pointee.pw_name) } ?? "" }

    @Test("goes on after what fails, ends with 1 for that, and the next run tries it again")
    func failing() throws {
        let bench = try bench()
        let first = try upload(bench, "One", ["a": "1"])
        let second = try upload(bench, "Two", ["b": .bytes(1000, of: 0x62)])
        let third = try upload(bench, "Three", ["a": "3"])
        for reference in [first, second, third] {
            try bench.tdr("check", Argument(reference), "--antivirus", "none")
        }
        let object = try StoreRows.object(bench.store, "Two/b")
        try setMode(object, 0o600)
        try overwrite(object, at: 500, with: [0x63])
        let finished = try bench.tdr("export", "--ready", "--to", "out")
        #expect(finished.code == 1)
        #expect(finished.errors.contains(second))
        #expect(finished.errors.split(separator: "\n").count == 1)
        #expect(finished.output.split(separator: "\n").count == 2)
        let status = try bench.tdr("status")
        #expect(status.output.contains("export --ready never went well"))
        #expect(status.output.contains("1 failed"))
        try overwrite(object, at: 500, with: [0x62])
        let again = try bench.tdr("export", "--ready", "--to", "out", "--json")
        #expect(again.code == 0, "\(again.errors)")
        #expect(try again.json["reference"]?.text == second)
        #expect(try events(bench, "Exported").count == 3)
        #expect(try bench.tdr("status").output.contains("last went well"))
    }

    @Test("ends with 2 for what was confirmed and is not clean any more, and with 1 for a target that is not there")
    func notReady() throws {
        let bench = try bench()
        let first = try upload(bench, "One", ["a": "1"])
        try bench.tdr("check", Argument(first), "--antivirus", "none")
        let nowhere = try bench.tdr("export", "--ready", "--to", "nowhere")
        #expect(nowhere.code == 1)
        #expect(nowhere.errors.contains("make the folder first"))
        #expect(
            try StoreRows.value(bench.store, "SELECT count(*) FROM consignmentStatus WHERE statusType = 'Export'") == 0)
        let object = try StoreRows.object(bench.store, "One/a")
        try setMode(object, 0o600)
        try overwrite(object, at: 0, with: [0x32])
        try bench.tdr("check", Argument(first), "--antivirus", "none", "--again")
        let finished = try bench.tdr("export", "--ready", "--to", "out")
        #expect(finished.code == 2)
        #expect(finished.errors.contains("Mismatch"), "\(finished.errors)")
        #expect(try names(in: bench.folder.appending("out")) == [])
    }

    @Test("lets a second run end with 75, and takes the lock of one that was killed")
    func busy() throws {
        let bench = try bench()
        let first = try upload(bench, "One", ["a": .bytes(8 << 20, of: 0x61)])
        try bench.tdr("check", Argument(first), "--antivirus", "none")
        let running = try bench.start("export", "--ready", "--to", "out")
        let began = waitUntil {
            let count: Int? = try? StoreRows.value(
                bench.store, "SELECT count(*) FROM consignmentStatus WHERE statusType = 'Export'")
            return running.hasEnded || count == 1
        }
        #expect(began)
        running.send(SIGSTOP)
        if !running.hasEnded {
            let other = try bench.tdr("export", "--ready", "--to", "out")
            #expect(other.code == 75, "\(other.errors)")
            #expect(other.errors.contains("another tdr export --ready is at work"))
        }
        running.send(SIGKILL)
        _ = try running.wait()
        let again = try bench.tdr("export", "--ready", "--to", "out")
        #expect(again.code == 0, "\(again.errors)")
        #expect(try events(bench, "Exported").count == 1)
        #expect(try bench.tdr("verify", "out/\(first).tar.gz").code == 0)
    }

    @Test("two at once export each consignment exactly once, twenty times", .timeLimit(.minutes(30)))
    func twoAtOnce() throws {
        let bench = try bench()
        let references = try (0..<3).map { number in
            try upload(bench, "R\(number)", ["a": .bytes(number + 1, of: 0x61)])
        }
        for reference in references { try bench.tdr("check", Argument(reference), "--antivirus", "none") }
        for round in 0..<20 {
            let trial = try InterruptionTests.copy(of: bench)
            let environment = bench.environment(["TDR_STORE": Argument(trial.store)])
            try trial.folder.make("both", [:])
            let both = try (0..<2).map { _ in
                try Program.start(
                    Program.tdr, ["export", "--ready", "--to", Argument(trial.folder.appending("both"))],
                    environment: environment)
            }
            let finished = try both.map { try $0.wait() }
            for one in finished { #expect([0, 75].contains(one.code), "\(round): \(one.errors)") }
            #expect(finished.contains { $0.code == 0 })
            #expect(finished.map(\.output).joined().split(separator: "\n").count == 3, "\(round)")
            #expect(
                try StoreRows.texts(
                    trial.store,
                    """
                    SELECT reference || ' ' || count(*) FROM event JOIN consignment ON consignment.id = consignmentId
                    WHERE what = 'Exported' GROUP BY consignmentId ORDER BY sequence
                    """) == references.map { "\($0) 1" }, "\(round)")
        }
    }

    @Test("keeps the wish of an upload that was cut off, and of one that is gone on with")
    func wishes() throws {
        let bench = try bench()
        let running = try bench.start(
            "upload", "Records", "--series", "MOCK1 123", "--body", "Mock Body", "--confirm-when-clean")
        _ = waitUntil {
            let count: Int? = try? StoreRows.value(
                bench.store, "SELECT count(*) FROM consignmentMetadata WHERE propertyName = 'ConfirmWhenClean'")
            return running.hasEnded || count == 1
        }
        running.send(SIGKILL)
        _ = try running.wait()
        if try bench.tdr("status", "TDR-2026-C").output.contains("Upload: InProgress") {
            #expect(try bench.tdr("upload", "--resume", "TDR-2026-C").code == 0)
        }
        try bench.tdr("check", "TDR-2026-C", "--antivirus", "none")
        #expect(try bench.tdr("status", "TDR-2026-C").output.contains("ConfirmTransfer: Completed"))
    }

    @Test("takes what became clean by a withdrawal, and leaves what was cancelled alone")
    func repaired() throws {
        let bench = try bench()
        let mended = try upload(bench, "One", ["a": "1", "empty": ""])
        let cancelled = try upload(bench, "Two", ["a": "2"])
        for reference in [mended, cancelled] {
            _ = try bench.tdr("check", Argument(reference), "--antivirus", "none")
        }
        let gone = try bench.tdr("cancel", Argument(cancelled), "--reason", "sent twice")
        try #require(gone.code == 0, "\(gone.errors)")
        let early = try bench.tdr("export", "--ready", "--to", "out")
        #expect(early.code == 0)
        #expect(early.output + early.errors == "")
        let withdrawn = try bench.tdr("withdraw", Argument(mended), "One/empty", "--reason", "no record")
        try #require(withdrawn.code == 0, "\(withdrawn.errors)")
        let finished = try bench.tdr("export", "--ready", "--to", "out")
        #expect(finished.code == 0, "\(finished.errors)")
        #expect(finished.output == "\(bench.folder.path.display)/out/\(mended).tar.gz\n")
    }

    @Test("exports what was confirmed elsewhere, without a time of the confirmation")
    func confirmedElsewhere() throws {
        let bench = try bench()
        let reference = try upload(bench, "One", ["a": "1"], wish: false)
        try bench.tdr("check", Argument(reference), "--antivirus", "none")
        try StoreRows.execute(
            bench.store, "INSERT INTO consignmentStatus VALUES (1, 'ConfirmTransfer', 'Completed', 0, 0)")
        let finished = try bench.tdr("export", "--ready", "--to", "out")
        #expect(finished.code == 0, "\(finished.errors)")
        #expect(try bench.tdr("verify", "out/\(reference).tar.gz").code == 0)
    }

    @Test(
        "ends with 64 for words that contradict each other",
        arguments: [
            ["export", "--ready"], ["export", "--ready", "TDR-2026-C", "--to", "out"],
            ["export", "--ready", "--to", "out", "--allow", "ZeroByteFile", "--reason", "x"],
            ["export", "--ready", "--abandon", "--to", "out"], ["export", "--abandon"],
            ["export", "--abandon", "TDR-2026-C", "--read-back"],
            ["export", "--abandon", "TDR-2026-C", "--to", "s3://archive/in"], ["status", "--ready", "TDR-2026-C"],
            ["verify", "--exports", "--older-than", "soon"], ["verify", "--older-than", "3d", "bag"],
            ["verify", "s3://bucket"], ["verify", "s3://bucket/a//b"], ["verify", "bag", "--endpoint", "http://x"],
            ["verify", "--exports", "--retire", "x"], ["verify", "--exports", "--reason", "x"],
        ])
    func usage(_ words: [String]) throws {
        let bench = try bench()
        let finished = try Program.run(
            Program.tdr, words.map { Argument($0) }, environment: bench.environment(), directory: bench.folder.path)
        #expect(finished.code == 64, "\(finished.errors)")
    }
}
