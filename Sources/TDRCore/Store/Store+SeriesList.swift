import GRDB
import Streams

/// A series as the API tells of it: by an id that follows from the store's own.
public struct StoredSeries: Sendable {
    let row: Int64
    /// Its id.
    public let id: RecordID
    /// That of its body.
    public let bodyId: RecordID
    /// Its code, as in `CRAN 1`.
    public let code: String
    /// Its name.
    public let name: String
}

extension Store {
    /// The series of the body with this code, by code.
    public func series(ofBody code: String) throws -> [StoredSeries] {
        try read { db in
            guard let body = try Int64.fetchOne(db, sql: "SELECT id FROM body WHERE tdrCode = ?", arguments: [code])
            else { return [] }
            return try db.series(ofBody: body, store: id)
        }
    }
}

extension Database {
    static func seriesID(_ row: Int64, store: RecordID) -> RecordID {
        RecordID.derived(from: store, name: Array("series \(row)".utf8))
    }

    func series(ofBody body: Int64, store: RecordID) throws -> [StoredSeries] {
        let bodyID = RecordID.derived(from: store, name: Array("body \(body)".utf8))
        return try Row.fetchAll(
            self, sql: "SELECT id, code, name FROM series WHERE bodyId = ? ORDER BY code", arguments: [body]
        ).map { row in
            let id: Int64 = try row.value("id")
            return StoredSeries(
                row: id, id: Database.seriesID(id, store: store), bodyId: bodyID, code: try row.value("code"),
                name: try row.value("name"))
        }
    }

    /// - Throws: ``DeliveryError/unknownSeries``, also for one of another body.
    func series(_ id: RecordID, ofBody body: Int64, store: RecordID) throws -> StoredSeries {
        guard let found = try series(ofBody: body, store: store).first(where: { $0.id == id }) else {
            throw DeliveryError.unknownSeries
        }
        return found
    }
}
