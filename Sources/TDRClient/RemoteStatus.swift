import Streams
public import TDRCore

/// What a server knows of consignments, as a store of this machine would tell it.
public struct RemoteStatus: Sendable {
    private static let page = 100

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

    private struct List: Decodable {
        struct Connection: Decodable {
            struct Edge: Decodable { let node: Facts }
            struct PageInfo: Decodable {
                let hasNextPage: Bool
                let endCursor: String?
            }
            let edges: [Edge]
            let pageInfo: PageInfo
        }
        let consignments: Connection
    }

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
