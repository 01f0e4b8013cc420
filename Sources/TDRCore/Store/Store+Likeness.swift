import FoundationEssentials
import GRDB
public import Streams

extension Store {
    /// How many entries are like others, as far as it was counted since the last change.
    public func likenessCounts(of consignment: Consignment) throws -> LikenessCounts? {
        try read { try $0.likeness(of: consignment) }
    }

    /// Compares all files and folders of the consignment and calls `body` with each entry that is like
    /// others, group by group. Memory does not grow with their number: they are sorted in a file in `scratch`.
    @discardableResult
    public func compareEntries(
        of consignment: Consignment, scratch: BytePath, _ body: (LikeEntry) throws -> Void = { _ in }
    ) throws -> LikenessCounts {
        let spool = try LikenessSpool(in: scratch)
        try read { db in
            let rows = try Row.fetchCursor(
                db, sql: "SELECT path, size, sha256 FROM file WHERE consignmentId = ? ORDER BY path",
                arguments: [consignment.row])
            try spool.fill(rows)
        }
        let counts = try spool.counts()
        for kind in LikenessKind.allCases { try spool.forEachEntry(kind, body) }
        return counts
    }

    /// Counts, for whoever holds the lock, unless it was done since the last change.
    func countLikeness(of consignment: Consignment) throws {
        if try likenessCounts(of: consignment) != nil { return }
        let spool = try LikenessSpool(in: directory)
        try read { db in
            try spool.fill(
                try Row.fetchCursor(
                    db, sql: "SELECT path, size, sha256 FROM file WHERE consignmentId = ? ORDER BY path",
                    arguments: [consignment.row]))
        }
        try keep(try spool.counts(), of: consignment)
    }

    private func keep(_ counts: LikenessCounts, of consignment: Consignment) throws {
        try write { db in
            try db.execute(
                sql: "INSERT OR REPLACE INTO likeness VALUES (?, ?, ?, ?, ?, ?)",
                arguments: [
                    consignment.row, counts.duplicateGroups, counts.surplusFiles, counts.surplusBytes,
                    counts.nameGroups, counts.nameEntries,
                ])
        }
    }
}

extension Database {
    func likeness(of consignment: Consignment) throws -> LikenessCounts? {
        try Row.fetchOne(
            self,
            sql: """
                SELECT \(LikenessCounts.columns) FROM likeness
                WHERE consignmentId = ?
                """, arguments: [consignment.row]
        ).map(LikenessCounts.init)
    }
}

extension LikenessCounts {
    static let columns = "duplicateGroups, surplusFiles, surplusBytes, nameGroups, nameEntries"

    /// From a row that begins with ``columns``.
    init(_ row: Row) throws {
        self.init(
            duplicateGroups: try row.value(0), surplusFiles: try row.value(1), surplusBytes: try row.value(2),
            nameGroups: try row.value(3), nameEntries: try row.value(4))
    }
}

/// Digests and folded paths of a consignment's entries, sorted on disk.
private final class LikenessSpool {
    private static let batch = 1000
    private let database: DatabaseQueue

    init(in folder: BytePath) throws {
        database = try scratchDatabase(
            in: folder,
            """
            CREATE TABLE entry (id INTEGER PRIMARY KEY, path BLOB NOT NULL, size INTEGER, sha256 BLOB,
                fold1 INTEGER NOT NULL, fold2 INTEGER NOT NULL)
            """)
    }

    /// Takes the rows `path, size, sha256`, then sorts.
    func fill(_ rows: RowCursor) throws {
        // Whatever ends it, being told to stop too, ends the transaction.
        try database.write { db in
            let statement = try db.cachedStatement(
                sql: "INSERT INTO entry (path, size, sha256, fold1, fold2) VALUES (?, ?, ?, ?, ?)")
            while let row = try rows.next() {
                try Task.checkCancellation()
                let path: Data = try row.value(0)
                let fold = FoldedPath.key(Array(path))
                try statement.execute(arguments: [
                    path, try row.value(1) as Int64?, try row.value(2) as Data?, fold.0, fold.1,
                ])
            }
            try db.execute(
                sql: """
                    CREATE INDEX entry_content ON entry (sha256, size) WHERE size > 0;
                    CREATE INDEX entry_fold ON entry (fold1, fold2);
                    """)
        }
    }

    private static let contents =
        "SELECT sha256, size, count(*) AS n FROM entry WHERE size > 0 GROUP BY 1, 2 HAVING n > 1"
    private static let names = "SELECT fold1, fold2, count(*) AS n FROM entry GROUP BY 1, 2 HAVING n > 1"

    func counts() throws -> LikenessCounts {
        try database.read { db in
            var counts = LikenessCounts()
            if let row = try Row.fetchOne(
                db,
                sql: """
                    SELECT count(*), coalesce(sum(n - 1), 0), coalesce(sum(size * (n - 1)), 0) FROM (\(Self.contents))
                    """)
            {
                counts.duplicateGroups = try row.value(0)
                counts.surplusFiles = try row.value(1)
                counts.surplusBytes = try row.value(2)
            }
            if let row = try Row.fetchOne(db, sql: "SELECT count(*), coalesce(sum(n), 0) FROM (\(Self.names))") {
                counts.nameGroups = try row.value(0)
                counts.nameEntries = try row.value(1)
            }
            return counts
        }
    }

    func forEachEntry(_ kind: LikenessKind, _ body: (LikeEntry) throws -> Void) throws {
        try database.read { db in
            let groups = kind == .content ? Self.contents : Self.names
            let keys = kind == .content ? ("sha256", "size") : ("fold1", "fold2")
            let rows = try Row.fetchCursor(
                db,
                sql: """
                    SELECT entry.path, entry.size, entry.sha256, entry.\(keys.0), entry.\(keys.1)
                    FROM (\(groups)) AS g CROSS JOIN entry ON entry.\(keys.0) = g.\(keys.0) AND entry.\(keys.1) = g.\(keys.1)
                    ORDER BY entry.\(keys.0), entry.\(keys.1), entry.id
                    """)
            var group = 0
            var last: [DatabaseValue] = []
            while let row = try rows.next() {
                let key = [row[3] as DatabaseValue, row[4] as DatabaseValue]
                if key != last {
                    group += 1
                    last = key
                }
                guard let path = RelativePath(Array(try row.value(0) as Data)) else { continue }
                try body(
                    LikeEntry(
                        kind: kind, group: group, path: path, size: try row.value(1),
                        sha256: (try row.value(2) as Data?).flatMap { SHA256Digest($0) }))
            }
        }
    }
}
