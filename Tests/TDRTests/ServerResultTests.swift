import Streams
import TDRTestSupport
import Testing

/// What programs and advisers say through the API.
@Suite struct ServerResultTests {
    /// The value of each status of a file by its type.
    private func statuses(of file: String, in id: String, _ bench: ServerBench) throws -> [String: String] {
        let files =
            try bench.field(
                """
                { getConsignment(consignmentid: "\(id)") { files(fileFiltersInput: { selectedFileIds: ["\(file)"] })
                    { fileStatuses { statusType statusValue } } } }
                """, "getConsignment", as: "maria")["files"]?.elements.first?["fileStatuses"]?.elements ?? []
        return Dictionary(
            uniqueKeysWithValues: files.map { ($0["statusType"]?.text ?? "", $0["statusValue"]?.text ?? "") })
    }

    private func step(_ name: String, of id: String, _ bench: ServerBench) throws -> String? {
        try bench.field(
            "{ getConsignment(consignmentid: \"\(id)\") { consignmentStatuses { statusType value } } }",
            "getConsignment", as: "maria")["consignmentStatuses"]?.elements.first { $0["statusType"]?.text == name }?[
                "value"]?
            .text
    }

    private func scan(_ file: String, _ result: String, by software: String = "OtherAV") -> String {
        """
        addBulkAntivirusMetadataInput: { antivirusMetadata: [{ fileId: "\(file)", software: "\(software)",
            softwareVersion: "1", databaseVersion: "2", result: \(result), datetime: 1584599020000 }] }
        """
    }

    @Test(
        "takes results of checks from the program that makes them and from nobody else; statuses follow",
        .timeLimit(.minutes(20)))
    func results() throws {
        let bench = try ServerBench()
        let scanner = try bench.token(of: "scanner", "antivirus")
        let adder = try bench.token(of: "adder", "checksum")
        let namer = try bench.token(of: "namer", "file_format")
        _ = try bench.serving {
            let mine = try bench.checked([("R/a.txt", Array("hello".utf8)), ("R/b.txt", Array("again".utf8))])
            let (a, b) = (mine.files[0], mine.files[1])
            for login in ["maria", "stranger", adder, namer] {
                #expect(
                    try bench.refusal("addBulkAntivirusMetadata", scan(a, "\"\""), "{ result }", as: login)
                        == "NOT_FOUND")
            }
            let nowhere = "00000000-0000-4000-8000-000000000000"
            #expect(
                try bench.refusal("addBulkAntivirusMetadata", scan(nowhere, "\"\""), "{ result }", as: scanner)
                    == "NOT_FOUND")

            func antivirus(_ file: String, _ result: String, by software: String = "OtherAV") throws -> String? {
                _ = try bench.change(
                    "addBulkAntivirusMetadata", scan(file, result, by: software), "{ fileId result }", as: scanner)
                return try statuses(of: file, in: mine.id, bench)["Antivirus"]
            }
            #expect(try antivirus(a, "\"\"") == "Success")
            let kept = try bench.field(
                """
                { getConsignment(consignmentid: "\(mine.id)") { files(fileFiltersInput: { selectedFileIds: ["\(a)"] })
                    { antivirusMetadata { software softwareVersion databaseVersion result datetime } } } }
                """, "getConsignment", as: "maria")["files"]?.elements.first?["antivirusMetadata"]
            #expect(kept?["software"]?.text == "OtherAV")
            #expect(kept?["datetime"]?.number == 1_584_599_020_000)
            #expect(try step("ServerAntivirus", of: mine.id, bench) == "InProgress")
            #expect(try antivirus(b, "\"Eicar-Test\"") == "VirusDetected")
            #expect(try step("ServerAntivirus", of: mine.id, bench) == "CompletedWithIssues")
            // One that is clean does not outweigh one that found something.
            #expect(try antivirus(b, "\"NO_THREATS_FOUND\"", by: "ThirdAV") == "VirusDetected")
            #expect(try antivirus(b, "\"\"") == "Success")
            // What could not be scanned is never clean.
            for word in ["\"UNSUPPORTED\"", "\"ACCESS_DENIED\"", "\"FAILED\"", "null"] {
                #expect(try antivirus(a, word) == "Failed")
            }
            #expect(try step("ServerAntivirus", of: mine.id, bench) == "Failed")

            func checksum(_ digest: String) throws -> ServerBench.Answer {
                try bench.ask(
                    """
                    mutation { addMultipleFileMetadata(addMultipleFileMetadataInput: { metadataInputValues:
                        [{ filePropertyName: "SHA256ServerSideChecksum", fileId: "\(a)", value: "\(digest)" }] }) { value } }
                    """, as: adder)
            }
            _ = try checksum(SHA256Digest.of(Array("other".utf8)).hex)
            #expect(try statuses(of: a, in: mine.id, bench)["ChecksumMatch"] == "Mismatch")
            _ = try checksum(SHA256Digest.of(Array("hello".utf8)).hex)
            #expect(try statuses(of: a, in: mine.id, bench)["ChecksumMatch"] == "Success")
            #expect(try checksum("nonsense").code == "INVALID_INPUT_DATA")

            func format(_ matches: String) throws -> ServerBench.Answer {
                try bench.ask(
                    """
                    mutation { addBulkFFIDMetadata(addBulkFFIDMetadataInput: { metadataInputValues: [{ fileId: "\(a)",
                        software: "Droid", softwareVersion: "6.9", binarySignatureFileVersion: "V124",
                        containerSignatureFileVersion: "c", method: "pronom", matches: [\(matches)] }] })
                        { software matches { puid } } }
                    """, as: namer)
            }
            _ = try format("{ identificationBasis: \"Signature\", puid: \"x-fmt/263\", extension: \"txt\" }")
            #expect(try statuses(of: a, in: mine.id, bench)["FFID"] == "Zip")
            #expect(try step("ServerFFID", of: mine.id, bench) == "CompletedWithIssues")
            // Nothing identified: the bytes themselves tell that they are text.
            _ = try format("{ identificationBasis: \"\" }")
            #expect(try statuses(of: a, in: mine.id, bench)["FFID"] == "Success")
            #expect(try format("").code == "INVALID_INPUT_DATA")

            func said(_ type: String, _ value: String, as login: String) throws -> String? {
                try bench.refusal(
                    "addMultipleFileStatuses",
                    """
                    addMultipleFileStatusesInput: { statuses: [{ fileId: "\(a)", statusType: "\(type)", statusValue: "\(value)" }] }
                    """, "{ statusValue }", as: login)
            }
            #expect(try said("Antivirus", "Success", as: scanner) == "INVALID_INPUT_DATA")
            #expect(try said("Antivirus", "Failed", as: "maria") == "NOT_FOUND")
            #expect(try said("Upload", "Failed", as: "maria") == "INVALID_CONSIGNMENT_STATE")
            #expect(try said("FFID", "Failed", as: namer) == nil)
            #expect(try statuses(of: a, in: mine.id, bench)["FFID"] == "Failed")
            // A step is complete only where the store itself knows that it is.
            #expect(
                try bench.refusal(
                    "updateConsignmentStatus",
                    """
                    updateConsignmentStatusInput: { consignmentId: "\(mine.id)", statusType: "ServerFFID", statusValue: "Completed" }
                    """, as: namer) == "INVALID_CONSIGNMENT_STATE")
        }
        #expect(try StoreRows.wrongTallies(bench.bench.store) == [])
    }

    @Test("has a review asked for, rejected with a reason and approved, and its log told", .timeLimit(.minutes(20)))
    func review() throws {
        let bench = try ServerBench()
        let adviser = try bench.token(of: "adviser", "transfer_adviser", body: "TDR-MOCK2")
        _ = try bench.serving {
            let mine = try bench.checked([("R/a.txt", Array("hello".utf8))])
            func set(_ value: String, _ notes: String = "", as login: String) throws -> String? {
                try bench.refusal(
                    "updateConsignmentStatus",
                    """
                    updateConsignmentStatusInput: { consignmentId: "\(mine.id)", statusType: "MetadataReview",
                        statusValue: "\(value)", metadataReviewNotes: "\(notes)" }
                    """, as: login)
            }
            func details(_ filter: String = "") throws -> [String?] {
                try bench.field(
                    "{ getConsignmentReviewDetails\(filter) { consignmentId reviewStatus } }",
                    "getConsignmentReviewDetails", as: adviser
                ).elements.map { $0["reviewStatus"]?.text }
            }
            // Before it is given to the archive, nobody there may see it.
            #expect(try set("Completed", as: adviser) == "NOT_FOUND")
            #expect(try details() == [])
            let asked = try bench.change(
                "addConsignmentStatus",
                "addConsignmentStatusInput: { consignmentId: \"\(mine.id)\", statusType: \"MetadataReview\" }",
                "{ value }", as: "maria")
            #expect(asked["value"]?.text == "InProgress")
            #expect(try details() == ["Requested"])
            #expect(try set("Completed", as: "maria") == "NOT_FOUND")
            #expect(try set("CompletedWithIssues", as: adviser) == "INVALID_INPUT_DATA")
            #expect(try set("CompletedWithIssues", "closure is missing", as: adviser) == nil)
            #expect(try details("(statusFilter: \"Requested\")") == [])
            #expect(try details("(statusFilter: \"Rejected\")") == ["Rejected"])
            #expect(try set("InProgress", as: "maria") == nil)
            #expect(try set("Completed", as: adviser) == nil)
            let log =
                try bench.field(
                    """
                    { getConsignment(consignmentid: "\(mine.id)") { metadataReviewLogs
                        { metadataReviewLogId action userId userLogin metadataReviewNotes } } }
                    """, "getConsignment", as: adviser)["metadataReviewLogs"]?.elements ?? []
            #expect(
                log.map {
                    "\($0["action"]?.text ?? "") \($0["userLogin"]?.text ?? "") \($0["metadataReviewNotes"]?.text ?? "-")"
                }
                    == [
                        "Submission maria -", "Rejection adviser closure is missing", "Submission maria -",
                        "Approval adviser -",
                    ])
            #expect(log.allSatisfy { $0["userId"]?.text != nil })
            let list = try bench.ask("{ getConsignmentReviewDetails { consignmentId } }", as: "maria")
            #expect(try list.code == "NOT_AUTHORISED")
        }
    }

    @Test("lets the program that transfers for people act for whom it names, and nobody else", .timeLimit(.minutes(20)))
    func onBehalf() throws {
        let bench = try ServerBench()
        let loader = try bench.token(of: "loader", "data-load")
        _ = try bench.serving {
            func id(of login: String) throws -> String {
                try bench.field("{ me { userId } }", "me", as: login)["userId"]?.text ?? ""
            }
            let (maria, stranger) = (try id(of: "maria"), try id(of: "stranger"))
            let series =
                try bench.field("{ getSeries(body: \"TDR-MOCK1\") { seriesid } }", "getSeries", as: "maria")
                .elements[0]["seriesid"]?.text ?? ""
            let made =
                try bench.change(
                    "addConsignment",
                    "addConsignmentInput: { consignmentType: \"standard\", seriesid: \"\(series)\" }",
                    "{ consignmentid }", as: "maria")["consignmentid"]?.text ?? ""
            _ = try bench.change(
                "startUpload", "startUploadInput: { consignmentId: \"\(made)\", parentFolder: \"X\" }", as: "maria")
            func rename(_ other: String?, as login: String) throws -> String? {
                try bench.refusal(
                    "updateParentFolder",
                    """
                    updateParentFolderInput: { consignmentId: "\(made)", parentFolder: "R"
                        \(other.map { ", userIdOverride: \"\($0)\"" } ?? "") }
                    """, as: login)
            }
            #expect(try rename(nil, as: loader) == "NOT_FOUND")
            #expect(try rename(stranger, as: loader) == "NOT_FOUND")
            #expect(try rename(maria, as: "colleague") == "NOT_FOUND")
            #expect(try rename(maria, as: loader) == nil)
            _ = try bench.change(
                "addFilesAndMetadata",
                """
                addFilesAndMetadataInput: { consignmentId: "\(made)", userIdOverride: "\(maria)", metadataInput:
                    [{ originalPath: "R/a", checksum: "\(SHA256Digest.of([1]))", lastModified: 0, fileSize: 1, matchId: "a" }] }
                """, "{ fileId }", as: loader)
            let known = try bench.field(
                "{ getConsignment(consignmentid: \"\(made)\") { parentFolder totalFiles } }", "getConsignment",
                as: "maria")
            #expect(known["parentFolder"]?.text == "R")
            #expect(known["totalFiles"]?.number == 1)
            #expect(try rename(maria, as: loader) == "INVALID_CONSIGNMENT_STATE")
        }
    }

    @Test("lets the program that exports say where the bag is, once custody has passed", .timeLimit(.minutes(20)))
    func exportData() throws {
        let bench = try ServerBench()
        let exporter = try bench.token(of: "exporter", "export")
        _ = try bench.serving {
            let mine = try bench.checked([("R/a.txt", Array("hello".utf8))])
            func export(_ word: String, _ value: String, as login: String = exporter) throws -> String? {
                try bench.refusal(
                    "\(word)ConsignmentStatus",
                    """
                    \(word)ConsignmentStatusInput: { consignmentId: "\(mine.id)", statusType: "Export", statusValue: "\(value)" }
                    """, word == "add" ? "{ value }" : "", as: login)
            }
            func data(_ location: String, as login: String) throws -> String? {
                try bench.refusal(
                    "updateExportData",
                    "exportData: { consignmentId: \"\(mine.id)\", exportLocation: \"\(location)\", exportVersion: \"9\" }",
                    as: login)
            }
            #expect(try export("add", "InProgress") == "INVALID_CONSIGNMENT_STATE")
            _ = try bench.change(
                "addFinalTransferConfirmation",
                """
                addFinalTransferConfirmationInput: { consignmentId: "\(mine.id)", legalCustodyTransferConfirmed: true }
                """, "{ consignmentId }", as: "maria")
            #expect(try data("s3://b/x.tar.gz", as: exporter) == "INVALID_CONSIGNMENT_STATE")
            #expect(try export("add", "InProgress", as: "maria") == "NOT_FOUND")
            #expect(try export("add", "InProgress") == nil)
            #expect(try export("update", "Completed") == "INVALID_CONSIGNMENT_STATE")
            #expect(try data("s3://b/x.tar.gz", as: "maria") == "NOT_FOUND")
            #expect(try data("s3://b/x.tar.gz", as: exporter) == nil)
            #expect(try data("two\\nlines", as: exporter) == "INVALID_INPUT_DATA")
            #expect(try export("update", "Completed") == nil)
            let known = try bench.field(
                "{ getConsignment(consignmentid: \"\(mine.id)\") { exportLocation exportDatetime } }", "getConsignment",
                as: "maria")
            #expect(known["exportLocation"]?.text == "s3://b/x.tar.gz")
            #expect(known["exportDatetime"]?.text != nil)
        }
    }

    @Test("tells who makes reports of the findings in all consignments, by time", .timeLimit(.minutes(20)))
    func failures() throws {
        let bench = try ServerBench()
        _ = try bench.serving {
            let first = try bench.checked([("R/empty", []), ("R/a.txt", Array("hello".utf8))])
            let second = try bench.checked([("R/none", [])])
            func found(_ input: String, as login: String = "reader") throws -> ServerBench.Answer {
                try bench.ask(
                    """
                    { getFileCheckFailures\(input) { consignmentId statusType statusValue rankOverFilePath createdDateTime } }
                    """, as: login)
            }
            let all = try found("").json["data"]?["getFileCheckFailures"]?.elements ?? []
            #expect(Set(all.compactMap { $0["consignmentId"]?.text }) == [first.id, second.id])
            #expect(all.contains { $0["statusValue"]?.text == "ZeroByteFile" })
            #expect(Set(all.compactMap { $0["rankOverFilePath"]?.number }) == [1, 2])
            #expect(all.allSatisfy { $0["createdDateTime"]?.text == "2026-01-02T03:04:05Z" })
            let mine = "(getFileCheckFailuresInput: { consignmentId: \"\(first.id)\" })"
            #expect(try found(mine, as: "maria").json["data"]?["getFileCheckFailures"]?.elements.count == all.count / 2)
            #expect(try found("", as: "maria").code == "NOT_AUTHORISED")
            for (time, isThere) in [("startDateTime", false), ("endDateTime", true)] {
                let some = try found("(getFileCheckFailuresInput: { \(time): \"2026-06-01T00:00:00Z\" })")
                #expect(some.text.contains("ZeroByteFile") == isThere)
            }
        }
    }
}
