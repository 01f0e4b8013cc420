import Glibc
import Streams
import TDRTestSupport
import Testing

/// `tdr verify --exports`: exported bags, looked after where they are.
@Suite struct FixityTests {
    private func bench(_ records: Tree = ["a": "x\n", "b": .bytes(100_000, of: 0x62)]) throws -> Workbench {
        let bench = try Workbench(records)
        try bench.upload()
        try bench.tdr("check", "TDR-2026-C", "--antivirus", "none")
        try bench.folder.make("out", [:])
        return bench
    }

    private func export(_ bench: Workbench, _ form: String, to: Argument = "out") throws {
        let finished = try bench.tdr("export", "TDR-2026-C", "--to", to, "--form", Argument(form))
        try #require(finished.code == 0, "\(finished.errors)")
    }

    private func results(_ bench: Workbench) throws -> [String] {
        try StoreRows.texts(bench.store, "SELECT coalesce(result, 'none') FROM exportCopy ORDER BY id")
    }

    @Test("finds every copy good, records it, and tells the last result")
    func valid() throws {
        let bench = try bench()
        let forms = ["folder", "tar", "tar.gz", "tar.zst", "zip"]
        for form in forms { try export(bench, form) }
        #expect(try results(bench) == forms.map { _ in "none" })
        #expect(try bench.tdr("status", "TDR-2026-C").output.contains("not verified since its export 2026-01-02"))
        let finished = try bench.tdr("verify", "--exports")
        #expect(finished.code == 0, "\(finished.output) \(finished.errors)")
        #expect(finished.output.split(separator: "\n").count == 5)
        #expect(finished.output.contains("out/TDR-2026-C.zip: valid\n"))
        #expect(try results(bench) == forms.map { _ in "Valid" })
        #expect(
            try StoreRows.texts(bench.store, "SELECT new FROM event WHERE what = 'ExportVerified'")
                .allSatisfy { $0.hasPrefix("Valid: ") })
        let status = try bench.tdr("status", "TDR-2026-C")
        #expect(status.output.contains("Fixity: \(bench.folder.path.display)/out/TDR-2026-C.tar: valid 2026-01-02"))
        let quiet = try bench.tdr("verify", "--exports", "TDR-2026-C", "--quiet")
        #expect(quiet.output + quiet.errors == "")
        let json = try bench.tdr("verify", "--exports", "--json")
        let first = try JSONValue(parsing: json.stdout.prefix { $0 != 0x0A })
        #expect(first["result"]?.text == "Valid")
        #expect(first["recordedSha256"] == first["sha256"])
        #expect(first["bag"]?["verdict"]?.text == "valid")
    }

    @Test("finds what was damaged, replaced or lost, and goes on with the others", arguments: ["tar", "zip", "folder"])
    func amiss(_ form: String) throws {
        let bench = try bench()
        try export(bench, form)
        let name = form == "folder" ? "TDR-2026-C" : "TDR-2026-C.\(form)"
        let place = bench.folder.appending("out").appending(name)
        try bench.folder.make("second", [:])
        try export(bench, "tar.gz", to: "second")

        // Another valid bag in its place: the same records, another bag-info.txt.
        try bench.folder.make("third", [:])
        let trial = try InterruptionTests.copy(of: bench)
        try trial("export", "TDR-2026-C", "--to", "out", "--form", Argument(form), "--bag-info", "Note: another")
        let kept = bench.folder.appending("kept")
        func move(_ from: BytePath, _ to: BytePath) throws {
            let code = from.withCString { from in to.withCString { rename(from, $0) } }
            try #require(code == 0)
        }
        try move(place, kept)
        let copied = try Program.run(
            BytePath("/bin/cp"), ["-a", Argument(trial.folder.appending("out").appending(name)), Argument(place)])
        try #require(copied.code == 0)
        let altered = try bench.tdr("verify", "--exports")
        #expect(altered.code == 2)
        #expect(altered.output.contains("\(name): altered (its SHA-256 was"), "\(altered.output)")
        #expect(altered.output.contains("TDR-2026-C.tar.gz: valid"))
        #expect(try results(bench) == ["Altered", "Valid"])
        let status = try bench.tdr("status", "TDR-2026-C")
        #expect(status.code == 2)
        #expect(status.output.contains("Next: look after"))

        _ = try Program.run(BytePath("/bin/rm"), ["-rf", Argument(place)])
        #expect(try bench.tdr("verify", "--exports").output.contains("\(name): missing"))
        try move(kept, place)
        let victim = form == "folder" ? place.appending("data/Records/b") : place
        try overwrite(victim, at: form == "folder" ? 50_000 : 60_000, with: [0x63])
        let damaged = try bench.tdr("verify", "--exports")
        #expect(damaged.code == 2)
        #expect(damaged.output.contains("\(name): invalid ("), "\(damaged.output)")
        #expect(try results(bench) == ["Invalid", "Valid"])
    }

    @Test("ends with 1 for what it could not look at, and never takes that for good or bad")
    func notVerified() throws {
        let bench = try bench()
        try export(bench, "tar")
        #expect(try bench.tdr("verify", "--exports").code == 0)
        let out = bench.folder.appending("out")
        let code = out.withCString { from in bench.folder.appending("away").withCString { rename(from, $0) } }
        try #require(code == 0)
        let finished = try bench.tdr("verify", "--exports")
        #expect(finished.code == 1)
        #expect(finished.output.contains("not verified ("), "\(finished.output)")
        #expect(try results(bench) == ["NotVerified"])
        #expect(
            try bench.tdr("status", "TDR-2026-C").output.contains("could not be verified 2026-01-02, last verified"))
        #expect(try StoreRows.value(bench.store, "SELECT count(*) FROM exportCopy WHERE verified IS NULL") == 0)
    }

    @Test("looks at what is due: the longest unverified first, and what was amiss each time")
    func olderThan() throws {
        let bench = try bench()
        try export(bench, "tar")
        try export(bench, "zip")
        func at(_ day: String, _ words: Argument...) throws -> Finished {
            try Program.run(
                Program.tdr, ["verify", "--exports", "--older-than", "30d"] + words,
                environment: bench.environment(["TDR_CLOCK": Argument("\(day)T03:04:05Z")]),
                directory: bench.folder.path)
        }
        let early = try at("2026-01-31")
        #expect(early.code == 0)
        #expect(early.output == "")
        #expect(try at("2026-02-01").output.split(separator: "\n").count == 2)
        #expect(try at("2026-02-02").output == "")
        try remove(bench.folder.appending("out/TDR-2026-C.zip"))
        #expect(try at("2026-02-02").output == "")
        #expect(try at("2026-03-03").code == 2)
        let again = try at("2026-03-04")
        #expect(again.code == 2)
        #expect(again.output.split(separator: "\n").count == 1)

        let place = bench.folder.appending("out/TDR-2026-C.zip")
        let retired = try bench.tdr(
            "verify", "--exports", "--retire", Argument(place), "--reason", "moved to tape 12")
        #expect(retired.code == 0, "\(retired.errors)")
        #expect(
            try StoreRows.texts(bench.store, "SELECT new FROM event WHERE what = 'ExportRetired'") == [
                "moved to tape 12"
            ])
        #expect(try at("2026-03-05").output == "")
        #expect(try bench.tdr("verify", "--exports", "--retire", "nowhere", "--reason", "x").code == 1)
        // Exported there again, it is looked after again.
        try export(bench, "zip")
        #expect(try bench.tdr("verify", "--exports").output.contains("TDR-2026-C.zip: valid"))
    }

    @Test("finds the bags in S3 by what the store remembers of the server")
    func inS3() throws {
        let (bench, _) = try S3ExportTests.bench()
        var server: FaultServer? = try FaultServer("none")
        #expect(try S3ExportTests.export(bench, #require(server).endpoint).code == 0)
        let keys = S3ExportTests.keys("key")
        let good = try bench.tdr("verify", "--exports", environment: keys)
        #expect(good.code == 0, "\(good.output)\(good.errors)")
        #expect(good.output == "TDR-2026-C  s3://archive/in/TDR-2026-C.tar: valid\n")
        _ = try server?.tells("flip?in/TDR-2026-C.tar")
        #expect(try bench.tdr("verify", "--exports", environment: keys).code == 2)
        _ = try server?.tells("remove?in/TDR-2026-C.tar")
        #expect(try bench.tdr("verify", "--exports", environment: keys).output.contains("missing"))
        #expect(try bench.tdr("verify", "--exports").code == 1)
        server = nil
        let gone = try bench.tdr("verify", "--exports", environment: keys)
        #expect(gone.code == 1)
        #expect(!gone.output.contains(S3ExportTests.secret))
        #expect(try results(bench) == ["NotVerified"])
    }

    @Test("knows the exports of a store that an older version made")
    func older() throws {
        let bench = try bench()
        try export(bench, "tar")
        try export(bench, "folder")
        try StoreRows.execute(
            bench.store,
            """
            DROP TABLE exportCopy; ALTER TABLE s3Upload DROP COLUMN address; ALTER TABLE s3Upload DROP COLUMN region;
            ALTER TABLE s3Upload DROP COLUMN style; DELETE FROM grdb_migrations WHERE identifier = 'exports'
            """)
        let finished = try bench.tdr("verify", "--exports")
        #expect(finished.code == 0, "\(finished.output)\(finished.errors)")
        #expect(finished.output.contains("TDR-2026-C.tar: valid\n"))
        #expect(finished.output.contains("TDR-2026-C: valid (no SHA-256 of it was recorded)"))
    }
}
