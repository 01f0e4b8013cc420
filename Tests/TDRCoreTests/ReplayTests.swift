import GRDB
import Streams
import TDRTestSupport
import Testing

@testable import TDRCore

/// The history tells all that is true now: rebuilt from the events alone, the state is that of the tables.
@Suite struct ReplayTests {
    private static let run = RunInfo(actor: "tester", command: "test", version: "0.9")
    private static let eicar = AntivirusPolicy([.yara([])])

    /// That what the history tells of each consignment is what the tables say.
    private func check(
        _ bench: Bench, _ consignments: Consignment..., at place: SourceLocation = #_sourceLocation
    )
        throws
    {
        for consignment in consignments {
            let told = try ReplayedState(replaying: consignment, in: bench.store)
            let found = try ReplayedState(tablesOf: consignment, in: bench.storePath)
            #expect(told == found, sourceLocation: place)
            #expect(!told.steps.isEmpty && !told.fileStatuses.isEmpty && !told.fileDefaults.isEmpty)
        }
    }

    private func export(_ bench: Bench, _ consignment: Consignment, allow: Set<FileStatusValue> = []) async throws {
        var request = ExportRequest(target: bench.folder.appending("out"), confirmedBy: "tester")
        request.form = .tar
        request.allowed = allow
        request.reason = allow.isEmpty ? nil : "as found"
        _ = try await Exporter(store: bench.store, run: ReplayTests.run, meter: ProgressMeter())
            .export(consignment, request)
    }

    private func path(_ text: String) throws -> RelativePath { try #require(RelativePath(Array(text.utf8))) }

    @Test("over an upload, checks, a release and an export of what was allowed")
    func released() async throws {
        let bench = try Bench([
            "good.txt": "good", "empty": "", "new\nline": "x", Name([0x61, 0xFF]): "MARKER", "sub": ["Thumbs.db": "x"],
        ])
        try bench.folder.make("out", [:])
        let rules = try bench.folder.make("rules.yar", "rule marker { strings: $a = \"MARKER\" condition: $a }")
        let consignment = try await bench.upload().consignment
        try check(bench, consignment)
        try await bench.check(consignment, antivirus: AntivirusPolicy([.yara([rules])]))
        try check(bench, consignment)
        let found = try #require(RelativePath(Array("Records/a".utf8) + [0xFF]))
        try Quarantine(bench.store, run: ReplayTests.run).release(found, of: consignment, reason: "a\ntest")
        try check(bench, consignment)
        try await bench.check(consignment, antivirus: ReplayTests.eicar)
        try check(bench, consignment)
        await #expect(throws: ExportError.self) { try await export(bench, consignment, allow: [.zeroByteFile]) }
        try check(bench, consignment)

        // The name that is not UTF-8 keeps the bag from being written: another consignment goes on to the end.
        try remove(bench.records.appending(found.name))
        let other = try await bench.upload { $0.fresh = true }.consignment
        try await bench.check(other, antivirus: ReplayTests.eicar)
        try await export(bench, other, allow: [.zeroByteFile])
        try check(bench, consignment, other)
        try await export(bench, other, allow: [.zeroByteFile])
        try check(bench, consignment, other)
        let told = try ReplayedState(replaying: other, in: bench.store)
        #expect(told.steps["Export"] == "Completed" && told.exported != nil)
        #expect(told.exportLocation?.hasSuffix(".tar") == true)
    }

    @Test("over a purge, bytes that have changed, and a check of what is gone")
    func purged() async throws {
        let bench = try Bench(["good.txt": "good", "bad": .file(Clamd.eicar), "sub": ["other": "other"]])
        let consignment = try await bench.upload().consignment
        try await bench.check(consignment, antivirus: ReplayTests.eicar)
        try Quarantine(bench.store, run: ReplayTests.run).purge(
            path("Records/bad"), of: consignment, reason: "infected")
        try check(bench, consignment)
        let object = try bench.object("Records/good.txt")
        try setMode(object, 0o600)
        try overwrite(object, at: 0, with: [0x47])
        try await bench.check(consignment, antivirus: ReplayTests.eicar) { $0.again = true }
        try check(bench, consignment)
        let told = try ReplayedState(replaying: consignment, in: bench.store)
        #expect(told.quarantine == ["Records/bad": "Purged"])
        #expect(told.fileStatuses["Records/good.txt"]?["ChecksumMatch"] == "Mismatch")
    }

    @Test("over what puts a consignment right, its metadata, its reviews and its end")
    func repaired() async throws {
        let bench = try Bench([
            "good.txt": "good", "bad": .file(Clamd.eicar), "empty": "", "sub": ["other": "other", "other_R": "oth"],
        ])
        let consignment = try await bench.upload().consignment
        try await bench.check(consignment, antivirus: ReplayTests.eicar)
        try check(bench, consignment)
        let repair = Repair(store: bench.store, run: ReplayTests.run, meter: ProgressMeter())
        try bench.folder.make("new", ["bad": "clean now", "more": "more"])
        let new = bench.folder.appending("new")
        _ = try await repair.put(.replace, new.appending("bad"), into: consignment, jobs: 1)
        try check(bench, consignment)
        _ = try await repair.put(.add, new.appending("more"), into: consignment, jobs: 1)
        try check(bench, consignment)
        _ = try repair.withdraw(path("Records/empty"), from: consignment, reason: "empty", purges: true)
        try check(bench, consignment)
        try await bench.check(consignment, antivirus: ReplayTests.eicar)
        try check(bench, consignment)

        let table = try bench.folder.make("table.csv", "filepath,description\nRecords/good.txt,A good one\n")
        let metadata = MetadataRun(store: bench.store, run: ReplayTests.run, schema: .standard)
        let applied = try metadata.apply(table, to: consignment, isPartial: true) { Issue.record("\($0)") }
        #expect(applied.changed == 1)
        try check(bench, consignment)
        for (action, notes) in [
            (ReviewAction.submission, ""), (.rejection, "no"), (.submission, ""), (.approval, "yes"),
        ] {
            try bench.store.review(action, of: consignment, notes: notes, run: ReplayTests.run)
            try check(bench, consignment)
        }
        #expect(
            try StoreRows.texts(bench.storePath, "SELECT event FROM notice WHERE event LIKE 'Metadata%' ORDER BY id")
                == [
                    "MetadataReviewRequested", "MetadataReviewDecided", "MetadataReviewRequested",
                    "MetadataReviewDecided",
                ])
        try repair.cancel(consignment, reason: "enough", purges: false)
        try check(bench, consignment)
        let told = try ReplayedState(replaying: consignment, in: bench.store)
        #expect(told.isCancelled && told.reviews.count == 4)
        #expect(told.fileStatuses["Records/empty"] == nil && told.fileStatuses["Records/more"] != nil)
        #expect(told.fileMetadata["Records/good.txt"] == ["description": "A good one"])
        #expect(told.fileMetadata["Records/sub/other_R"]?["OriginalFilepath"] == "Records/sub/other")
        #expect(told.quarantine == [:])
    }

    @Test("over whatever is done in whatever order", arguments: 0..<4)
    func anything(_ seed: Int) async throws {
        var generator = SeededGenerator(seed: UInt64(seed))
        let bench = try Bench(["a0": "x", "bad": .file(Clamd.eicar), "sub": ["b0": "yy", "e0": ""]])
        try bench.folder.make("out", [:])
        let consignment = try await bench.upload().consignment
        let quarantine = Quarantine(bench.store, run: ReplayTests.run)
        for step in 0..<20 {
            switch Int.random(in: 0..<8, using: &generator) {
            case 0:
                let object = try bench.object("Records/a0")
                try setMode(object, 0o600)
                try overwrite(object, at: 0, with: [UInt8(step)])
            case 1: try await bench.check(consignment)
            case 2: try await bench.check(consignment, antivirus: ReplayTests.eicar) { $0.again = true }
            case 3: try await bench.check(consignment, antivirus: .clamd(BytePath("/no/such/socket")))
            case 4: try await bench.check(consignment) { $0.checks = [.checksum] }
            // What cannot be done now is refused and changes nothing: the state is looked at all the same.
            case 5: try? quarantine.release(path("Records/bad"), of: consignment, reason: "step \(step)")
            case 6: try? quarantine.purge(path("Records/bad"), of: consignment, reason: "step \(step)")
            default: try? await export(bench, consignment, allow: [.zeroByteFile])
            }
            try check(bench, consignment)
        }
    }

    @Test("no act is told that the replay does not know")
    func everyAct() async throws {
        let bench = try Bench(["a": "x", "link": .link("a"), ".DS_Store": "x"])
        let consignment = try await bench.upload { $0.links = .skip }.consignment
        try await bench.check(consignment)
        var known = Set(ReplayedState.acts.keys).union(ReplayedState.withoutTrace)
        known.formUnion(ConsignmentStatusType.allCases.map(\.rawValue))
        known.formUnion([ConsignmentPolicy.antivirus, PropertyName.legalCustodyTransferConfirmed])
        try bench.store.forEachEvent(of: consignment) { event in
            #expect(known.contains(event.what), "add \(event.what) to ReplayedState")
        }
    }
}
