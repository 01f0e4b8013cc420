import GRDB
import GraphQL
import Streams
import TDRTestSupport
import Testing

@testable import TDRCore
@testable import TDRServer

/// What the database keeps so that nobody has to look through all of it.
@Suite struct WaitingTests {
    private static func rows(_ table: String, _ store: BytePath) throws -> [String] {
        try StoreRows.texts(store, "SELECT work || ' ' || consignmentId FROM \(table) ORDER BY 1")
    }

    /// Steps of consignments as they may and may not come, by any order of changes.
    private static func disturb(_ count: Int, _ rows: [Int64], seed: UInt64, _ store: BytePath) throws {
        var generator = SeededGenerator(seed: seed)
        let database = try StoreRows.database(store)
        for _ in 0..<count {
            let row = rows.randomElement(using: &generator) ?? 1
            let type =
                ["Upload", "ServerChecksum", "ServerFFID", "ConfirmTransfer", "Export", "ServerAntivirus"]
                .randomElement(using: &generator) ?? ""
            let value =
                ["InProgress", "Completed", "CompletedWithIssues", "Failed"].randomElement(using: &generator) ?? ""
            try database.write { db in
                switch Int.random(in: 0..<20, using: &generator) {
                case 0:
                    try db.execute(
                        sql: "DELETE FROM consignmentStatus WHERE consignmentId = ? AND statusType = ?",
                        arguments: [row, type])
                case 1:
                    try db.execute(
                        sql:
                            "INSERT OR IGNORE INTO cancellation (consignmentId, datetime, reason, isPurged) VALUES (?, 0, 'r', 0)",
                        arguments: [row])
                case 2: try db.execute(sql: "DELETE FROM cancellation WHERE consignmentId = ?", arguments: [row])
                default:
                    try db.execute(
                        sql: """
                            INSERT INTO consignmentStatus VALUES (?, ?, ?, 0, 0)
                            ON CONFLICT DO UPDATE SET value = excluded.value
                            """, arguments: [row, type, value])
                }
            }
        }
    }

    private static func consignments(_ desk: ServerDesk) throws -> [Int64] {
        let maria = try desk.principal("maria", [.standardUser])
        let judge = try desk.principal("judge", [.judgmentUser])
        return try (0..<12).map { number in
            number < 6
                ? try desk.delivery(of: maria, files: 2).consignment.row
                : try desk.store.createDelivery(.judgment, series: nil, by: judge, run: ServerDesk.run).row
        }
    }

    @Test("what waits is what the definition says, after any change in any order")
    func waiting() throws {
        let desk = try ServerDesk()
        let store = desk.folder.appending("store")
        let rows = try WaitingTests.consignments(desk)
        for seed in 0..<40 {
            try WaitingTests.disturb(15, rows, seed: UInt64(seed), store)
            let kept = try WaitingTests.rows("waiting", store)
            #expect(try kept == WaitingTests.rows("isWaiting", store), "seed \(seed)")
            // In words that were not written for it.
            #expect(
                try desk.store.consignmentsToCheck().map(\.row)
                    == StoreRows.database(store).read { db in
                        try Int64.fetchAll(
                            db,
                            sql: """
                                SELECT id FROM consignment WHERE id NOT IN (SELECT consignmentId FROM cancellation)
                                    AND id IN (SELECT consignmentId FROM consignmentStatus WHERE statusType = 'Upload'
                                        AND value LIKE 'Completed%')
                                    AND (id NOT IN (SELECT consignmentId FROM consignmentStatus
                                            WHERE statusType = 'ServerChecksum' AND value <> 'InProgress')
                                        OR id NOT IN (SELECT consignmentId FROM consignmentStatus
                                            WHERE statusType = 'ServerFFID' AND value <> 'InProgress'))
                                ORDER BY id
                                """)
                    }, "seed \(seed)")
            #expect(
                try desk.store.judgmentsToExport().map(\.consignment.row)
                    == StoreRows.database(store).read { db in
                        try Int64.fetchAll(
                            db,
                            sql: """
                                SELECT id FROM consignment WHERE type = 'judgment'
                                    AND id NOT IN (SELECT consignmentId FROM cancellation)
                                    AND id NOT IN (SELECT consignmentId FROM consignmentStatus WHERE statusType = 'Export')
                                    AND id IN (SELECT consignmentId FROM consignmentStatus
                                        WHERE statusType = 'ConfirmTransfer' AND value = 'Completed')
                                ORDER BY id
                                """)
                    }, "seed \(seed)")
        }
    }

    @Test("whoever looks for work each second looks through nothing that is over")
    func plans() async throws {
        let desk = try ServerDesk()
        _ = try WaitingTests.consignments(desk)
        let asked = Guarded<[String]>([])
        try await desk.store.database.read { db in
            db.trace { event in asked.withLock { $0.append("\(event)") } }
        }
        _ = try desk.store.consignmentsToCheck()
        _ = try desk.store.judgmentsToExport()
        try await desk.store.database.read { db in db.trace(nil) }
        let statements = asked.withLock { $0 }.filter { $0.hasPrefix("SELECT") }
        #expect(statements.count == 2)
        for statement in statements {
            let plan = try await desk.store.database.read { db in
                try Row.fetchAll(db, sql: "EXPLAIN QUERY PLAN \(statement)").map { $0["detail"] as String }
            }
            #expect(!plan.isEmpty)
            #expect(!plan.contains { $0.hasPrefix("SCAN") }, "\(plan)")
        }
    }

    @Test("files that are closed are counted whatever changes, and so they are in a store of before")
    func closed() throws {
        let desk = try ServerDesk()
        let store = desk.folder.appending("store")
        let maria = try desk.principal("maria", [.standardUser])
        for _ in 0..<3 { _ = try desk.delivery(of: maria, files: 10) }
        let files = try StoreRows.database(store).read { db in
            try Int64.fetchAll(db, sql: "SELECT id FROM file WHERE fileType = 'File'")
        }
        var generator = SeededGenerator(seed: 3)
        for _ in 0..<30 {
            try StoreRows.database(store).write { db in
                for _ in 0..<10 {
                    let file = files.randomElement(using: &generator)
                    switch Int.random(in: 0..<6, using: &generator) {
                    case 0: try db.execute(sql: "DELETE FROM fileMetadata WHERE fileId = ?", arguments: [file])
                    case let choice:
                        try db.execute(
                            sql: """
                                INSERT INTO fileMetadata VALUES (?, ?, ?, 0)
                                ON CONFLICT DO UPDATE SET value = excluded.value
                                """,
                            arguments: [
                                file, choice == 5 ? "description" : "ClosureType",
                                ["Open", "Closed"].randomElement(using: &generator),
                            ])
                    }
                }
            }
            #expect(try StoreRows.wrongTallies(store) == [])
        }
        let counts = try desk.store.counts(of: desk.store.consignments())
        #expect(counts.reduce(0) { $0 + $1.closedRecords } > 0)

        // As a version made it that kept neither.
        try WaitingTests.disturb(60, try desk.store.consignments().map(\.row), seed: 1, store)
        let waiting = try WaitingTests.rows("waiting", store)
        try StoreRows.database(store).write { db in
            for name in try String.fetchAll(
                db,
                sql:
                    "SELECT name FROM sqlite_schema WHERE type = 'trigger' AND (name LIKE 'waiting%' OR name LIKE 'fileMetadata%')"
            ) { try db.execute(sql: "DROP TRIGGER \(name)") }
            try db.execute(
                sql: """
                    DROP TABLE waiting; DROP VIEW isWaiting; DELETE FROM tally WHERE statusType = 'Closed';
                    DELETE FROM grdb_migrations WHERE identifier IN ('closedRecords', 'waiting');
                    """)
        }
        let later = try Store(at: store, .existing) { ServerDesk.now }
        #expect(try later.counts(of: later.consignments()).map(\.closedRecords) == counts.map(\.closedRecords))
        #expect(try WaitingTests.rows("waiting", store) == waiting)
        #expect(!waiting.isEmpty)
        #expect(try StoreRows.wrongTallies(store) == [])
    }
}
