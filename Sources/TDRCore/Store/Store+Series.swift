import GRDB

/// A transferring body with its series.
public struct BodyEntry: Sendable {
    /// Its name.
    public let name: String
    /// Its code, as in `TDR-MOCK`.
    public let code: String
    /// Its series, by code.
    public let series: [StoredSeries]
}

extension Store {
    /// Makes the series and bodies that are new, all of them or none: how many there were not before.
    ///
    /// - Throws: ``SeriesError``; ``UploadError/seriesOfAnotherBody(_:body:)``.
    public func add(_ entries: [SeriesEntry], run: RunInfo) throws -> Int {
        for entry in entries {
            let names = [
                ("body's name", entry.body), ("body's code", entry.bodyCode), ("series", entry.code),
                ("series' name", entry.name),
            ]
            for (what, name) in names { if let name, !name.isOneLine() { throw SeriesError.badName(what) } }
        }
        let runID = try begin(run)
        let now = clock()
        return try write { db in
            let before = try db.countOfSeries()
            for entry in entries {
                let body = try db.body(named: entry.body, code: entry.bodyCode, run: runID, at: now)
                if let code = entry.bodyCode, code != body.code {
                    throw SeriesError.codeOfAnotherBody(body.code, body: body.name)
                }
                if let code = entry.code {
                    _ = try db.series(code: code, name: entry.name, body: body.id, run: runID, at: now)
                }
            }
            return try db.countOfSeries() - before
        }
    }

    /// All series with their bodies, bodies without any too, by the body's name and the series' code.
    public func series() throws -> [SeriesEntry] {
        try read { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT body.name, tdrCode, code, series.name FROM body LEFT JOIN series ON bodyId = body.id
                    ORDER BY body.name, code
                    """
            ).map { row in
                SeriesEntry(
                    body: try row.value(0), bodyCode: try row.value(1), code: try row.value(2), name: try row.value(3))
            }
        }
    }

    /// All bodies with their series, by name.
    public func bodies() throws -> [BodyEntry] {
        try read { db in
            let series = Dictionary(grouping: try db.series(where: "1", store: id)) { $0.bodyId }
            return try Row.fetchAll(db, sql: "SELECT id, name, tdrCode FROM body ORDER BY name").map { row in
                BodyEntry(
                    name: try row.value("name"), code: try row.value("tdrCode"),
                    series: series[Database.bodyID(try row.value("id"), store: id)] ?? [])
            }
        }
    }

    /// How many bodies there are.
    public func countOfBodies() throws -> Int {
        try read { try Int.fetchOne($0, sql: "SELECT count(*) FROM body") ?? 0 }
    }

    /// The names of the bodies with these codes; nil where there is none.
    package func bodyNames(ofCodes codes: [String?]) throws -> [String?] {
        if codes.allSatisfy({ $0 == nil }) { return codes }
        return try read { db in
            var names: [String: String] = [:]
            for row in try Row.fetchAll(db, sql: "SELECT tdrCode, name FROM body") {
                names[try row.value(0)] = try row.value(1) as String
            }
            return codes.map { code in code.flatMap { names[$0] } }
        }
    }

    /// Adds a body.
    ///
    /// - Throws: ``PeopleError``, ``StoreError``.
    public func addBody(_ name: String, code: String, run: RunInfo) throws {
        for (what, text) in [("body's name", name), ("body's code", code)] where !text.isOneLine(atMost: 256) {
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
        for (what, text) in [("series' name", name), ("series' code", code)] where !text.isOneLine(atMost: 256) {
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
}

extension Database {
    /// Refuses a body or a series that is not there.
    func mustKnow(body: String, series: String?) throws {
        let isKnown = try Bool.fetchOne(
            self, sql: "SELECT EXISTS (SELECT 1 FROM body WHERE name = ?1 OR tdrCode = ?1)", arguments: [body])
        if isKnown != true { throw UploadError.unknown(what: "body", body) }
        guard let series else { return }
        let isThere = try Bool.fetchOne(
            self, sql: "SELECT EXISTS (SELECT 1 FROM series WHERE code = ?)", arguments: [series])
        if isThere != true { throw UploadError.unknown(what: "series", series) }
    }

    fileprivate func countOfSeries() throws -> Int {
        try Int.fetchOne(self, sql: "SELECT (SELECT count(*) FROM body) + (SELECT count(*) FROM series)") ?? 0
    }
}
