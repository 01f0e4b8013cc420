import GRDB
import GraphQL
import Streams
import TDRTestSupport
import Testing

@testable import TDRCore
@testable import TDRServer

/// A store with two bodies, and a server of it without a port.
final class ServerDesk: Sendable {
    static let run = RunInfo(actor: "tester", command: "test", version: "0")
    static let now = Timestamp(milliseconds: 1_800_000_000_000)

    let folder: TemporaryFolder
    let store: Store
    let archive: Archive
    let engine: GraphQLEngine

    init() throws {
        folder = try TemporaryFolder()
        let place = folder.appending("store")
        store = try Store(at: place, .create) { ServerDesk.now }
        // Nothing here has to survive a power cut, and there is much to write.
        try store.database.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = OFF") }
        try StoreRows.execute(
            place,
            """
            INSERT INTO body (name, tdrCode) VALUES ('Mock', 'TDR-MOCK1'), ('Other', 'TDR-MOCK2');
            INSERT INTO series (bodyId, code, name) VALUES (1, 'MOCK1 1', 'MOCK1 1'), (2, 'MOCK2 1', 'MOCK2 1');
            """)
        // One thread asks, so that one of the readers answers: the first.
        let threads = BlockingExecutor(threads: 1)
        archive = Archive(
            store: store, threads: threads, uploadThreads: threads,
            book: try ReceiptBook(store: store, run: ServerDesk.run) { _ in }, version: "0", canExport: true,
            checkBell: Bell(), exportBell: Bell())
        engine = try APISchema.engine()
    }

    deinit { archive.threads.shutDown() }

    /// Somebody with these roles, and an account.
    func principal(
        _ login: String, _ roles: Set<Role>, body: String? = "TDR-MOCK1", scopes: Set<Scope> = Set(Scope.allCases)
    ) throws -> Principal {
        let user =
            try store.user(login)
            ?? store.addUser(
                NewUser(login: login, name: "Some \(login)", email: "\(login)@example.org", body: body, roles: roles),
                run: ServerDesk.run)
        return user.principal(scopes: scopes)
    }

    /// A consignment of `owner` whose upload has begun, with so many declared files.
    func delivery(of owner: Principal, files: Int = 1) throws -> (consignment: Consignment, files: [RecordID]) {
        let series = try store.series(ofBody: owner.bodyCode ?? "")[0].id
        let made = try store.createDelivery(.standard, series: series, by: owner, run: ServerDesk.run)
        try store.startDelivery(made, parentFolder: "R", includeTopLevelFolder: false, run: ServerDesk.run)
        let ids = try store.declare(
            (0..<files).map { number in
                DeclaredFile(
                    originalPath: "R/f\(number)", checksum: String(repeating: "0", count: 64), lastModified: 0,
                    fileSize: 1, matchId: "\(number)")
            }, emptyDirectories: [], in: made, more: true, run: ServerDesk.run)
        return (made, ids.map(\.fileId))
    }

    /// What `principal` is answered.
    func ask(
        _ query: String, as principal: Principal, operation: String? = nil, variables: JSONObject = [:],
        engine: GraphQLEngine? = nil
    ) async throws -> GraphQLResponse {
        try await (engine ?? self.engine).execute(
            GraphQLRequest(query, operationName: operation, variables: variables),
            context: Asker(archive: archive, principal: principal, note: RequestNote()))
    }

    /// The names of the fields of a type.
    func fields(of type: String, as principal: Principal) async throws -> [String] {
        let answer = try await ask(
            "{ __type(name: \"\(type)\") { fields(includeDeprecated: true) { name } } }", as: principal)
        return (answer.data?["__type"]?["fields"]?.list ?? []).compactMap { $0["name"]?.string }
    }

    /// How many statements `body` has a reader execute.
    func statements(_ body: () async throws -> Void) async throws -> Int {
        let count = Guarded(0)
        try await store.database.read { db in db.trace { _ in count.withLock { $0 += 1 } } }
        try await body()
        try await store.database.read { db in db.trace(nil) }
        return count.withLock { $0 }
    }
}

extension GraphQLResponse {
    /// The codes of its errors.
    var codes: [String] { errors.compactMap(\.code) }
}
