import GRDB

/// One run of one command, under which everything it does is recorded.
public struct RunInfo: Sendable {
    /// Who runs it.
    public let actor: String
    /// What was asked, as in `check TDR-2026-C`.
    public let command: String
    /// The version of the program.
    public let version: String

    /// A run by `actor` of `command` in `version`.
    public init(actor: String, command: String, version: String) {
        self.actor = actor
        self.command = command
        self.version = version
    }
}

/// The id of a recorded run.
struct RunID: Sendable { let row: Int64 }

extension Store {
    /// Records that a run begins.
    func begin(_ info: RunInfo) throws -> RunID {
        let now = clock()
        return try write { db in
            try db.execute(
                sql: "INSERT INTO run (actor, command, version, started) VALUES (?, ?, ?, ?)",
                arguments: [info.actor, info.command, info.version, now.milliseconds])
            return RunID(row: db.lastInsertedRowID)
        }
    }
}

extension Database {
    /// Adds one entry to the history of a consignment, in the transaction of the change it tells of.
    func recordEvent(
        _ run: RunID, at time: Timestamp, consignment: Int64?, file: Int64? = nil, _ what: String, old: String? = nil,
        new: String? = nil
    ) throws {
        try cachedStatement(
            sql: """
                INSERT INTO event (runId, datetime, consignmentId, fileId, what, old, new) VALUES (?, ?, ?, ?, ?, ?, ?)
                """
        ).execute(arguments: [run.row, time.milliseconds, consignment, file, what, old, new])
    }
}
