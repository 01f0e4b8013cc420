import GRDB

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
            for (what, name) in names { if let name, !name.isOneLine { throw SeriesError.badName(what) } }
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

extension String {
    /// Whether a line of `bag-info.txt` can hold it.
    var isOneLine: Bool {
        !isEmpty && !contains(where: \.isNewline) && first?.isWhitespace == false && last?.isWhitespace == false
    }
}
