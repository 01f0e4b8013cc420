import FoundationEssentials
import GRDB
import Streams
import TDRTestSupport
import Testing

@testable import TDRCore

@Suite struct RepairSchemaTests {
    @Test("a store of an earlier version keeps its history, which outlives files from then on and stays unchangeable")
    func migrated() throws {
        let folder = try TemporaryFolder()
        try folder.make("store", [:])
        let place = folder.appending("store").appending("tdr.sqlite")
        do {
            let queue = try DatabaseQueue(path: try #require(place.text))
            try Migrations.migrator.migrate(queue, upTo: "s3")
            try queue.write { db in
                try db.execute(
                    sql: """
                        INSERT INTO run (actor, command, version, started) VALUES ('a', 'c', '0', 0);
                        INSERT INTO body (name, tdrCode) VALUES ('b', 'TDR-B');
                        INSERT INTO consignment (uuid, sequence, reference, type, bodyId, transferringBodyName,
                            transferringBodyTdrCode, userLogin, contactName, contactEmail, source, storage, links,
                            parentFolder, includeTopLevelFolder, created)
                        VALUES (randomblob(16), 1, 'TDR-2026-C', 'standard', 1, 'b', 'TDR-B', 'u', 'n', 'e', x'2f',
                            'Copied', 'refuse', x'52', 0, 0);
                        INSERT INTO file (consignmentId, uuid, fileType, path, reference)
                        VALUES (1, randomblob(16), 'Folder', x'52', 1);
                        INSERT INTO event (runId, datetime, consignmentId, fileId, what) VALUES (1, 0, 1, 1, 'Old');
                        """)
            }
            try queue.close()
        }
        let store = try Store(at: folder.appending("store"), .existing) { Timestamp(milliseconds: 0) }
        try store.write { db in try db.execute(sql: "DELETE FROM file WHERE id = 1") }
        let left = try store.read { try String.fetchAll($0, sql: "SELECT what FROM event WHERE fileId = 1") }
        #expect(left == ["Old"])
        #expect(throws: (any Error).self) { try store.write { try $0.execute(sql: "DELETE FROM event") } }
        #expect(throws: (any Error).self) { try store.write { try $0.execute(sql: "UPDATE event SET what = 'x'") } }
        #expect(try store.read { try String.fetchOne($0, sql: "PRAGMA integrity_check") } == "ok")
        // Whoever opens it later sees the same.
        let second = try Store(at: folder.appending("store"), .existing) { Timestamp(milliseconds: 0) }
        try second.write { db in
            try db.execute(sql: "INSERT INTO event (runId, datetime, fileId, what) VALUES (1, 0, 99, 'New')")
        }
    }

    @Test("never gives the number of a withdrawn file to another, whoever inserts it")
    func numbers() async throws {
        let bench = try Bench(["a": "x", "b": "y"])
        let consignment = try await bench.upload().consignment
        let repair = Repair(
            store: bench.store, run: RunInfo(actor: "t", command: "t", version: "0"), meter: ProgressMeter())
        let path = try #require(RelativePath("Records/b"))
        _ = try repair.withdraw(path, from: consignment, reason: "x", purges: false)
        #expect(throws: (any Error).self) {
            try bench.store.write { db in
                try db.execute(
                    sql: """
                        INSERT INTO file (consignmentId, uuid, fileType, parentId, path, reference)
                        SELECT consignmentId, randomblob(16), 'Folder', id, x'522f62', 99 FROM file WHERE parentId IS NULL
                        """)
            }
        }
    }

    @Test(
        "folds paths that differ in case or Unicode form only into one, and no others",
        arguments: [
            ("a/B", "A/b", true), ("Caf\u{E9}", "CAFE\u{301}", true), ("stra\u{DF}e", "STRASSE", true),
            ("\u{3C2}", "\u{3A3}", true), ("a", "b", false), ("a/b", "ab", false), ("\u{E9}", "e", false),
            ("ﬁ", "FI", true),
            ("\u{1F4C4}", "\u{1F4C5}", false),
        ])
    func folds(_ one: String, _ other: String, _ same: Bool) {
        #expect((FoldedPath.key(Array(one.utf8)) == FoldedPath.key(Array(other.utf8))) == same)
    }

    @Test("folds names that are not UTF-8 into themselves alone")
    func foldsBytes() {
        #expect(FoldedPath.key([0xFF, 0x41]) == FoldedPath.key([0xFF, 0x41]))
        #expect(FoldedPath.key([0xFF, 0x41]) != FoldedPath.key([0xFE, 0x41]))
    }
}
