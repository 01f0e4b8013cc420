import FoundationEssentials
import GRDB
import S3
import Streams

/// The upload of one export into S3, kept in the store until it is complete.
struct S3ExportJournal: S3Journal {
    let store: Store
    let consignment: Int64
    let location: String
    let endpoint: String
    /// What the object was begun with, which parts cannot change afterwards.
    let terms: String

    private static let own = "consignmentId = ? AND location = ? AND endpoint = ?"
    private var names: StatementArguments { [consignment, location, endpoint] }

    /// Whether the unfinished upload, if there is one, was begun on these terms.
    func hasSameTerms() throws -> Bool {
        try store.read { db in
            let known = try String.fetchOne(
                db, sql: "SELECT terms FROM s3Upload WHERE \(S3ExportJournal.own)", arguments: names)
            return known == nil || known == terms
        }
    }

    func unfinished() throws -> (upload: String, parts: [S3Part])? {
        try store.read { db in
            guard
                let upload = try Row.fetchOne(
                    db, sql: "SELECT id, uploadId FROM s3Upload WHERE \(S3ExportJournal.own)", arguments: names)
            else { return nil }
            let row: Int64 = try upload.value(0)
            let parts = try Row.fetchAll(
                db, sql: "SELECT number, size, sha256, etag FROM s3Part WHERE s3UploadId = ?", arguments: [row])
            return (
                try upload.value(1),
                try parts.compactMap { part in
                    // A damaged digest proves nothing: that part is sent again.
                    guard let sha256 = SHA256Digest(try part.value(2) as Data) else { return nil }
                    return S3Part(
                        number: try part.value(0), size: try part.value(1), sha256: sha256, etag: try part.value(3))
                }
            )
        }
    }

    func began(upload: String) throws {
        try store.write { db in
            try db.execute(sql: "DELETE FROM s3Upload WHERE \(S3ExportJournal.own)", arguments: names)
            try db.execute(
                sql: "INSERT INTO s3Upload (consignmentId, location, endpoint, uploadId, terms) VALUES (?, ?, ?, ?, ?)",
                arguments: [consignment, location, endpoint, upload, terms])
        }
    }

    func note(_ part: S3Part) throws {
        try store.write { db in
            try db.execute(
                sql: """
                    INSERT INTO s3Part (s3UploadId, number, size, sha256, etag)
                    SELECT id, ?, ?, ?, ? FROM s3Upload WHERE \(S3ExportJournal.own)
                    ON CONFLICT DO UPDATE SET size = excluded.size, sha256 = excluded.sha256, etag = excluded.etag
                    """,
                arguments: [part.number, part.size, Data(part.sha256.bytes), part.etag] + names)
        }
    }

    func ended() throws {
        try store.write { db in
            try db.execute(sql: "DELETE FROM s3Upload WHERE \(S3ExportJournal.own)", arguments: names)
        }
    }
}
