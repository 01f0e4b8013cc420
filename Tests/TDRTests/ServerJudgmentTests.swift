import Streams
import TDRTestSupport
import Testing

/// Judgments that come through the API.
@Suite struct ServerJudgmentTests {
    @Test(
        "confirms and exports a judgment by itself when its checks end clean, and only then", .timeLimit(.minutes(20)))
    func alone() throws {
        let bench = try ServerBench()
        let judge = try bench.token(of: "judge", "judgment_user")
        try bench.bench.folder.make("judgments", [:])
        let place = bench.bench.folder.appending("judgments")
        _ = try bench.serving("--judgment-to", Argument(place)) {
            let bad = try bench.sentJudgment("ruling.docx", Array("no document".utf8), as: judge)
            let good = try bench.sentJudgment("ruling.docx", wordDocument, as: judge)
            let done = try bench.wait(
                "{ getConsignment(consignmentid: \"\(good)\") { exportLocation consignmentReference consignmentStatuses { statusType value } } }",
                "getConsignment", as: judge
            ) { $0["exportLocation"]?.text != nil }
            let reference = done["consignmentReference"]?.text ?? ""
            #expect(done["exportLocation"]?.text == "\(place.display)/\(reference).tar.gz")
            let verified = try bench.bench.tdr("verify", "\(done["exportLocation"]?.text ?? "")")
            #expect(verified.code == 0, "\(verified.errors)")
            let table = try bench.bench.shell("tar -xzOf judgments/\(reference).tar.gz \(reference)/file-metadata.csv")
            #expect(table.output.contains(",judgment,false,,,[2026] EWCA Civ 1,false,,"), "\(table.output)")
            let refused = try bench.wait(
                "{ getConsignment(consignmentid: \"\(bad)\") { filesWithProblems exportLocation consignmentStatuses { statusType value } } }",
                "getConsignment", as: judge
            ) { $0["filesWithProblems"]?.number == 1 }
            #expect(
                refused["consignmentStatuses"]?.elements.contains { $0["statusType"]?.text == "ConfirmTransfer" }
                    == false)
            #expect(refused["exportLocation"] == .null)
        }
    }
}
