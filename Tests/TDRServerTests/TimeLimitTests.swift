import GRDB
import GraphQL
import HTTPTypes
import Streams
import TDRTestSupport
import Testing

@testable import TDRCore
@testable import TDRServer

/// What takes too long.
@Suite struct TimeLimitTests {
    /// Counts without end.
    private static let endless =
        "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n"

    @Test("is a read that never ends: it is cut off where it is, and the next one is not", .timeLimit(.minutes(5)))
    func reads() async throws {
        let desk = try ServerDesk()
        #expect(throws: ReadTerms.Passed.self) {
            try ReadTerms.$current.withValue(ReadTerms(deadline: .now + .milliseconds(30))) {
                _ = try desk.store.read { try Int.fetchOne($0, sql: TimeLimitTests.endless) }
            }
        }
        #expect(throws: ReadTerms.Passed.self) {
            try ReadTerms.$current.withValue(ReadTerms(deadline: .now - .seconds(1))) { _ = try desk.store.users() }
        }
        // The connection is as it was.
        for _ in 0..<5 { #expect(try desk.store.users().isEmpty) }
        #expect(try desk.store.read { try Int.fetchOne($0, sql: "SELECT 7") } == 7)
    }

    @Test("is never a change: it ends, all of it, whatever its time", .timeLimit(.minutes(5)))
    func changes() async throws {
        let desk = try ServerDesk()
        let maria = try desk.principal("maria", [.standardUser])
        let mine = try desk.delivery(of: maria).consignment
        // A deadline that has passed before the first of many rows is written.
        let count = try ReadTerms.$current.withValue(ReadTerms(deadline: .now - .seconds(1))) {
            try desk.store.write { db in
                try db.execute(
                    sql: """
                        WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 200000)
                        INSERT INTO tally SELECT ?, 'Test', x, 1 FROM n
                        """, arguments: [mine.row])
                return db.changesCount
            }
        }
        #expect(count == 200_000)
        #expect(
            try desk.store.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM tally WHERE statusType = 'Test'") }
                == 200_000)
    }

    @Test("is a request of which every answer is 503, and nothing of it goes on", .timeLimit(.minutes(5)))
    func requests() async throws {
        let desk = try ServerDesk()
        let maria = try desk.principal("maria", [.standardUser])
        let mine = try desk.delivery(of: maria).consignment
        // Whoever reads a tally reads for ever.
        try StoreRows.execute(
            desk.folder.appending("store"),
            """
            ALTER TABLE tally RENAME TO slowTally;
            CREATE VIEW tally AS SELECT consignmentId, statusType, value, count FROM slowTally
                WHERE count + (\(TimeLimitTests.endless)) > 0;
            """)
        await #expect {
            _ = try await TimeLimit(1).keep {
                try await desk.ask("{ getConsignment(consignmentid: \"\(mine.id)\") { totalFiles } }", as: maria)
            }
        } throws: { error in
            let error = error as? APIError
            return error?.status == .serviceUnavailable && error?.code == .timeout
                && error?.message.contains("1 seconds") == true
        }
        let quick = try await TimeLimit(60).keep { try await desk.ask("{ me { login } }", as: maria) }
        #expect(quick.data?["me"]?["login"]?.string == "maria")
    }

    @Test("is not work that comes to its end all the same", .timeLimit(.minutes(5)))
    func lateEnds() async throws {
        // Its time is over before it begins, and it does not look.
        #expect(try await TimeLimit(0).keep { 5 } == 5)
        await #expect(throws: APIError.self) {
            try await TimeLimit(0).keep { () async throws -> Int in
                while true { try await Task.sleep(for: .seconds(60)) }
            }
        }
        struct Other: Error {}
        await #expect(throws: Other.self) { try await TimeLimit(0).keep { () async throws -> Int in throw Other() } }
    }
}
