import GraphQL
import Streams
import TDRTestSupport
import Testing

@testable import TDRCore
@testable import TDRServer

/// Which act each field of the API is: what `Access` says of the act, the field does.
@Suite struct AuthorisationTests {
    /// One way to call a field. ID, FILE and OWNER stand for those of the consignment that is named.
    private struct Call {
        let act: Act
        /// The only role whose program may, where that is more than the act says.
        var program: Role?
        /// Whether an argument says for whom somebody acts.
        var namesOwner = false
        let text: String

        init(_ act: Act, _ text: String, program: Role? = nil, namesOwner: Bool = false) {
            (self.act, self.text, self.program, self.namesOwner) = (act, text, program, namesOwner)
        }
    }

    private static func status(_ mutation: String, _ type: String, _ value: String) -> String {
        let selection = mutation == "addConsignmentStatus" ? " { value }" : ""
        return """
            \(mutation)(\(mutation)Input: { consignmentId: "ID", statusType: "\(type)", statusValue: "\(value)" OWNER })\(selection)
            """
    }

    /// The acts of every value that a step can be given.
    private static func statuses(_ mutation: String) -> [Call] {
        let own: [(String, String)] = [
            ("Series", "InProgress"), ("Upload", "Failed"), ("TransferAgreement", "Completed"),
            ("DraftMetadata", "Completed"), ("DraftMetadataUpload", "Completed"), ("MetadataReview", "InProgress"),
        ]
        return own.map { Call(.setOwnStatus, status(mutation, $0, $1), namesOwner: true) } + [
            Call(.upload, status(mutation, "Upload", "InProgress"), namesOwner: true),
            Call(.setReviewStatus, status(mutation, "MetadataReview", "Completed"), namesOwner: true),
            Call(.setReviewStatus, status(mutation, "MetadataReview", "CompletedWithIssues"), namesOwner: true),
            Call(.setExportStatus, status(mutation, "Export", "Completed"), namesOwner: true),
            Call(.setCheckStatus, status(mutation, "ClientChecks", "Completed"), namesOwner: true),
            Call(.setCheckStatus, status(mutation, "ServerRedaction", "Completed"), namesOwner: true),
            Call(
                .setCheckStatus, status(mutation, "ServerAntivirus", "Completed"), program: .antivirus, namesOwner: true
            ),
            Call(
                .setCheckStatus, status(mutation, "ServerChecksum", "Completed"), program: .checksum, namesOwner: true),
            Call(.setCheckStatus, status(mutation, "ServerFFID", "Completed"), program: .fileFormat, namesOwner: true),
        ]
    }

    private static let digest = String(repeating: "0", count: 64)

    private static func fileStatus(_ act: Act, _ type: String, _ program: Role? = nil) -> Call {
        Call(
            act,
            """
            addMultipleFileStatuses(addMultipleFileStatusesInput: { statuses: [
                { fileId: "FILE", statusType: "\(type)", statusValue: "Failed" }] }) { statusValue }
            """, program: program)
    }

    /// Every mutation that names a consignment or files of one.
    private static let mutations: [String: [Call]] = [
        "updateConsignmentSeriesId": [
            Call(
                .chooseSeries,
                """
                updateConsignmentSeriesId(updateConsignmentSeriesId: {
                    consignmentId: "ID", seriesId: "00000000-0000-4000-8000-000000000000" })
                """)
        ],
        "startUpload": [Call(.upload, "startUpload(startUploadInput: { consignmentId: \"ID\", parentFolder: \"R\" })")],
        "updateParentFolder": [
            Call(
                .upload,
                "updateParentFolder(updateParentFolderInput: { consignmentId: \"ID\", parentFolder: \"Q\" OWNER })",
                namesOwner: true)
        ],
        "addFilesAndMetadata": [
            Call(
                .upload,
                """
                addFilesAndMetadata(addFilesAndMetadataInput: { consignmentId: "ID", more: true, metadataInput: [
                    { originalPath: "R/f0", checksum: "\(digest)", lastModified: 0, fileSize: 1, matchId: "0" }] OWNER })
                    { fileId }
                """, namesOwner: true)
        ],
        "addConsignmentStatus": statuses("addConsignmentStatus"),
        "updateConsignmentStatus": statuses("updateConsignmentStatus"),
        "addOrUpdateConsignmentMetadata": [
            Call(
                .writeConsignmentMetadata,
                """
                addOrUpdateConsignmentMetadata(addOrUpdateConsignmentMetadataInput: { consignmentId: "ID",
                    consignmentMetadata: [{ propertyName: "LegalStatus", value: "Public Record(s)" }] }) { value }
                """)
        ],
        "addTransferAgreementPrivateBeta": [
            Call(
                .writeConsignmentMetadata,
                """
                addTransferAgreementPrivateBeta(addTransferAgreementPrivateBetaInput: {
                    consignmentId: "ID", allPublicRecords: true }) { statusValue }
                """)
        ],
        "addTransferAgreementCompliance": [
            Call(
                .writeConsignmentMetadata,
                """
                addTransferAgreementCompliance(addTransferAgreementComplianceInput: { consignmentId: "ID",
                    appraisalSelectionSignedOff: true, sensitivityReviewSignedOff: true }) { statusValue }
                """)
        ],
        "startChecks": [Call(.startChecks, "startChecks(consignmentid: \"ID\") { consignmentid }")],
        "addFinalTransferConfirmation": [
            Call(
                .confirmTransfer,
                """
                addFinalTransferConfirmation(addFinalTransferConfirmationInput: {
                    consignmentId: "ID", legalCustodyTransferConfirmed: true }) { consignmentId }
                """)
        ],
        "updateTransferInitiated": [Call(.startExport, "updateTransferInitiated(consignmentid: \"ID\")")],
        "startExport": [Call(.startExport, "startExport(consignmentid: \"ID\") { consignmentid }")],
        "updateExportData": [
            Call(
                .setExportStatus,
                "updateExportData(exportData: { consignmentId: \"ID\", exportLocation: \"x\", exportVersion: \"1\" })")
        ],
        "addBulkAntivirusMetadata": [
            Call(
                .setCheckStatus,
                """
                addBulkAntivirusMetadata(addBulkAntivirusMetadataInput: { antivirusMetadata: [{ fileId: "FILE",
                    software: "s", softwareVersion: "1", databaseVersion: "1", result: "", datetime: 0 }] }) { result }
                """, program: .antivirus)
        ],
        "addBulkFFIDMetadata": [
            Call(
                .setCheckStatus,
                """
                addBulkFFIDMetadata(addBulkFFIDMetadataInput: { metadataInputValues: [{ fileId: "FILE", software: "s",
                    softwareVersion: "1", binarySignatureFileVersion: "1", containerSignatureFileVersion: "1",
                    method: "pronom", matches: [{ identificationBasis: "Signature", puid: "x-fmt/111" }] }] }) { method }
                """, program: .fileFormat)
        ],
        "addMultipleFileMetadata": [
            Call(
                .setCheckStatus,
                """
                addMultipleFileMetadata(addMultipleFileMetadataInput: { metadataInputValues: [
                    { filePropertyName: "SHA256ServerSideChecksum", fileId: "FILE", value: "\(digest)" }] }) { value }
                """, program: .checksum)
        ],
        "addMultipleFileStatuses": [
            fileStatus(.upload, "Upload"), fileStatus(.setCheckStatus, "Antivirus", .antivirus),
            fileStatus(.setCheckStatus, "ChecksumMatch", .checksum), fileStatus(.setCheckStatus, "FFID", .fileFormat),
        ],
        "addOrUpdateBulkFileMetadata": [
            Call(
                .writeFileMetadata,
                """
                addOrUpdateBulkFileMetadata(addOrUpdateBulkFileMetadataInput: { consignmentId: "ID", fileMetadata: [
                    { fileId: "FILE", metadata: [{ filePropertyName: "description", value: "d" }] }] }) { value }
                """)
        ],
        "updateClientSideDraftMetadataFileName": [
            Call(
                .writeFileMetadata,
                """
                updateClientSideDraftMetadataFileName(updateClientSideDraftMetadataFileName: {
                    consignmentId: "ID", clientSideDraftMetadataFileName: "f" })
                """)
        ],
        // Without a reason neither is done.
        "withdrawFiles": [
            Call(
                .withdraw,
                "withdrawFiles(withdrawFilesInput: { consignmentId: \"ID\", path: \"R\", reason: \"\" }) { files }")
        ],
        "cancelConsignment": [
            Call(.withdraw, "cancelConsignment(cancelConsignmentInput: { consignmentId: \"ID\", reason: \"\" })")
        ],
        "updateConsignmentMetadataSchemaLibraryVersion": [
            Call(
                .writeFileMetadata,
                """
                updateConsignmentMetadataSchemaLibraryVersion(updateMetadataSchemaLibraryVersion: {
                    consignmentId: "ID", metadataSchemaLibraryVersion: "1" })
                """)
        ],
    ]

    /// Mutations that belong to nobody: a consignment of two kinds, and what only administrators do. These name nobody
    /// and nothing that is there, so that nothing is changed.
    private static let makers: [String: [Call]] = [
        "addConsignment": [
            Call(.createStandard, make("standard")), Call(.createJudgment, make("judgment")),
        ],
        "addSeries": [Call(.administer, "addSeries(addSeriesInput: { entries: [] })")],
        "addUser": [
            Call(.administer, "addUser(addUserInput: { login: \"\", name: \"\", email: \"\", roles: [] }) { login }")
        ],
        "setUserDisabled": [
            Call(.administer, "setUserDisabled(setUserDisabledInput: { login: \"nobody\", isDisabled: true })")
        ],
        "setUserPassword": [
            Call(.administer, "setUserPassword(setUserPasswordInput: { login: \"nobody\", password: \"x\" })")
        ],
        "makeUserToken": [
            Call(.administer, "makeUserToken(makeUserTokenInput: { login: \"nobody\", name: \"t\", scopes: [] })")
        ],
        "revokeUserTokens": [Call(.administer, "revokeUserTokens(revokeUserTokensInput: { login: \"nobody\" })")],
        "releaseFromQuarantine": [Call(.administer, quarantine("releaseFromQuarantine"))],
        "purgeFromQuarantine": [Call(.administer, quarantine("purgeFromQuarantine"))],
    ]

    private static func quarantine(_ mutation: String) -> String {
        let nothing = "00000000-0000-4000-8000-000000000000"
        return "\(mutation)(quarantineInput: { consignmentId: \"\(nothing)\", fileId: \"\(nothing)\", reason: \"x\" })"
    }

    private static func make(_ type: String) -> String {
        "addConsignment(addConsignmentInput: { consignmentType: \"\(type)\" }) { consignmentid }"
    }

    /// Queries that name a consignment.
    private static let queries: [String: [Call]] = [
        "getConsignment": [Call(.readConsignment, "getConsignment(consignmentid: \"ID\") { totalFiles }")],
        "getConsignmentByReference": [
            Call(
                .readConsignment, "getConsignmentByReference(consignmentReference: \"REFERENCE\") { consignmentid }")
        ],
        "getFileCheckFailures": [
            Call(
                .readConsignment,
                "getFileCheckFailures(getFileCheckFailuresInput: { consignmentId: \"ID\" }) { fileId }")
        ],
    ]

    /// Queries of what belongs to nobody.
    private static let lists: [String: [Call]] = [
        "consignments": [Call(.listConsignments, "consignments(limit: 1) { totalItems }")],
        "getFileCheckFailures": [Call(.listConsignments, "getFileCheckFailures { fileId }")],
        "getConsignmentReviewDetails": [Call(.listReviews, "getConsignmentReviewDetails { reviewStatus }")],
        "getConsignmentsForMetadataReview": [Call(.listReviews, "getConsignmentsForMetadataReview { totalFiles }")],
        "users": [Call(.administer, "users { login }")],
        "quarantinedFiles": [Call(.administer, "quarantinedFiles { fileId }")],
        "notices": [Call(.administer, "notices { event }")],
        "exportReadiness": [Call(.listConsignments, "exportReadiness { ready }")],
    ]

    /// Queries that anybody may ask, and those that have a test of their own below.
    private static let others: Set<String> = ["me", "getSeries", "bodies"]

    @Test("no field of the API is without its act")
    func complete() async throws {
        let desk = try ServerDesk()
        let maria = try desk.principal("maria", [.standardUser])
        let written = Set(AuthorisationTests.mutations.keys).union(AuthorisationTests.makers.keys)
        #expect(Set(Mutations.all.map(\.name)) == written)
        #expect(Set(try await desk.fields(of: "Mutation", as: maria)) == written)
        #expect(
            Set(try await desk.fields(of: "Query", as: maria))
                == Set(AuthorisationTests.queries.keys).union(AuthorisationTests.lists.keys)
                .union(AuthorisationTests.others))
        // Every act of the table is that of a field here or of a route.
        let acts = Set([mutations, makers, queries, lists].flatMap { $0.values.flatMap { $0.map(\.act) } })
        #expect(Set(Act.allCases).subtracting(acts) == [.seeSeries, .fetchBag, .seeMetrics, .readHistory])
    }

    private var mutations: [String: [Call]] { AuthorisationTests.mutations }
    private var makers: [String: [Call]] { AuthorisationTests.makers }
    private var queries: [String: [Call]] { AuthorisationTests.queries }
    private var lists: [String: [Call]] { AuthorisationTests.lists }

    private static func text(_ call: Call, _ named: AuthorisationDesk.Named) -> String {
        call.text.replacing("OWNER", with: named.owner.map { ", userIdOverride: \"\($0)\"" } ?? "")
            .replacing("REFERENCE", with: "\(named.facts?.consignment.reference.description ?? "TDR-2026-777777")")
            .replacing("\"FILE\"", with: "\"\(named.file)\"")
            .replacing("\"ID\"", with: "\"\(named.id)\"")
    }

    @Test("every field lets each role do to each consignment what its act allows, and hides all others")
    func walk() async throws {
        let desk = try AuthorisationDesk()
        var wrong: [String] = []
        var (allowed, refused) = (0, 0)
        for (kind, fields) in [("mutation", mutations), ("query", queries)] {
            for (field, calls) in fields.sorted(by: { $0.key < $1.key }) {
                for call in calls {
                    for role in Role.allCases {
                        let somebody = try #require(desk.people[role])
                        for standing in AuthorisationDesk.Standing.allCases
                        where standing != .onBehalf || call.namesOwner {
                            let named = try desk.named(standing, role)
                            let may =
                                AuthorisationDesk.allows(somebody, call.act, named)
                                && (call.program == nil || call.program == role)
                            let answer = try await desk.desk.ask(
                                "\(kind) { \(AuthorisationTests.text(call, named)) }", as: somebody)
                            let isHidden = answer.codes == ["NOT_FOUND"]
                            if may { allowed += 1 } else { refused += 1 }
                            if isHidden == may || answer.codes.contains("INTERNAL_ERROR") {
                                wrong.append(
                                    "\(field) \(call.act): \(role) \(standing): \(may ? "may" : "may not") and is told \(answer.errors.map(\.message))"
                                )
                            }
                        }
                        // Nor does a token without the scope of the act open anything.
                        let scopes = Set(Scope.allCases).subtracting([call.act.scope])
                        let token = Principal(
                            id: somebody.id, login: somebody.login, name: somebody.name, email: somebody.email,
                            bodyCode: somebody.bodyCode, roles: somebody.roles, scopes: scopes)
                        let named = try desk.named(.own, role)
                        let answer = try await desk.desk.ask(
                            "\(kind) { \(AuthorisationTests.text(call, named)) }", as: token)
                        if answer.codes != ["NOT_FOUND"] { wrong.append("\(field): \(role) without \(call.act.scope)") }
                    }
                }
            }
        }
        #expect(wrong == [], "\(wrong.count) of \(allowed + refused):\n\(wrong.prefix(40).joined(separator: "\n"))")
        #expect(allowed > 300 && refused > 2000, "\(allowed) \(refused)")
    }

    @Test("what belongs to nobody is told to whom its act allows, and to no token without the scope")
    func nobodys() async throws {
        let desk = try AuthorisationDesk()
        for (kind, fields) in [("mutation", makers), ("query", lists)] {
            for call in fields.values.joined() {
                for role in Role.allCases {
                    let somebody = try #require(desk.people[role])
                    let answer = try await desk.desk.ask("\(kind) { \(call.text) }", as: somebody)
                    #expect(
                        (answer.codes == ["NOT_AUTHORISED"]) == !Access.allows(somebody, call.act, [.none]),
                        "\(call.text) \(role) \(answer.errors)")
                    let token = try desk.desk.principal(
                        somebody.login, [], scopes: Set(Scope.allCases).subtracting([call.act.scope]))
                    #expect(try await desk.desk.ask("\(kind) { \(call.text) }", as: token).codes == ["NOT_AUTHORISED"])
                }
            }
        }
    }

    @Test("series and one's own list are told to whom they belong")
    func ownLists() async throws {
        let desk = try AuthorisationDesk()
        let colleague = try desk.desk.principal("colleague", [])
        for role in Role.allCases {
            let somebody = try #require(desk.people[role])
            for (body, relation) in [("TDR-MOCK1", Relation.own), ("TDR-MOCK2", .other)] {
                let answer = try await desk.desk.ask("{ getSeries(body: \"\(body)\") { code } }", as: somebody)
                #expect(
                    (answer.codes == ["NOT_AUTHORISED"]) == !Access.allows(somebody, .seeSeries, [relation]),
                    "\(role) \(body)")
            }
            let bodies = try await desk.desk.ask("{ bodies { code } }", as: somebody)
            let seesAll = Access.allows(somebody, .seeSeries, [.other])
            let maySee = seesAll || Access.allows(somebody, .seeSeries, [.own])
            #expect((bodies.codes == ["NOT_AUTHORISED"]) == !maySee, "\(role)")
            if maySee {
                let told = bodies.data?["bodies"]?.list?.compactMap { $0["code"]?.string } ?? []
                #expect(seesAll ? told.count > 1 : told == ["TDR-MOCK1"], "\(role) \(told)")
            }
            func list(_ owner: Principal) async throws -> [String] {
                try await desk.desk.ask(
                    "{ consignments(limit: 1, consignmentFiltersInput: { userId: \"\(owner.id)\" }) { totalItems } }",
                    as: somebody
                ).codes
            }
            let mayAll = Access.allows(somebody, .listConsignments, [.none])
            let mayOwn = mayAll || Access.allows(somebody, .readConsignment, [.own])
            #expect(try await list(somebody) == (mayOwn ? [] : ["NOT_AUTHORISED"]), "\(role)")
            #expect(try await list(colleague) == (mayAll ? [] : ["NOT_AUTHORISED"]), "\(role)")
            let me = try await desk.desk.ask("{ me { login } }", as: somebody)
            #expect(me.data?["me"]?["login"]?.string == somebody.login)
        }
    }
}
