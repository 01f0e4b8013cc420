import GRDB
import Streams

/// A transferring body with its series.
public struct BodyEntry: Sendable {
    /// Its name.
    public let name: String
    /// Its code, as in `TDR-MOCK`.
    public let code: String
    /// Its series, by code.
    public let series: [StoredSeries]
}

/// An entry of the history, with who made it.
public struct EventEntry: Sendable {
    /// Its number; later ones have greater ones.
    public let number: Int64
    /// When.
    public let time: Timestamp
    /// By whom.
    public let actor: String
    /// What was done.
    public let what: String
    /// Of which consignment.
    public let reference: String?
    /// What was there before.
    public let old: String?
    /// What is there now.
    public let new: String?
}

extension Store {
    /// The name of the body with this code; nil when there is none.
    package func bodyName(ofCode code: String) throws -> String? {
        try read { try String.fetchOne($0, sql: "SELECT name FROM body WHERE tdrCode = ?", arguments: [code]) }
    }

    /// All bodies with their series, by name.
    public func bodies() throws -> [BodyEntry] {
        try read { db in
            try Row.fetchAll(db, sql: "SELECT id, name, tdrCode FROM body ORDER BY name").map { row in
                BodyEntry(
                    name: try row.value("name"), code: try row.value("tdrCode"),
                    series: try db.series(ofBody: try row.value("id"), store: id))
            }
        }
    }

    /// Adds a body.
    ///
    /// - Throws: ``PeopleError``, ``StoreError``.
    public func addBody(_ name: String, code: String, run: RunInfo) throws {
        for (what, text) in [("body's name", name), ("body's code", code)] where !isPlainLine(text) {
            throw PeopleError.badName(what: what)
        }
        let runID = try begin(run)
        let now = clock()
        try write { db in
            let isThere = try Int.fetchOne(
                db, sql: "SELECT 1 FROM body WHERE name = ? OR tdrCode = ?", arguments: [name, code])
            if isThere != nil { throw PeopleError.bodyTaken(name) }
            try db.execute(sql: "INSERT INTO body (name, tdrCode) VALUES (?, ?)", arguments: [name, code])
            try db.recordEvent(runID, at: now, consignment: nil, "BodyCreated", new: "\(code) \(name)")
        }
    }

    /// Adds a series to the body with this code.
    ///
    /// - Throws: ``PeopleError``, ``StoreError``.
    public func addSeries(_ code: String, name: String, toBody body: String, run: RunInfo) throws {
        for (what, text) in [("series' name", name), ("series' code", code)] where !isPlainLine(text) {
            throw PeopleError.badName(what: what)
        }
        let runID = try begin(run)
        let now = clock()
        try write { db in
            guard let row = try Int64.fetchOne(db, sql: "SELECT id FROM body WHERE tdrCode = ?", arguments: [body])
            else {
                throw PeopleError.unknownBody(body)
            }
            let isThere = try Int.fetchOne(db, sql: "SELECT 1 FROM series WHERE code = ?", arguments: [code])
            if isThere != nil { throw PeopleError.seriesTaken(code) }
            try db.execute(
                sql: "INSERT INTO series (bodyId, code, name) VALUES (?, ?, ?)", arguments: [row, code, name])
            try db.recordEvent(runID, at: now, consignment: nil, "SeriesCreated", new: code)
        }
    }

    /// The newest entries of the history before number `before`, but for those of single files.
    public func events(before: Int64?, limit: Int) throws -> [EventEntry] {
        try read { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT event.id, datetime, actor, what, consignment.reference, old, new
                    FROM event JOIN run ON run.id = runId LEFT JOIN consignment ON consignment.id = consignmentId
                    WHERE fileId IS NULL AND event.id < ? ORDER BY event.id DESC LIMIT ?
                    """, arguments: [before ?? Int64.max, limit]
            ).map { row in
                EventEntry(
                    number: try row.value(0), time: Timestamp(milliseconds: try row.value(1)),
                    actor: try row.value(2), what: try row.value(3), reference: try row.value(4),
                    old: try row.value(5), new: try row.value(6))
            }
        }
    }

    /// How often each format occurs among the files of a consignment, the commonest first.
    public func formatCounts(
        of consignment: Consignment, limit: Int
    ) throws -> [(puid: String, name: String, files: Int)] {
        try read { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT coalesce(puid, ''), coalesce(max(formatName), ''), count(*) AS files
                    FROM file JOIN formatMatch ON fileId = file.id AND position = 0
                    WHERE consignmentId = ? GROUP BY puid ORDER BY files DESC, puid LIMIT ?
                    """, arguments: [consignment.row, limit]
            ).map { (try $0.value(0), try $0.value(1), try $0.value(2)) }
        }
    }
}
