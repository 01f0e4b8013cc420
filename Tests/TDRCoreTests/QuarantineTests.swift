import Glibc
import Streams
import TDRTestSupport
import Testing

@testable import TDRCore

@Suite struct QuarantineTests {
    private static let yara = AntivirusPolicy([.yara([])])
    private static let run = RunInfo(actor: "tester", command: "test", version: "0")

    private func bench() async throws -> (Bench, Consignment) {
        let bench = try Bench(["good": "good", "bad": .file(Clamd.eicar)])
        return (bench, try await bench.upload().consignment)
    }

    private func path(_ text: String) throws -> RelativePath { try #require(RelativePath(Array(text.utf8))) }

    @Test("moves what is found out of the objects, readable for its owner alone, and says so in the history")
    func held() async throws {
        let (bench, consignment) = try await bench()
        let object = try bench.object("Records/bad")
        try await bench.check(consignment, antivirus: QuarantineTests.yara)
        #expect(throws: SystemFault.self) { try FileStatus.of(object) }
        let held = bench.store.directory.appending("quarantine").appending(consignment.id.description).appending(
            object.lastComponent)
        #expect(try contents(of: held) == Clamd.eicar)
        #expect(try mode(of: held) == 0o600)
        #expect(try mode(of: held.directory) == 0o700)
        let file = try #require(try bench.store.quarantined(in: consignment).first)
        #expect(file.state == .held && file.path.display == "Records/bad" && file.found == "EICAR_Test_File")
        #expect(
            try StoreRows.texts(bench.storePath, "SELECT new FROM event WHERE what = 'Quarantine'") == [
                "Held: EICAR_Test_File"
            ])
        #expect(try bench.files(consignment)["Records/good"]?.statuses[.antivirus] == .success)
        // Checked again where it lies, it stays there.
        try await bench.check(consignment, antivirus: QuarantineTests.yara) { $0.again = true }
        #expect(try bench.files(consignment)["Records/bad"]?.statuses[.checksumMatch] == .success)
        #expect(try contents(of: held) == Clamd.eicar)
        #expect(try StoreRows.wrongTallies(bench.storePath) == [])
    }

    @Test("never exports what is held, released or purged")
    func export() async throws {
        let (bench, consignment) = try await bench()
        try await bench.check(consignment, antivirus: QuarantineTests.yara)
        let quarantine = Quarantine(bench.store, run: QuarantineTests.run)
        try bench.folder.make("out", [:])
        func export() async throws {
            var request = ExportRequest(target: bench.folder.appending("out"), confirmedBy: "tester")
            request.form = .tar
            let exporter = Exporter(store: bench.store, run: QuarantineTests.run, meter: ProgressMeter())
            _ = try await exporter.export(consignment, request)
        }
        await #expect(throws: ExportError.self) { try await export() }
        try quarantine.release(path("Records/bad"), of: consignment, reason: "a mistake")
        await #expect(throws: ExportError.self) { try await export() }
        try await bench.check(consignment, antivirus: QuarantineTests.yara)
        try quarantine.purge(path("Records/bad"), of: consignment, reason: "no mistake")
        await #expect(throws: ExportError.self) { try await export() }
        #expect(try DirectoryListing(of: OpenFile.directory(bench.folder.appending("out"))).count == 0)
    }

    @Test(
        "exports nothing that was found, though it was decided later to check for no viruses",
        arguments: [StorageKind.copied, .inPlace])
    func decidedLater(_ storage: StorageKind) async throws {
        let bench = try Bench(["good": "good", "bad": .file(Clamd.eicar)])
        let consignment = try await bench.upload { $0.storage = storage }.consignment
        try await bench.check(consignment, antivirus: QuarantineTests.yara)
        try await bench.check(consignment, antivirus: .none)
        try bench.folder.make("out", [:])
        let exporter = Exporter(store: bench.store, run: QuarantineTests.run, meter: ProgressMeter())
        let request = ExportRequest(target: bench.folder.appending("out"), confirmedBy: "tester")
        let error = await #expect(throws: ExportError.self) { _ = try await exporter.export(consignment, request) }
        #expect("\(try #require(error))".contains("VirusDetected: 'Records/bad'"), "\(String(describing: error))")
        #expect(try DirectoryListing(of: OpenFile.directory(bench.folder.appending("out"))).count == 0)
    }

    @Test("takes what is decided for one file as no decision about the others")
    func decidedForOne() async throws {
        let (bench, consignment) = try await bench()
        try await bench.check(consignment, antivirus: .none) { $0.file = try? self.path("Records/good") }
        #expect(try !bench.store.report(on: consignment).withoutAntivirus)
        try await bench.check(consignment, antivirus: .none)
        #expect(try bench.store.report(on: consignment).withoutAntivirus)
    }

    @Test("has what lacks an antivirus answer scanned again, and nothing that nobody wants scanned")
    func unscanned() async throws {
        let bench = try Bench(["good": "good", "bad": .file(Clamd.eicar)])
        let consignment = try await bench.upload().consignment
        let away = AntivirusPolicy.clamd(bench.folder.appending("no clamd"))
        func waiting() throws -> [RecordID] { try bench.store.consignmentsToScan().map(\.id) }
        #expect(try waiting() == [])
        try await bench.check(consignment, antivirus: away)
        #expect(try bench.store.consignmentsToCheck().isEmpty)
        #expect(try waiting() == [consignment.id])
        // Without a word from anybody, as soon as the engine is there, and not again when it has answered.
        var wanted = CheckRequest(jobs: 1)
        wanted.antivirus = QuarantineTests.yara
        let checks = CheckRun(store: bench.store, signatures: try Signatures.bundled(), meter: ProgressMeter()) { _ in
            QuarantineTests.run
        }
        try await checks.watch(wanted, every: .milliseconds(1), untilIdle: true, pending: { [] }, told: { _, _ in })
        #expect(try bench.files(consignment)["Records/good"]?.statuses[.antivirus] == .success)
        #expect(try waiting() == [])
        try Quarantine(bench.store, run: QuarantineTests.run)
            .release(path("Records/bad"), of: consignment, reason: "false alarm")
        #expect(try waiting() == [consignment.id])
        try await bench.check(consignment, antivirus: .none)
        #expect(try waiting() == [])
    }

    @Test("keeps the latest answer of each engine alone, whatever it judged by before")
    func latest() async throws {
        let (bench, consignment) = try await bench()
        try await bench.check(consignment, antivirus: QuarantineTests.yara)
        let rules = try bench.folder.make("rules.yar", "rule marker { strings: $a = \"MARKER\" condition: $a }")
        try await bench.check(consignment, antivirus: AntivirusPolicy([.yara([rules])])) { $0.again = true }
        #expect(
            try StoreRows.texts(
                bench.storePath,
                "SELECT fileId || ' ' || count(*) FROM antivirusResult GROUP BY fileId HAVING count(*) > 1"
            ) == [])
        #expect(try StoreRows.value(bench.storePath, "SELECT count(DISTINCT engineId) FROM antivirusResult") == 1)
    }

    @Test("releases a file to be checked again, and holds it again when it is found again")
    func release() async throws {
        let (bench, consignment) = try await bench()
        let object = try bench.object("Records/bad")
        try await bench.check(consignment, antivirus: QuarantineTests.yara)
        let quarantine = Quarantine(bench.store, run: QuarantineTests.run)
        try quarantine.release(path("Records/bad"), of: consignment, reason: "false alarm")
        #expect(try contents(of: object) == Clamd.eicar)
        #expect(try mode(of: object) == 0o400)
        #expect(try bench.files(consignment)["Records/bad"]?.statuses[.antivirus] == nil)
        #expect(try bench.files(consignment)["Records/bad"]?.statuses[.ffid] != nil)
        #expect(try !bench.store.report(on: consignment).areChecksComplete)
        #expect(try StoreRows.wrongTallies(bench.storePath) == [])
        let entry = try #require(try bench.store.quarantined(in: consignment).first)
        #expect(entry.state == .released && entry.reason == "false alarm")
        #expect(throws: QuarantineError.self) {
            try quarantine.release(path("Records/bad"), of: consignment, reason: "again")
        }
        #expect(try await bench.check(consignment, antivirus: QuarantineTests.yara).filesChecked == 1)
        #expect(try bench.store.quarantined(in: consignment).first?.state == .held)
    }

    @Test("lets go what every engine calls clean later")
    func cleared() async throws {
        let bench = try Bench(["bad": "MARKER"])
        let consignment = try await bench.upload().consignment
        let rules = try bench.folder.make("rules.yar", "rule marker { strings: $a = \"MARKER\" condition: $a }")
        let object = try bench.object("Records/bad")
        try await bench.check(consignment, antivirus: AntivirusPolicy([.yara([rules])]))
        #expect(try bench.store.quarantined(in: consignment).map(\.state) == [.held])
        try await bench.check(consignment, antivirus: QuarantineTests.yara) { $0.again = true }
        #expect(try bench.store.quarantined(in: consignment).map(\.state) == [.released])
        #expect(try contents(of: object) == Array("MARKER".utf8))
        #expect(try bench.files(consignment)["Records/bad"]?.statuses[.antivirus] == .success)
    }

    @Test("destroys the bytes of a purged file, keeps its entry, and checks it no more")
    func purge() async throws {
        let (bench, consignment) = try await bench()
        try await bench.check(consignment, antivirus: QuarantineTests.yara)
        let name = try bench.object("Records/bad").lastComponent
        let held = bench.store.directory.appending("quarantine").appending(consignment.id.description).appending(name)
        let quarantine = Quarantine(bench.store, run: QuarantineTests.run)
        try quarantine.purge(path("Records/bad"), of: consignment, reason: "infected")
        #expect(throws: SystemFault.self) { try FileStatus.of(held) }
        #expect(try bench.store.quarantined(in: consignment).map(\.state) == [.purged])
        #expect(try bench.files(consignment)["Records/bad"]?.statuses[.antivirus] == .virusDetected)
        let again = try await bench.check(consignment, antivirus: QuarantineTests.yara) { $0.again = true }
        #expect(again.filesChecked == 1)
        #expect(try bench.files(consignment)["Records/bad"]?.statuses[.antivirus] == .virusDetected)
    }

    @Test("makes up for a move that was cut off, in either direction", arguments: [true, false])
    func interrupted(_ towards: Bool) async throws {
        let (bench, consignment) = try await bench()
        let object = try bench.object("Records/bad")
        try await bench.check(consignment, antivirus: QuarantineTests.yara)
        let held = bench.store.directory.appending("quarantine").appending(consignment.id.description).appending(
            object.lastComponent)
        if towards {
            // The row says held, the object was not moved yet.
            #expect(held.withCString { from in object.withCString { rename(from, $0) } } == 0)
            try await bench.check(consignment, antivirus: QuarantineTests.yara)
            #expect(try contents(of: held) == Clamd.eicar)
        } else {
            try Quarantine(bench.store, run: QuarantineTests.run)
                .release(path("Records/bad"), of: consignment, reason: "x")
            #expect(object.withCString { from in held.withCString { rename(from, $0) } } == 0)
            try Quarantine.settle(consignment, in: bench.store)
            #expect(try contents(of: object) == Clamd.eicar)
        }
    }

    @Test("leaves records that lie in their source where they are")
    func inPlace() async throws {
        let bench = try Bench(["bad": .file(Clamd.eicar)])
        let consignment = try await bench.upload { $0.storage = .inPlace }.consignment
        try await bench.check(consignment, antivirus: QuarantineTests.yara)
        #expect(try bench.files(consignment)["Records/bad"]?.statuses[.antivirus] == .virusDetected)
        #expect(try bench.store.quarantined(in: consignment).isEmpty)
        #expect(try contents(of: bench.records.appending("bad")) == Clamd.eicar)
    }
}
