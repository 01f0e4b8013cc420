import Streams
import TDRTestSupport
import Testing

/// What is said of consignments and their files through the API.
@Suite struct ServerDescriptionTests {
    @Test(
        "records an agreement with what its files have by it, and ends it with both sign-offs", .timeLimit(.minutes(20))
    )
    func agreement() throws {
        let bench = try ServerBench()
        _ = try bench.serving {
            let mine = try bench.begun([("R/a", [1])])
            let begun = try bench.change(
                "addTransferAgreementPrivateBeta",
                "addTransferAgreementPrivateBetaInput: { consignmentId: \"\(mine.id)\", allPublicRecords: true }",
                "{ statusValue }", as: "maria")
            #expect(begun["statusValue"]?.text == "InProgress")
            func legalStatus() throws -> String? {
                try bench.field(
                    "{ getConsignment(consignmentid: \"\(mine.id)\") { files { fileName metadata { legalStatus } } } }",
                    "getConsignment", as: "maria")["files"]?.elements.last?["metadata"]?["legalStatus"]?.text
            }
            func say(_ value: String) throws -> String? {
                try bench.refusal(
                    "addOrUpdateConsignmentMetadata",
                    """
                    addOrUpdateConsignmentMetadataInput: { consignmentId: "\(mine.id)", consignmentMetadata:
                        [{ propertyName: "LegalStatus", value: "\(value)" }] }
                    """, "{ value }", as: "maria")
            }
            #expect(try legalStatus() == "Public Record(s)")
            #expect(try say("Welsh Public Record(s)") == nil)
            #expect(try legalStatus() == "Welsh Public Record(s)")
            #expect(try say("Nobody's") == "INVALID_INPUT_DATA")
            let ended = try bench.change(
                "addTransferAgreementCompliance",
                """
                addTransferAgreementComplianceInput: { consignmentId: "\(mine.id)", appraisalSelectionSignedOff: true,
                    sensitivityReviewSignedOff: true, initialOpenRecords: false }
                """, "{ statusValue }", as: "maria")
            #expect(ended["statusValue"]?.text == "Completed")
            let reference =
                try bench.field(
                    "{ getConsignment(consignmentid: \"\(mine.id)\") { consignmentReference } }", "getConsignment",
                    as: "maria")["consignmentReference"]?.text ?? ""
            let history = try bench.bench.tdr("history", "\(reference)", "--json").output
            #expect(history.contains("InitialOpenRecordsConfirmed"))
        }
    }

    @Test("gives out metadata as a table, takes it in whole or not at all, and single values", .timeLimit(.minutes(20)))
    func metadata() throws {
        let bench = try ServerBench()
        _ = try bench.serving {
            let mine = try bench.checked([("R/a.txt", Array("hello".utf8)), ("R/b.txt", Array("again".utf8))])
            let place = "\(bench.url)/consignments/\(mine.id)/metadata"
            let template = try bench.send([Argument(place)], as: "maria")
            #expect(template.status == 200)
            #expect(template.text.contains("R/a.txt"))
            #expect(try bench.send([Argument(place)], as: "stranger").status == 404)
            func post(_ table: String, _ query: String = "", as login: String = "maria") throws -> ServerBench.Answer {
                let file = try bench.bench.folder.make("table.csv", .file(Array(table.utf8)))
                return try bench.send(
                    ["--data-binary", Argument([UInt8(ascii: "@")] + file.bytes), "\(place)\(query)"], as: login)
            }
            func descriptions() throws -> [String?] {
                try bench.field(
                    "{ getConsignment(consignmentid: \"\(mine.id)\") { files(fileFiltersInput: { fileTypeIdentifier: \"File\" }) { fileMetadata { name value } } } }",
                    "getConsignment", as: "maria")["files"]?.elements.map { file in
                        file["fileMetadata"]?.elements.first { $0["name"]?.text == "description" }?["value"]?.text
                    } ?? []
            }
            let bad = try post("filepath,description,closure status\nR/a.txt,one,Nonsense\n")
            #expect(bad.status == 422)
            #expect(try bad.json["findingCount"]?.number == 2)
            #expect(try descriptions() == [nil, nil])
            let table = "filepath,description\nR/a.txt,one\nR/b.txt,two\n"
            #expect(try post(table, "?validate").status == 200)
            #expect(try descriptions() == [nil, nil])
            #expect(try post(table, as: "colleague").status == 404)
            let good = try post(table)
            #expect(try good.json["changed"]?.number == 2)
            #expect(try descriptions() == ["one", "two"])
            #expect(try post("filepath,description\nR/b.txt,\n", "?partial").status == 200)
            #expect(try descriptions() == ["one", nil])

            func set(_ file: String, _ name: String, _ value: String, as login: String = "maria") throws -> String? {
                try bench.refusal(
                    "addOrUpdateBulkFileMetadata",
                    """
                    addOrUpdateBulkFileMetadataInput: { consignmentId: "\(mine.id)", fileMetadata: [{ fileId: "\(file)",
                        metadata: [{ filePropertyName: "\(name)", value: "\(value)" }] }] }
                    """, "{ filePropertyName fileId value }", as: login)
            }
            #expect(try set(mine.files[1], "description", "second") == nil)
            #expect(try descriptions() == ["one", "second"])
            #expect(try set(mine.files[0], "description", "") == nil)
            #expect(try descriptions() == [nil, "second"])
            #expect(try set(mine.files[0], "ClosureType", "Closed") == "INVALID_INPUT_DATA")
            for name in ["UUID", "ClientSideOriginalFilepath", "nothing"] {
                #expect(try set(mine.files[0], name, "x") == "INVALID_INPUT_DATA", "\(name)")
            }
            let folder = try bench.field(
                "{ getConsignment(consignmentid: \"\(mine.id)\") { parentFolderId } }", "getConsignment", as: "maria")
            #expect(try set(folder["parentFolderId"]?.text ?? "", "description", "x") == "INVALID_INPUT_DATA")
            #expect(try set(mine.files[0], "description", "x", as: "colleague") == "NOT_FOUND")
        }
    }
}
