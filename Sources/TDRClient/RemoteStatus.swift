import Streams
public import TDRCore

/// What a server knows of consignments, as a store of this machine would tell it.
public struct RemoteStatus: StatusSource {
    private static let page = 100
    private static let filePage = 500

    private let client: APIClient

    /// Asks `client`.
    public init(_ client: APIClient) { self.client = client }

    private struct Facts: Decodable {
        struct Step: Decodable {
            let statusType: String
            let value: String
        }
        struct Count: Decodable {
            let statusType: String
            let statusValue: String
            let count: Int
        }
        let consignmentid: String
        let consignmentReference: String
        let consignmentType: String
        let seriesName: String?
        let transferringBodyName: String
        let transferringBodyTdrCode: String
        let userLogin: String
        let contactName: String
        let contactEmail: String
        let parentFolder: String?
        let includeTopLevelFolder: Bool
        let createdDatetime: String
        let transferInitiatedDatetime: String?
        let exportDatetime: String?
        let exportLocation: String?
        let totalFiles: Int
        let totalFolders: Int
        let totalFileSize: Int
        let filesWithProblems: Int
        let isBeingWorkedOn: Bool
        let withoutAntivirus: Bool
        let consignmentStatuses: [Step]
        let fileStatusCounts: [Count]

        static let fields = """
            consignmentid consignmentReference consignmentType seriesName transferringBodyName transferringBodyTdrCode
            userLogin contactName contactEmail parentFolder includeTopLevelFolder createdDatetime
            transferInitiatedDatetime exportDatetime exportLocation totalFiles totalFolders totalFileSize
            filesWithProblems isBeingWorkedOn withoutAntivirus consignmentStatuses { statusType value }
            fileStatusCounts { statusType statusValue count }
            """
    }

    private struct One: Decodable { let getConsignmentByReference: Facts }

    private struct Me: Decodable {
        struct Person: Decodable {
            let userId: String
            let roles: [String]
        }
        let me: Person
    }

    private struct Page<Node: Decodable>: Decodable {
        struct Edge: Decodable { let node: Node }
        struct PageInfo: Decodable {
            let hasNextPage: Bool
            let endCursor: String?
        }
        let edges: [Edge]
        let pageInfo: PageInfo
    }

    private struct List: Decodable { let consignments: Page<Facts> }

    /// What is known of one consignment.
    ///
    /// - Throws: ``ClientError``, `CancellationError`.
    public func report(on reference: String) async throws -> ConsignmentReport {
        let facts = try await client.ask(
            """
            query($reference: String!) {
                getConsignmentByReference(consignmentReference: $reference) { \(Facts.fields) }
            }
            """, ["reference": reference], as: One.self
        ).getConsignmentByReference
        return try report(facts)
    }

    /// What is known of one's own consignments, or of all for who may see all; the oldest first.
    ///
    /// - Throws: ``ClientError``, `CancellationError`.
    public func reports() async throws -> [ConsignmentReport] {
        let me = try await client.ask("{ me { userId roles } }", [String: String](), as: Me.self).me
        let seesAll = me.roles.contains { [Role.administrator, .reporting].map(\.rawValue).contains($0) }
        var found: [ConsignmentReport] = []
        var variables: [String: String?] = ["user": seesAll ? nil : me.userId, "cursor": nil]
        while true {
            let page = try await client.ask(
                """
                query($user: UUID, $cursor: String) {
                    consignments(limit: \(RemoteStatus.page), currentCursor: $cursor,
                        consignmentFiltersInput: { userId: $user },
                        orderBy: { consignmentOrderField: ConsignmentReference, orderDirection: Ascending }) {
                        edges { node { \(Facts.fields) } } pageInfo { hasNextPage endCursor }
                    }
                }
                """, variables, as: List.self
            ).consignments
            found += try page.edges.map { try report($0.node) }
            guard page.pageInfo.hasNextPage, let cursor = page.pageInfo.endCursor else { return found }
            variables["cursor"] = cursor
        }
    }

    // MARK: Files

    private struct File: Decodable {
        struct Status: Decodable {
            let statusType: String
            let statusValue: String
            let reason: String?
        }
        struct Values: Decodable {
            let clientSideFileSize: Int64?
            let clientSideLastModifiedDate: String?
            let sha256ClientSideChecksum: String?
            let sha256ServerSideChecksum: String?
        }
        struct Format: Decodable {
            struct Match: Decodable {
                let `extension`: String?
                let identificationBasis: String
                let puid: String?
                let fileExtensionMismatch: Bool?
                let formatName: String?
                let mimeType: String?
                let description: String?
            }
            let software: String
            let softwareVersion: String
            let binarySignatureFileVersion: String
            let containerSignatureFileVersion: String
            let matches: [Match]
        }
        struct Scan: Decodable {
            let software: String
            let softwareVersion: String
            let databaseVersion: String
            let result: String?
            let datetime: Int64
        }
        let fileId: String
        let fileType: String
        let fileReference: String
        let parentReference: String?
        let originalFilePath: String
        let fileStatuses: [Status]
        let metadata: Values
        let ffidMetadata: Format?
        let antivirusResults: [Scan]

        static let fields = """
            fileId fileType fileReference parentReference originalFilePath
            fileStatuses { statusType statusValue reason }
            metadata { clientSideFileSize clientSideLastModifiedDate sha256ClientSideChecksum sha256ServerSideChecksum }
            ffidMetadata { software softwareVersion binarySignatureFileVersion containerSignatureFileVersion
                matches { extension identificationBasis puid fileExtensionMismatch formatName mimeType description } }
            antivirusResults { software softwareVersion databaseVersion result datetime }
            """
    }

    private struct Files: Decodable {
        struct Consignment: Decodable { let paginatedFiles: Page<File> }
        let getConsignment: Consignment
    }

    /// Calls `body` with each file, sorted by path as bytes; memory does not grow with their number.
    ///
    /// - Throws: ``ClientError``, `CancellationError`, and what `body` throws.
    public func forEachFile(
        of consignment: Consignment, _ selection: FileSelection, _ body: (FileReport) throws -> Void
    ) async throws {
        struct Variables: Encodable {
            let id: String
            let limit: Int
            var cursor: String?
            let problems: Bool
        }
        var variables = Variables(
            id: consignment.id.description, limit: RemoteStatus.filePage, cursor: nil,
            problems: selection == .withProblems)
        while true {
            let page = try await client.ask(
                """
                query($id: UUID!, $limit: Int!, $cursor: String, $problems: Boolean!) {
                    getConsignment(consignmentid: $id) { paginatedFiles(paginationInput: {
                        limit: $limit, currentCursor: $cursor, fileFilters: { withProblems: $problems } }) {
                        edges { node { \(File.fields) } } pageInfo { hasNextPage endCursor } } }
                }
                """, variables, as: Files.self
            ).getConsignment.paginatedFiles
            for edge in page.edges { try body(try file(edge.node)) }
            guard page.pageInfo.hasNextPage, let cursor = page.pageInfo.endCursor else { return }
            variables.cursor = cursor
        }
    }

    private func file(_ told: File) throws -> FileReport {
        // As the path is shown: what stands there with escapes has them taken back.
        guard let path = RelativePath(bytes(ofDisplayName: told.originalFilePath)), let id = RecordID(told.fileId),
            let type = FileType(rawValue: told.fileType), let reference = FileReference(told.fileReference)
        else { throw ClientError.strange(client.server, reason: "a file that makes no sense") }
        var statuses: [FileStatusType: FileStatusValue] = [:]
        var reasons: [FileStatusType: String] = [:]
        for status in told.fileStatuses {
            // A word that a newer server knows is passed over.
            guard let type = FileStatusType(rawValue: status.statusType) else { continue }
            statuses[type] = FileStatusValue(rawValue: status.statusValue)
            reasons[type] = status.reason
        }
        let format = told.ffidMetadata
        let values = told.metadata
        return FileReport(
            path: path, type: type, id: id, reference: reference,
            parentReference: told.parentReference.flatMap { FileReference($0) }, size: values.clientSideFileSize,
            modified: values.clientSideLastModifiedDate.flatMap { Timestamp($0 + "Z") }.map {
                $0.milliseconds * 1_000_000
            }, sha256: values.sha256ClientSideChecksum.flatMap { SHA256Digest(hex: Array($0.utf8)) },
            serverSHA256: values.sha256ServerSideChecksum.flatMap { SHA256Digest(hex: Array($0.utf8)) },
            statuses: FileStatuses(statuses), reasons: reasons,
            formats: (format?.matches ?? []).map { match in
                FormatReport(
                    puid: match.puid, formatName: match.formatName, identificationBasis: match.identificationBasis,
                    fileExtension: match.extension, extensionMismatch: match.fileExtensionMismatch,
                    mimeType: match.mimeType, description: match.description,
                    engine: EngineVersion(
                        software: format?.software ?? "", softwareVersion: format?.softwareVersion ?? "",
                        databaseVersion: format?.binarySignatureFileVersion ?? ""),
                    containerVersion: format?.containerSignatureFileVersion ?? "")
            },
            antivirus: told.antivirusResults.map {
                AntivirusReport(
                    engine: EngineVersion(
                        software: $0.software, softwareVersion: $0.softwareVersion,
                        databaseVersion: $0.databaseVersion), result: $0.result,
                    datetime: Timestamp(milliseconds: $0.datetime))
            })
    }

    // MARK: Consignments

    private func report(_ facts: Facts) throws -> ConsignmentReport {
        guard let id = RecordID(facts.consignmentid), let reference = ConsignmentReference(facts.consignmentReference),
            let type = ConsignmentType(rawValue: facts.consignmentType), let created = Timestamp(facts.createdDatetime)
        else { throw ClientError.strange(client.server, reason: "a consignment that makes no sense") }
        let consignment = Consignment(
            id: id, reference: reference, type: type, seriesName: facts.seriesName,
            body: (facts.transferringBodyName, facts.transferringBodyTdrCode),
            person: Person(login: facts.userLogin, name: facts.contactName, email: facts.contactEmail),
            parentFolder: Array((facts.parentFolder ?? "").utf8), includeTopLevelFolder: facts.includeTopLevelFolder,
            created: created, transferInitiated: facts.transferInitiatedDatetime.flatMap { Timestamp($0) },
            exported: facts.exportDatetime.flatMap { Timestamp($0) }, exportLocation: facts.exportLocation)
        // A word that a newer server knows is passed over: what we know is still told.
        var statuses: [ConsignmentStatusType: ConsignmentStatusValue] = [:]
        for step in facts.consignmentStatuses {
            guard let type = ConsignmentStatusType(rawValue: step.statusType) else { continue }
            statuses[type] = ConsignmentStatusValue(rawValue: step.value)
        }
        var counts: [FileStatusType: [FileStatusValue: Int]] = [:]
        for count in facts.fileStatusCounts {
            guard let type = FileStatusType(rawValue: count.statusType),
                let value = FileStatusValue(rawValue: count.statusValue)
            else { continue }
            counts[type, default: [:]][value] = count.count
        }
        return ConsignmentReport(
            consignment: consignment, statuses: statuses, files: facts.totalFiles, folders: facts.totalFolders,
            bytes: facts.totalFileSize, excluded: 0, skipped: 0, filesWithProblems: facts.filesWithProblems,
            fileCounts: counts, isBeingWorkedOn: facts.isBeingWorkedOn, withoutAntivirus: facts.withoutAntivirus)
    }
}
