import FoundationEssentials
import GRDB
import S3
public import Streams

/// The upload of one export or of one object into S3, kept in the store until it is complete.
struct S3StoreJournal: S3Journal {
    let store: Store
    let consignment: Int64
    let location: String
    let server: S3Server
    /// What the object was begun with, which parts cannot change afterwards.
    let terms: String

    /// The terms of an object of the store; those of an export have no second line but tags, which have a `=`.
    static let objectTerms = "an object\nof the store"

    private static let own = "consignmentId = ? AND location = ? AND endpoint = ?"
    private var names: StatementArguments { [consignment, location, server.name] }

    /// Whether the unfinished upload, if there is one, was begun on these terms.
    func hasSameTerms() throws -> Bool {
        try store.read { db in
            let known = try String.fetchOne(
                db, sql: "SELECT terms FROM s3Upload WHERE \(S3StoreJournal.own)", arguments: names)
            return known == nil || known == terms
        }
    }

    func unfinished() throws -> (upload: String, parts: [S3Part])? {
        try store.read { db in
            guard
                let upload = try Row.fetchOne(
                    db, sql: "SELECT id, uploadId FROM s3Upload WHERE \(S3StoreJournal.own)", arguments: names)
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
            try db.execute(sql: "DELETE FROM s3Upload WHERE \(S3StoreJournal.own)", arguments: names)
            try db.execute(
                sql: """
                    INSERT INTO s3Upload (consignmentId, location, endpoint, uploadId, terms, address, region, style)
                    VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                    """,
                arguments: [
                    consignment, location, server.name, upload, terms, server.address, server.region,
                    server.style?.rawValue,
                ])
        }
    }

    func note(_ part: S3Part) throws {
        try store.write { db in
            try db.execute(
                sql: """
                    INSERT INTO s3Part (s3UploadId, number, size, sha256, etag)
                    SELECT id, ?, ?, ?, ? FROM s3Upload WHERE \(S3StoreJournal.own)
                    ON CONFLICT DO UPDATE SET size = excluded.size, sha256 = excluded.sha256, etag = excluded.etag
                    """,
                arguments: [part.number, part.size, Data(part.sha256.bytes), part.etag] + names)
        }
    }

    func ended() throws {
        try store.write { db in
            try db.execute(sql: "DELETE FROM s3Upload WHERE \(S3StoreJournal.own)", arguments: names)
        }
    }
}

/// An upload into S3 that was begun and has not ended: interrupted, or going on now.
public struct UnfinishedUpload: Sendable {
    /// Where the archive or the object would be.
    public let location: BytePath
    /// Whether it is an object of the store, so that the upload of the records goes on with it, and no export.
    public let isObject: Bool
    /// The server, by its address or AWS's region.
    public let endpoint: String
    /// The server's id of it.
    public let uploadID: String
    /// Parts that the server has taken, and their bytes.
    public let parts: Int
    /// Bytes in those.
    public let bytes: Int64
    let server: S3Server?
    let row: Int64
}

extension UnfinishedUpload {
    /// One as a server tells of it: not for use with a store.
    package init(location: BytePath, isObject: Bool, endpoint: String, parts: Int, bytes: Int64) {
        self.init(
            location: location, isObject: isObject, endpoint: endpoint, uploadID: "", parts: parts, bytes: bytes,
            server: nil, row: -1)
    }
}

extension Store {
    /// The uploads into S3 of a consignment that have not ended.
    public func unfinishedUploads(of consignment: Consignment) throws -> [UnfinishedUpload] {
        try read { try $0.unfinishedUploads(of: consignment) }
    }

    /// Forgets an upload that the server has given up, with its entry in the history.
    func abandoned(_ upload: UnfinishedUpload, of consignment: Consignment, run: RunID) throws {
        let now = clock()
        try write { db in
            try db.execute(sql: "DELETE FROM s3Upload WHERE id = ?", arguments: [upload.row])
            try db.recordEvent(
                run, at: now, consignment: consignment.row, "UploadAbandoned", old: upload.uploadID,
                new: upload.location.display)
        }
    }
}

extension Database {
    func unfinishedUploads(of consignment: Consignment) throws -> [UnfinishedUpload] {
        try unfinishedUploads(of: [consignment])[consignment.row] ?? []
    }

    /// The same of each of these consignments, by their rows.
    func unfinishedUploads(of consignments: [Consignment]) throws -> [Int64: [UnfinishedUpload]] {
        var found: [Int64: [UnfinishedUpload]] = [:]
        let rows = try Row.fetchAll(
            cachedStatement(
                sql: """
                    SELECT s3Upload.id, location, endpoint, uploadId, address, region, style, count(etag),
                        coalesce(sum(iif(etag IS NULL, 0, size)), 0), terms, consignmentId
                    FROM s3Upload LEFT JOIN s3Part ON s3UploadId = s3Upload.id
                    WHERE consignmentId IN (SELECT value FROM json_each(?)) GROUP BY s3Upload.id ORDER BY s3Upload.id
                    """), arguments: [jsonList(consignments.map(\.row))])
        for row in rows {
            let region: String? = try row.value(5)
            let upload = UnfinishedUpload(
                location: BytePath(bytes(ofDisplayName: try row.value(1))),
                isObject: (try row.value(9) as String) == S3StoreJournal.objectTerms, endpoint: try row.value(2),
                uploadID: try row.value(3), parts: try row.value(7), bytes: try row.value(8),
                server: try region.map { region in
                    S3Server(
                        address: try row.value(4), region: region,
                        style: (try row.value(6) as String?).flatMap(S3Options.Style.init))
                }, row: try row.value(0))
            found[try row.value(10), default: []].append(upload)
        }
        return found
    }
}
