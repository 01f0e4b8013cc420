import Streams
import TDRTestSupport
import Testing

/// Judgments that come through the API.
@Suite struct ServerJudgmentTests {
    /// A judgment that has been sent, by its id.
    private func sent(_ name: String, _ bytes: [UInt8], _ bench: ServerBench, as judge: String) throws -> String {
        let id = try #require(
            try bench.change(
                "addConsignment", #"addConsignmentInput: { consignmentType: "judgment" }"#, "{ consignmentid }",
                as: judge)["consignmentid"]?.text)
        _ = try bench.change(
            "addOrUpdateConsignmentMetadata",
            """
            addOrUpdateConsignmentMetadataInput: { consignmentId: "\(id)", consignmentMetadata:
                [{ propertyName: "JudgmentNeutralCitation", value: "[2026] EWCA Civ 1" }] }
            """, "{ value }", as: judge)
        _ = try bench.change(
            "startUpload", #"startUploadInput: { consignmentId: "\#(id)", parentFolder: "" }"#, as: judge)
        let file = try bench.change(
            "addFilesAndMetadata",
            """
            addFilesAndMetadataInput: { consignmentId: "\(id)", metadataInput: [{ originalPath: "\(name)",
                checksum: "\(SHA256Digest.of(bytes))", lastModified: 1600000000000, fileSize: \(bytes.count), matchId: "0" }] }
            """, "{ fileId }", as: judge
        ).elements[0]["fileId"]?.text
        #expect(try bench.put(bytes, id, file ?? "", as: judge).status == 201)
        return id
    }

    @Test(
        "confirms and exports a judgment by itself when its checks end clean, and only then", .timeLimit(.minutes(20)))
    func alone() throws {
        let bench = try ServerBench()
        let judge = try bench.token(of: "judge", "judgment_user")
        try bench.bench.folder.make("judgments", [:])
        let place = bench.bench.folder.appending("judgments")
        _ = try bench.serving("--judgment-to", Argument(place)) {
            let bad = try sent("ruling.docx", Array("no document".utf8), bench, as: judge)
            let good = try sent("ruling.docx", wordDocument, bench, as: judge)
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
