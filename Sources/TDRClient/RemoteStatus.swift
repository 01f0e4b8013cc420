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
        let source: String
        let storage: String
        let links: String
        let filesExcluded: Int
        let filesSkipped: Int
        let filesWithdrawn: Int
        let confirmsWhenCleanBy: String?
        let exportCopies: [Copy]
        let unfinishedUploads: [Upload]
        let cancellation: Ended?
        let likeness: Likeness?

        struct Copy: Decodable {
            let location: String
            let endpoint: String?
            let sha256: String?
            let exportedDatetime: String
            let verifiedDatetime: String?
            let lookedDatetime: String?
            let result: String?
            let remark: String?
        }
        struct Upload: Decodable {
            let location: String
            let isObject: Bool
            let endpoint: String
            let parts: Int
            let bytes: Int64
        }
        struct Ended: Decodable {
            let datetime: String
            let reason: String
            let isPurged: Bool
        }
        struct Likeness: Decodable {
            let duplicateGroups: Int
            let surplusFiles: Int
            let surplusBytes: Int64
            let nameGroups: Int
            let nameEntries: Int
        }

        static let fields = """
            consignmentid consignmentReference consignmentType seriesName transferringBodyName transferringBodyTdrCode
            userLogin contactName contactEmail parentFolder includeTopLevelFolder createdDatetime
            transferInitiatedDatetime exportDatetime exportLocation totalFiles totalFolders totalFileSize
            filesWithProblems isBeingWorkedOn withoutAntivirus consignmentStatuses { statusType value }
            fileStatusCounts { statusType statusValue count } source storage links filesExcluded filesSkipped
            filesWithdrawn confirmsWhenCleanBy
            exportCopies { location endpoint sha256 exportedDatetime verifiedDatetime lookedDatetime result remark }
            unfinishedUploads { location isObject endpoint parts bytes } cancellation { datetime reason isPurged }
            likeness { duplicateGroups surplusFiles surplusBytes nameGroups nameEntries }
            """
    }

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
            """, ["reference": reference], as: ByReference<Facts>.self
        ).consignment(reference)
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
        var filter = Filter()
        filter.withProblems = selection == .withProblems
        var cursor: String?
        while true {
            let page = try await self.page(of: consignment, filter, after: cursor, limit: RemoteStatus.filePage)
            for edge in page.edges { try body(try file(edge.node)) }
            guard page.pageInfo.hasNextPage, let next = page.pageInfo.endCursor else { return }
            cursor = next
        }
    }

    private struct Filter: Encodable {
        var withProblems = false
        var paths: [String]?
        var fileName: String?
        var fileTypeIdentifier: String?
    }

    private func page(
        of consignment: Consignment, _ filter: Filter, after cursor: String?, limit: Int
    ) async throws -> Page<File> {
        struct Variables: Encodable {
            let id: String
            let limit: Int
            let cursor: String?
            let filter: Filter
        }
        return try await client.ask(
            """
            query($id: UUID!, $limit: Int!, $cursor: String, $filter: FileFilters!) {
                getConsignment(consignmentid: $id) {
                    paginatedFiles(paginationInput: { limit: $limit, currentCursor: $cursor, fileFilters: $filter }) {
                        edges { node { \(File.fields) } } pageInfo { hasNextPage endCursor } } }
            }
            """,
            Variables(id: consignment.id.description, limit: limit, cursor: cursor, filter: filter), as: Files.self
        ).getConsignment.paginatedFiles
    }

    /// Those of these entries that the consignment has.
    func entries(_ paths: [RelativePath], of consignment: Consignment) async throws -> [RelativePath: FileReport] {
        var found: [RelativePath: FileReport] = [:]
        for first in stride(from: 0, to: paths.count, by: RemoteStatus.filePage) {
            let part = paths[first..<min(first + RemoteStatus.filePage, paths.count)]
            var filter = Filter()
            filter.paths = part.map(\.display)
            let page = try await self.page(of: consignment, filter, after: nil, limit: RemoteStatus.filePage)
            for edge in page.edges {
                let file = try self.file(edge.node)
                found[file.path] = file
            }
        }
        return found
    }

    /// The first files whose last component is `name`, by path.
    func files(named name: [UInt8], of consignment: Consignment, limit: Int) async throws -> [RelativePath] {
        var filter = Filter()
        filter.fileName = displayName(of: name)
        filter.fileTypeIdentifier = FileType.file.rawValue
        return try await page(of: consignment, filter, after: nil, limit: limit).edges.map { try file($0.node).path }
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
            source: BytePath(bytes(ofDisplayName: facts.source)),
            storage: StorageKind(rawValue: facts.storage) ?? .copied,
            links: LinkPolicy(rawValue: facts.links) ?? .refuse,
            parentFolder: bytes(ofDisplayName: facts.parentFolder ?? ""),
            includeTopLevelFolder: facts.includeTopLevelFolder,
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
            bytes: facts.totalFileSize, filesWithProblems: facts.filesWithProblems, fileCounts: counts,
            isBeingWorkedOn: facts.isBeingWorkedOn, withoutAntivirus: facts.withoutAntivirus,
            details: details(facts, reference))
    }

    private func details(_ facts: Facts, _ reference: ConsignmentReference) -> ConsignmentDetails {
        var details = ConsignmentDetails()
        details.excluded = facts.filesExcluded
        details.skipped = facts.filesSkipped
        details.withdrawnFiles = facts.filesWithdrawn
        details.confirmsWhenClean = facts.confirmsWhenCleanBy
        details.exports = facts.exportCopies.compactMap { copy in
            guard let exported = Timestamp(copy.exportedDatetime) else { return nil }
            return ExportCopy(
                reference: reference, location: BytePath(bytes(ofDisplayName: copy.location)), endpoint: copy.endpoint,
                sha256: copy.sha256.flatMap { SHA256Digest(hex: Array($0.utf8)) }, exported: exported,
                verified: copy.verifiedDatetime.flatMap { Timestamp($0) },
                looked: copy.lookedDatetime.flatMap { Timestamp($0) },
                result: copy.result.flatMap { FixityResult(rawValue: $0) }, remark: copy.remark)
        }
        details.unfinishedUploads = facts.unfinishedUploads.map {
            UnfinishedUpload(
                location: BytePath(bytes(ofDisplayName: $0.location)), isObject: $0.isObject, endpoint: $0.endpoint,
                parts: $0.parts, bytes: $0.bytes)
        }
        details.cancellation = facts.cancellation.flatMap { ended in
            Timestamp(ended.datetime).map {
                Cancellation(datetime: $0, reason: ended.reason, isPurged: ended.isPurged)
            }
        }
        details.likeness = facts.likeness.map {
            LikenessCounts(
                duplicateGroups: $0.duplicateGroups, surplusFiles: $0.surplusFiles, surplusBytes: $0.surplusBytes,
                nameGroups: $0.nameGroups, nameEntries: $0.nameEntries)
        }
        return details
    }
}
