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

    static func bodyID(_ row: Int64, store: RecordID) -> RecordID {
        RecordID.derived(from: store, name: Array("body \(row)".utf8))
    }

    func series(ofBody body: Int64, store: RecordID) throws -> [StoredSeries] {
        try series(where: "bodyId = ?", [body], store: store)
    }

    /// The series for which this SQL holds, by code.
    func series(
        where condition: String, _ arguments: StatementArguments = [], store: RecordID
    ) throws -> [StoredSeries] {
        try Row.fetchAll(
            self, sql: "SELECT id, bodyId, code, name FROM series WHERE \(condition) ORDER BY code",
            arguments: arguments
        ).map { row in
            let id: Int64 = try row.value("id")
            return StoredSeries(
                row: id, id: Database.seriesID(id, store: store),
                bodyId: Database.bodyID(try row.value("bodyId"), store: store), code: try row.value("code"),
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
