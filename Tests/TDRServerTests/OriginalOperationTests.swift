import GraphQL
import Streams
import TDRCore
import Testing

@testable import TDRServer

/// Clients of the original find what they ask for.
@Suite struct OriginalOperationTests {
    @Test("the schema has every name that clients of the original use")
    func valid() throws {
        let engine = try APISchema.engine()
        #expect(engine.validate(OriginalOperations.text) == [])
        #expect(OriginalOperations.text.split(separator: "($").count > 20)
    }

    @Test("a transfer by those operations gets what it gave, and the checks' programs do")
    func transfer() async throws {
        let desk = try ServerDesk()
        let maria = try desk.principal("maria", [.standardUser])
        func ask(_ operation: String, _ variables: JSONObject) async throws -> JSONValue {
            let answer = try await desk.ask(
                OriginalOperations.text, as: maria, operation: operation, variables: variables)
            #expect(answer.errors.isEmpty, "\(operation): \(answer.errors)")
            return answer.data?.object?.members.first?.value ?? .null
        }
        let series = try await ask("series", ["body": "TDR-MOCK1"]).list?[0]["seriesid"]?.string ?? ""
        let made = try await ask("begin", ["input": ["consignmentType": "standard", "seriesid": .string(series)]])
        let id: JSONValue = try #require(made["consignmentid"])
        let agreed = try await ask("agree", ["input": ["consignmentId": id, "allPublicRecords": true]])
        #expect(agreed == ["consignmentId": id, "allPublicRecords": true])
        let signed: JSONValue = [
            "consignmentId": id, "appraisalSelectionSignedOff": true, "sensitivityReviewSignedOff": true,
            "initialOpenRecords": false,
        ]
        #expect(try await ask("signOff", ["input": signed]) == signed)
        _ = try await ask(
            "signOff",
            ["input": ["consignmentId": id, "appraisalSelectionSignedOff": true, "sensitivityReviewSignedOff": true]])
        _ = try await ask(
            "describe",
            [
                "input": [
                    "consignmentId": id,
                    "consignmentMetadata": [["propertyName": "LegalStatus", "value": "Public Record(s)"]],
                ]
            ])
        let known = try await ask("described", ["id": id, "names": ["propertyNames": ["LegalStatus"]]])
        #expect(known["consignmentMetadata"]?.list?.count == 1)
        #expect(try await ask("upload", ["input": ["consignmentId": id, "parentFolder": "R"]]) == id)
        let files: [JSONValue] = ["a", "b", "c"].map { name in
            [
                "originalPath": .string("R/\(name)"), "checksum": .string(String(repeating: "0", count: 64)),
                "lastModified": 0, "fileSize": 1, "matchId": .string(name),
            ]
        }
        let declared = try await ask(
            "declare", ["input": ["consignmentId": id, "metadataInput": .list(files)]])
        let first: JSONValue = try #require(declared.list?[0]["fileId"])

        // The page that is asked for with the consignment is that of its files, where they say none themselves.
        let paged = try await ask("consignment", ["id": id, "page": ["limit": 2, "currentPage": 1]])
        #expect(paged["paginatedFiles"]?["totalItems"]?.int == 4)
        #expect(paged["paginatedFiles"]?["edges"]?.list?.map { $0["node"]?["fileName"]?.string } == ["b", "c"])
        #expect(paged["totalFiles"]?.int == 3 && paged["transferringBodyTdrCode"]?.string == "TDR-MOCK1")
        let page = try await ask(
            "page",
            [
                "id": id,
                "page": [
                    "limit": 1,
                    "fileFilters": [
                        "fileTypeIdentifier": "File", "metadataFilters": ["properties": ["Filename", "Language"]],
                    ],
                ],
            ])
        let node = page["paginatedFiles"]?["edges"]?.list?[0]["node"]
        #expect(
            node?["fileMetadata"] == [
                ["name": "Filename", "value": "a"], ["name": "Language", "value": "English"],
            ])
        let chosen = try await ask("files", ["id": id, "filters": ["selectedFileIds": [first]]])
        #expect(chosen["files"]?.list?.count == 1)
        #expect(chosen["files"]?.list?[0]["fileMetadata"]?.list?.count ?? 0 > 10)

        let steps = try await ask("steps", ["id": id])["consignmentStatuses"]?.list ?? []
        let ids = Set(steps.compactMap { $0["consignmentStatusId"]?.string })
        #expect(steps.count > 2 && ids.count == steps.count)
        #expect(try await ask("steps", ["id": id])["consignmentStatuses"]?.list == steps)
        for operation in ["progress", "log"] { _ = try await ask(operation, ["id": id]) }
        _ = try await ask("failures", ["input": ["consignmentId": id]])
        let list = try await ask("list", ["limit": 5, "filters": ["userId": .string("\(maria.id)")]])
        #expect(list["edges"]?.list?.count == 1)
    }
}
