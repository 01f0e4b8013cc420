import GRDB
import GraphQL
import Streams
import TDRTestSupport
import Testing

@testable import TDRCore
@testable import TDRServer

/// What a page costs.
@Suite struct StatementTests {
    private static let run = RunInfo(actor: "tester", command: "test", version: "0")

    private final class Count: Sendable { let statements = Guarded(0) }

    @Test("asks the database as often for many files or consignments as for few")
    func pages() async throws {
        let folder = try TemporaryFolder()
        let store = try Store(at: folder.appending("store"), .create) { Timestamp(milliseconds: 1_800_000_000_000) }
        try await StoreRows.database(folder.appending("store")).write { db in
            try db.execute(sql: "INSERT INTO body (name, tdrCode) VALUES ('Mock', 'TDR-MOCK1')")
            try db.execute(sql: "INSERT INTO series (bodyId, code, name) VALUES (1, 'MOCK1 1', 'MOCK1 1')")
        }
        let maria = Principal(
            id: .random(), login: "maria", name: "Maria Example", email: "maria@example.org", bodyCode: "TDR-MOCK1",
            roles: [.standardUser])
        let series = try store.series(ofBody: "TDR-MOCK1")[0].id
        let consignment = try store.createDelivery(.standard, series: series, by: maria, run: StatementTests.run)
        try store.startDelivery(
            consignment, parentFolder: "R", includeTopLevelFolder: false, run: StatementTests.run)
        _ = try store.declare(
            (0..<1200).map {
                DeclaredFile(
                    originalPath: "R/f\($0)", checksum: String(repeating: "0", count: 64), lastModified: 0, fileSize: 1,
                    matchId: "\($0)")
            }, emptyDirectories: [], in: consignment, more: true, run: StatementTests.run)
        let threads = BlockingExecutor(threads: 1)
        defer { threads.shutDown() }
        let archive = Archive(
            store: store, threads: threads, uploadThreads: threads,
            book: try ReceiptBook(store: store, run: StatementTests.run) { _ in }, metrics: Metrics(), version: "0",
            canExport: false, checkBell: Bell(), exportBell: Bell())
        let engine = try APISchema.engine()
        let count = Count()
        // One thread asks, so one of the readers answers: the first.
        try await store.database.read { db in db.trace { _ in count.statements.withLock { $0 += 1 } } }
        func cost(of limit: Int) async throws -> Int {
            count.statements.withLock { $0 = 0 }
            let query = """
                { getConsignment(consignmentid: "\(consignment.id)") { totalFiles consignmentStatuses { value }
                    paginatedFiles(paginationInput: { limit: \(limit) }) { edges { node { fileId parentId uploadMatchId
                        fileStatuses { statusValue reason } fileMetadata { name value }
                        metadata { clientSideFileSize sha256ServerSideChecksum }
                        ffidMetadata { matches { puid description } } antivirusMetadata { result } } } totalItems } } }
                """
            let response = try await engine.execute(
                GraphQLRequest(query), context: Asker(archive: archive, principal: maria, note: RequestNote()))
            #expect(response.errors.isEmpty, "\(response.errors)")
            let edges = response.data?["getConsignment"]?["paginatedFiles"]?["edges"]?.list
            #expect(edges?.count == limit)
            return count.statements.withLock { $0 }
        }
        func costOfConsignments(_ limit: Int) async throws -> Int {
            count.statements.withLock { $0 = 0 }
            let query = """
                { consignments(limit: \(limit), consignmentFiltersInput: { userId: "\(maria.id)" }) { edges { node {
                    consignmentMetadata { value } metadataSchemaLibraryVersion metadataReviewLogs { action } exportFailure
                    totalFiles totalClosedRecords consignmentStatuses { value } filesWithdrawn filesExcluded
                    exportCopies { location } unfinishedUploads { parts } cancellation { reason } likeness { nameGroups }
                    confirmsWhenCleanBy } } } }
                """
            let response = try await engine.execute(
                GraphQLRequest(query), context: Asker(archive: archive, principal: maria, note: RequestNote()))
            #expect(response.errors.isEmpty, "\(response.errors)")
            #expect(response.data?["consignments"]?["edges"]?.list?.count == limit)
            return count.statements.withLock { $0 }
        }
        let one = try await costOfConsignments(1)
        for _ in 0..<9 {
            _ = try store.createDelivery(.standard, series: series, by: maria, run: StatementTests.run)
        }
        #expect(try await costOfConsignments(10) == one)
        let small = try await cost(of: 10)
        let large = try await cost(of: 1000)
        #expect(small > 0)
        #expect(large == small)
    }
}
