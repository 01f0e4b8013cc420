import GRDB

/// How many files of a consignment have which status: kept beside the statuses, in the same transactions.
struct Tally: Sendable {
    /// Counts of files (`File`) and folders (`Folder`).
    static let type = "Type"
    /// Bytes of all files taken, under the empty value.
    static let size = "Size"
    /// System files left out.
    static let excluded = "Excluded"
    /// Links and special files left out.
    static let skipped = "Skipped"
    /// Upload statuses of folders.
    static let folderUpload = "FolderUpload"
    /// Files with a status that is not good.
    static let problem = "Problem"
    /// Files that are closed to the public; kept by the triggers of ``Migrations/closedRecords``.
    static let closed = "Closed"

    private var counts: [String: [String: Int]] = [:]

    subscript(type: String, value: String) -> Int {
        get { counts[type]?[value] ?? 0 }
        set { counts[type, default: [:]][value] = newValue }
    }

    subscript(type: FileStatusType, value: FileStatusValue) -> Int { self[type.rawValue, value.rawValue] }

    var files: Int { self[Tally.type, FileType.file.rawValue] }
    var folders: Int { self[Tally.type, FileType.folder.rawValue] }
    var bytes: Int { self[Tally.size, ""] }

    /// The files by their value of one status; nil for those that have none.
    func counts(of type: FileStatusType) -> [FileStatusValue?: Int] {
        var out: [FileStatusValue?: Int] = [:]
        var known = 0
        for (name, count) in counts[type.rawValue] ?? [:] where count > 0 {
            guard let value = FileStatusValue(rawValue: name) else { continue }
            out[value] = count
            known += count
        }
        if files > known { out[nil] = files - known }
        return out
    }
}

/// What a transaction changes in a tally.
struct TallyChange {
    struct Key: Hashable {
        let type: String
        let value: String
    }

    fileprivate var changes: [Key: Int] = [:]

    mutating func add(_ type: String, _ value: String, _ count: Int) {
        changes[Key(type: type, value: value), default: 0] += count
    }
}

extension Database {
    /// The tallies of these consignments by their rows; none for one that has nothing.
    func tallies(of consignments: [Consignment]) throws -> [Int64: Tally] {
        let wanted = RowSet(consignments.map(\.row))
        let rows = try Row.fetchCursor(
            cachedStatement(
                sql: "SELECT consignmentId, statusType, value, count FROM tally WHERE consignmentId \(wanted.are)"),
            arguments: [wanted.value])
        var found: [Int64: Tally] = [:]
        while let row = try rows.next() {
            found[try row.value(0), default: Tally()][try row.value(1) as String, try row.value(2) as String] =
                try row.value(3)
        }
        return found
    }

    func tally(of consignment: Consignment) throws -> Tally {
        var tally = Tally()
        let rows = try Row.fetchAll(
            cachedStatement(sql: "SELECT statusType, value, count FROM tally WHERE consignmentId = ?"),
            arguments: [consignment.row])
        for row in rows { tally[try row.value(0) as String, try row.value(1) as String] = try row.value(2) }
        return tally
    }

    func apply(_ change: TallyChange, to consignment: Consignment) throws {
        for (key, count) in change.changes where count != 0 {
            try cachedStatement(
                sql: """
                    INSERT INTO tally (consignmentId, statusType, value, count) VALUES (?, ?, ?, ?)
                    ON CONFLICT DO UPDATE SET count = count + excluded.count
                    """
            ).execute(arguments: [consignment.row, key.type, key.value, count])
        }
    }

    func setTally(_ consignment: Consignment, type: String, value: String, to count: Int) throws {
        try execute(
            sql: """
                INSERT INTO tally (consignmentId, statusType, value, count) VALUES (?, ?, ?, ?)
                ON CONFLICT DO UPDATE SET count = excluded.count
                """, arguments: [consignment.row, type, value, count])
    }
}
