import FoundationEssentials
import GRDB
import Streams

/// The digests of a folder's files, for as long as its check runs: a database without a name in the temporary folder,
/// so that the duplicates among a million files cost no memory.
final class DigestSpool: Sendable {
    private let database: DatabaseQueue

    /// - Throws: ``SystemFault`` when the temporary folder takes no file, `DatabaseError`.
    init(in folder: BytePath) throws {
        database = try scratchDatabase(
            in: folder,
            "CREATE TABLE file (id INTEGER PRIMARY KEY, sha256 BLOB NOT NULL, size INTEGER NOT NULL, path BLOB)")
    }

    /// Remembers the files that have a digest; empty ones say nothing and are all alike.
    func add(_ files: [CheckedFile]) throws {
        try database.write { db in
            let statement = try db.cachedStatement(sql: "INSERT INTO file (sha256, size, path) VALUES (?, ?, ?)")
            for file in files {
                guard let digest = file.sha256, let size = file.size, size > 0 else { continue }
                try statement.execute(arguments: [Data(digest.bytes), size, Data(file.path.bytes)])
            }
        }
    }

    /// The files of the same content among all that were added. Call it once, at the end.
    func duplicates() throws -> Duplicates {
        try database.write { db in
            // Sorted once, on disk, now that all are there.
            try db.execute(sql: "CREATE INDEX file_sha256 ON file (sha256, size)")
            var result = Duplicates()
            let same = "SELECT sha256, size, count(*) AS n FROM file GROUP BY sha256, size HAVING n > 1"
            let totals = try Row.fetchOne(
                db, sql: "SELECT count(*), coalesce(sum(n - 1), 0), coalesce(sum(size * (n - 1)), 0) FROM (\(same))")
            if let totals {
                result.groupCount = try totals.value(0)
                result.surplusFiles = try totals.value(1)
                result.surplusBytes = try totals.value(2)
            }
            let rows = try Row.fetchAll(
                db, sql: "SELECT * FROM (\(same)) ORDER BY size * (n - 1) DESC, sha256 LIMIT \(Duplicates.kept)")
            result.groups = try rows.map { row in
                let digest: Data = try row.value(0)
                guard let sha256 = SHA256Digest(digest) else {
                    throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "a digest makes no sense")
                }
                let paths = try Data.fetchAll(
                    db, sql: "SELECT path FROM file WHERE sha256 = ? ORDER BY id LIMIT \(DuplicateGroup.kept)",
                    arguments: [digest])
                return DuplicateGroup(
                    sha256: sha256, size: try row.value(1), count: try row.value(2),
                    paths: paths.map { BytePath(Array($0)) })
            }
            return result
        }
    }
}
