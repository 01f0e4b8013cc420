import GRDB

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
}
