import GRDB

extension Database {
    /// The row of an engine, made when it is new.
    func engine(_ version: EngineVersion, kind: String, container: String = "", method: String) throws -> Int64 {
        let arguments: StatementArguments = [
            kind, version.software, version.softwareVersion, version.databaseVersion, container, method,
        ]
        let found = try Int64.fetchOne(
            self,
            sql: """
                SELECT id FROM engine WHERE kind = ? AND software = ? AND softwareVersion = ? AND databaseVersion = ?
                    AND containerVersion = ? AND method = ?
                """, arguments: arguments)
        if let found { return found }
        try execute(
            sql: """
                INSERT INTO engine (kind, software, softwareVersion, databaseVersion, containerVersion, method)
                VALUES (?, ?, ?, ?, ?, ?)
                """, arguments: arguments)
        return lastInsertedRowID
    }

    /// Sets or (with nil) removes a property of a consignment, with its entry in the history.
    func setMetadata(
        _ name: String, of consignment: Consignment, to value: String?, run: RunID, at time: Timestamp
    )
        throws
    {
        let old = try metadata(name, of: consignment)
        if old == value { return }
        if let value {
            try execute(
                sql: """
                    INSERT INTO consignmentMetadata (consignmentId, propertyName, value, modified) VALUES (?, ?, ?, ?)
                    ON CONFLICT DO UPDATE SET value = excluded.value, modified = excluded.modified
                    """, arguments: [consignment.row, name, value, time.milliseconds])
        } else {
            try execute(
                sql: "DELETE FROM consignmentMetadata WHERE consignmentId = ? AND propertyName = ?",
                arguments: [consignment.row, name])
        }
        try recordEvent(run, at: time, consignment: consignment.row, name, old: old, new: value)
    }

    /// A property of a consignment.
    func metadata(_ name: String, of consignment: Consignment) throws -> String? {
        try String.fetchOne(
            self, sql: "SELECT value FROM consignmentMetadata WHERE consignmentId = ? AND propertyName = ?",
            arguments: [consignment.row, name])
    }
}

/// Decisions about a consignment that are kept among its metadata.
enum ConsignmentPolicy {
    /// `none` when it was decided to make no antivirus check; absent otherwise.
    static let antivirus = "AntivirusPolicy"
    /// The login of whoever wished that custody passes when the checks end clean.
    static let confirmWhenClean = "ConfirmWhenClean"
    /// All of them: no property of the original.
    static let names: Set<String> = [antivirus, confirmWhenClean]
}
