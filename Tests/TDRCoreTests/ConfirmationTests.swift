import Streams
import TDRTestSupport
import Testing

@testable import TDRCore

/// Custody that passes by itself, and what it waits for.
@Suite struct ConfirmationTests {
    private static let run = RunInfo(actor: "tester", command: "test", version: "0")

    /// A store whose settings require `what`, with a consignment that was uploaded with the wish and checked clean.
    private func clean(requiring what: String) async throws -> (bench: Bench, consignment: Consignment) {
        let bench = try Bench(["a.txt": "hello"], environment: ["TDR_EXPORT_REQUIRES": what])
        let consignment = try await bench.upload { $0.confirmedWhenCleanBy = "tester" }.consignment
        try await bench.check(consignment)
        return (bench, consignment)
    }

    private func isConfirmed(_ consignment: Consignment, _ bench: Bench) throws -> Bool {
        try bench.store.statuses(of: consignment)[.confirmTransfer] == .completed
    }

    @Test("passes with the end of clean checks where nothing more is required")
    func plain() async throws {
        let (bench, consignment) = try await clean(requiring: "")
        #expect(try isConfirmed(consignment, bench))
    }

    @Test("waits for what the settings require, and passes when the last of it is there")
    func required() async throws {
        let (bench, consignment) = try await clean(requiring: "legal-status,appraisal")
        #expect(try !isConfirmed(consignment, bench))
        // Whoever wishes it again, and the run over all that is ready, find it lacking, too.
        try bench.store.wishConfirmation(of: consignment, by: "tester", run: ConfirmationTests.run)
        try bench.store.confirmAllWished { try bench.store.begin(ConfirmationTests.run) }
        #expect(try !isConfirmed(consignment, bench))
        var agreement = Agreement()
        agreement.legalStatus = PropertyName.legalStatuses[0]
        try bench.store.agree(
            agreement, on: consignment, required: [], by: "tester", run: ConfirmationTests.run)
        #expect(try !isConfirmed(consignment, bench))
        try bench.store.setConsignmentMetadata(
            [(PropertyName.appraisalSelectionSignOffConfirmed, "true")], of: consignment, run: ConfirmationTests.run)
        #expect(try isConfirmed(consignment, bench))
    }

    @Test("waits for metadata that is required, and passes when it is applied")
    func metadata() async throws {
        let (bench, consignment) = try await clean(requiring: "metadata")
        #expect(try !isConfirmed(consignment, bench))
        let run = MetadataRun(store: bench.store, run: ConfirmationTests.run, schema: .standard)
        let table = bench.folder.appending("table.csv")
        let writer = try DurableWriter(to: table)
        try run.write(.template, of: consignment) { try $0.withUnsafeBytes { try writer.write($0) } }
        try writer.commit()
        let summary = try run.apply(table, to: consignment, isPartial: false) { _ in }
        #expect(summary.findings == 0)
        #expect(try isConfirmed(consignment, bench))
    }

    @Test("waits for a review that is required, and passes with the approval")
    func review() async throws {
        let (bench, consignment) = try await clean(requiring: "review")
        #expect(try !isConfirmed(consignment, bench))
        try bench.store.review(.submission, of: consignment, notes: "", run: ConfirmationTests.run)
        #expect(try !isConfirmed(consignment, bench))
        try bench.store.review(.approval, of: consignment, notes: "", run: ConfirmationTests.run)
        #expect(try isConfirmed(consignment, bench))
    }

    @Test("a setting that is no requirement is told, and nothing passes by it")
    func unknown() async throws {
        let bench = try Bench(["a.txt": "hello"], environment: ["TDR_EXPORT_REQUIRES": "everything"])
        let consignment = try await bench.upload { $0.confirmedWhenCleanBy = nil }.consignment
        #expect(throws: AgreementError.self) {
            try bench.store.wishConfirmation(of: consignment, by: "tester", run: ConfirmationTests.run)
        }
    }
}
