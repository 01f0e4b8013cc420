package import GRDB
package import Streams

/// A store as the tests look into it: by SQL, past the library.
package enum StoreRows {
    /// A connection of its own to a store's database.
    package static func database(_ store: BytePath) throws -> DatabaseQueue {
        var configuration = Configuration()
        configuration.busyMode = .timeout(10)
        // A test may hold a transaction open to stand in somebody's way.
        configuration.allowsUnsafeTransactions = true
        return try DatabaseQueue(path: store.appending("tdr.sqlite").text ?? "", configuration: configuration)
    }

    /// Every row of the tables that hold results, each as one line, sorted: equal for two stores that say the same.
    ///
    /// Runs and events are left out: a run that was cut off has more of both. Of the events only what they say in
    /// the end counts, which is in the other tables.
    package static func all(_ store: BytePath) throws -> [String] {
        try database(store).read { db in
            let tables = try String.fetchAll(
                db,
                sql: """
                    SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'
                        AND name NOT LIKE 'grdb_%' AND name NOT IN ('run', 'event', 'notice', 'noticeChannel', 'noticeDelivery') ORDER BY name
                    """)
            return try tables.flatMap { table in
                try Row.fetchAll(db, sql: "SELECT * FROM \(table)").map { row in
                    "\(table): "
                        + row.map { name, value in "\(name)=\(value.databaseValue.sqlLiteral)" }.joined(separator: " ")
                }.sorted()
            }.filter { line in
                // A count that went up and down again is a row with 0 in one store and no row in another.
                !(line.hasPrefix("tally: ") && line.hasSuffix(" count=0"))
            }
        }
    }

    /// One value.
    package static func value<Value: DatabaseValueConvertible>(
        _ store: BytePath, _ sql: String, _ arguments: StatementArguments = []
    ) throws -> Value? {
        try database(store).read { try Value.fetchOne($0, sql: sql, arguments: arguments) }
    }

    /// One text from each row.
    package static func texts(_ store: BytePath, _ sql: String) throws -> [String] {
        try database(store).read { try String.fetchAll($0, sql: sql) }
    }

    /// Changes the database, as a person with sqlite3 would.
    package static func execute(_ store: BytePath, _ sql: String) throws {
        try database(store).write { try $0.execute(sql: sql) }
    }

    /// Brings everything into the one file of the database.
    package static func checkpoint(_ store: BytePath) throws {
        try database(store).writeWithoutTransaction { _ = try $0.checkpoint(.truncate) }
    }

    /// Where the bytes of the file with this path are.
    package static func object(_ store: BytePath, _ path: String) throws -> BytePath {
        let ids: (String, String)? = try database(store).read { db in
            try Row.fetchOne(
                db,
                sql: """
                    SELECT hex(consignment.uuid), hex(coalesce(object, file.uuid)) FROM file
                        JOIN consignment ON consignment.id = consignmentId WHERE path = CAST(? AS BLOB)
                    """, arguments: [path]
            ).map { ($0[0], $0[1]) }
        }
        guard let (consignment, file) = ids else { throw SystemFault("find", path, code: 2) }
        return store.appending("objects").appending(dashed(consignment)).appending(dashed(file))
    }

    private static func dashed(_ hex: String) -> String {
        var text = hex.lowercased()
        for place in [8, 13, 18, 23] { text.insert("-", at: text.index(text.startIndex, offsetBy: place)) }
        return text
    }

    /// What the database names and the objects folder lacks, and the other way round.
    package static func strayObjects(_ store: BytePath) throws -> [String] {
        let rows = try database(store).read { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT hex(consignment.uuid), hex(object) FROM (
                        SELECT consignmentId, coalesce(object, uuid) AS object, sha256 FROM file
                        UNION ALL SELECT consignmentId, coalesce(object, uuid), sha256 FROM withdrawnFile
                            WHERE isPurged = 0
                    ) JOIN consignment ON consignment.id = consignmentId WHERE sha256 IS NOT NULL AND storage = 'Copied'
                        AND NOT EXISTS (SELECT 1 FROM cancellation AS c WHERE c.consignmentId = consignment.id
                            AND isPurged)
                    """
            ).map { "\(dashed($0[0]))/\(dashed($0[1]))" }
        }
        var found: Set<String> = []
        for folder in try names(in: store.appending("objects")) {
            for name in try names(in: store.appending("objects").appending(folder)) {
                found.insert("\(folder)/\(name)")
            }
        }
        return Set(rows).subtracting(found).sorted().map { "named but not there: \($0)" }
            + found.subtracting(rows).sorted().map { "there but not named: \($0)" }
    }

    /// Counts of the tally that a recount does not give; empty when the two agree.
    package static func wrongTallies(_ store: BytePath) throws -> [String] {
        try database(store).read { db in
            var counted: [String: Int] = [:]
            func add(_ sql: String) throws {
                for row in try Row.fetchAll(db, sql: sql) where (row[2] as Int) != 0 {
                    counted["\(row[0] as Int64) \(row[1] as String)", default: 0] += row[2]
                }
            }
            try add("SELECT consignmentId, 'Type/' || fileType, count(*) FROM file GROUP BY 1, 2")
            try add("SELECT consignmentId, 'Size/', coalesce(sum(size), 0) FROM file GROUP BY 1")
            try add("SELECT consignmentId, 'Problem/', sum(problem) FROM fileStatus GROUP BY 1")
            try add(
                """
                SELECT file.consignmentId, iif(fileType = 'Folder', 'FolderUpload', statusType) || '/' || statusValue,
                    count(*) FROM fileStatusRow JOIN file ON file.id = fileId GROUP BY 1, 2
                """)
            try add(
                """
                SELECT consignmentId, 'Closed/', count(*) FROM fileMetadata JOIN file ON file.id = fileId
                WHERE propertyName = 'ClosureType' AND value = 'Closed' GROUP BY 1
                """)
            var kept: [String: Int] = [:]
            for row in try Row.fetchAll(db, sql: "SELECT consignmentId, statusType, value, count FROM tally")
            where (row[3] as Int) != 0 && !["Excluded", "Skipped"].contains(row[1] as String) {
                kept["\(row[0] as Int64) \(row[1] as String)/\(row[2] as String)"] = row[3]
            }
            return Set(counted.keys).union(kept.keys).sorted().compactMap { key in
                counted[key] == kept[key]
                    ? nil : "\(key): counted \(counted[key] ?? 0), kept \(kept[key] ?? 0)"
            }
        }
    }
}

extension DatabaseValue {
    fileprivate var sqlLiteral: String {
        switch storage {
        case .null: "NULL"
        case .int64(let number): "\(number)"
        case .double(let number): "\(number)"
        case .string(let text): "'\(text)'"
        case .blob(let data): "x'\(Hex.encode(data))'"
        }
    }
}
