import FoundationEssentials
import GRDB
import Streams

/// A notice as it is kept.
public struct KeptNotice: Sendable {
    /// The place in the order of all notices.
    package let number: Int64
    /// Its own id, the same whenever it is sent.
    public let id: RecordID
    /// The consignment it tells of.
    public let reference: ConsignmentReference
    let consignment: Int64
    /// When it was written.
    public let datetime: Timestamp
    /// What it tells of.
    public let event: String
    /// The fields of its message, a JSON object.
    public let message: String
    /// How far it came with each channel that has tried.
    public internal(set) var deliveries: [NoticeState] = []
}

extension KeptNotice {
    /// One as a server tells of it: not for use with a store.
    package init(
        id: RecordID, reference: ConsignmentReference, datetime: Timestamp, event: String, message: String,
        deliveries: [NoticeState]
    ) {
        self.init(
            number: -1, id: id, reference: reference, consignment: -1, datetime: datetime, event: event,
            message: message, deliveries: deliveries)
    }
}

/// How far a notice came with one channel.
public struct NoticeState: Sendable {
    /// `webhook`, `command`, `file` or `smtp`.
    public let channel: String
    /// When it arrived; nil while it has not.
    public let delivered: Timestamp?
    /// How often it was tried.
    public let attempts: Int
    /// When it is tried again.
    public let nextAttempt: Timestamp
    /// Why it did not arrive the last time.
    public let fault: String?
}

extension NoticeState {
    /// One as a server tells of it.
    package init(told channel: String, delivered: Timestamp?, attempts: Int, nextAttempt: Timestamp, fault: String?) {
        self.init(
            channel: channel, delivered: delivered, attempts: attempts, nextAttempt: nextAttempt, fault: fault)
    }
}

extension Database {
    /// Writes a notice, in the transaction of the change it tells of.
    func notify(_ notice: Notice, of consignment: Consignment, at time: Timestamp) throws {
        try execute(
            sql: "INSERT INTO notice (uuid, consignmentId, datetime, event, message) VALUES (?, ?, ?, ?, ?)",
            arguments: [
                Data(RecordID.random().bytes), consignment.row, time.milliseconds, notice.event,
                EventText.json(notice.message(of: consignment)),
            ])
    }
}

extension Store {
    /// Calls `body` with each notice, oldest first, and what became of it.
    public func forEachNotice(
        of consignment: Consignment? = nil, after number: Int64 = 0, limit: Int = .max,
        _ body: (KeptNotice) throws -> Void
    ) throws {
        try read { db in
            let rows = try Row.fetchCursor(
                db,
                sql: """
                    SELECT \(KeptNotice.columns) FROM notice JOIN consignment ON consignment.id = notice.consignmentId
                    WHERE (?1 IS NULL OR notice.consignmentId = ?1) AND notice.id > ?2 ORDER BY notice.id LIMIT ?3
                    """, arguments: [consignment?.row, number, limit])
            while let row = try rows.next() {
                var notice = try KeptNotice(row)
                notice.deliveries = try Row.fetchAll(
                    db.cachedStatement(
                        sql: """
                            SELECT channel, delivered, attempts, nextAttempt, fault FROM noticeDelivery
                            WHERE noticeId = ? ORDER BY channel
                            """), arguments: [notice.number]
                ).map { try NoticeState($0) }
                try body(notice)
            }
        }
    }

    /// Makes a channel known. One that is new has nothing to do with notices from before `time`.
    func open(channel: String, since time: Timestamp) throws {
        let isKnown = try read { db in
            try Bool.fetchOne(db, sql: "SELECT 1 FROM noticeChannel WHERE name = ?", arguments: [channel]) != nil
        }
        if isKnown { return }
        try write { db in
            try db.execute(
                sql: """
                    INSERT OR IGNORE INTO noticeChannel (name, done)
                    VALUES (?, coalesce((SELECT max(id) FROM notice WHERE datetime < ?), 0))
                    """, arguments: [channel, time.milliseconds])
        }
    }

    /// The next notices after `number` that the channel does not have, and when each is to be tried.
    func pendingNotices(
        for channel: String, after number: Int64, limit: Int
    ) throws -> [(notice: KeptNotice, attempts: Int, nextAttempt: Timestamp)] {
        try read { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT \(KeptNotice.columns), coalesce(attempts, 0), coalesce(nextAttempt, 0)
                    FROM notice JOIN consignment ON consignment.id = notice.consignmentId
                        LEFT JOIN noticeDelivery ON channel = ?1 AND noticeId = notice.id
                    WHERE notice.id > max(?2, (SELECT done FROM noticeChannel WHERE name = ?1)) AND delivered IS NULL
                    ORDER BY notice.id LIMIT ?3
                    """, arguments: [channel, number, limit]
            ).map { row in
                (try KeptNotice(row), try row.value(7), Timestamp(milliseconds: try row.value(8)))
            }
        }
    }

    /// Records that a notice arrived, or why it did not and when it is tried again.
    func record(
        _ notice: KeptNotice, on channel: String, delivered: Timestamp?, attempts: Int, nextAttempt: Timestamp,
        fault: String?
    ) throws {
        try write { db in
            try db.execute(
                sql: "INSERT OR REPLACE INTO noticeDelivery VALUES (?, ?, ?, ?, ?, ?)",
                arguments: [
                    channel, notice.number, delivered?.milliseconds, attempts, nextAttempt.milliseconds, fault,
                ])
        }
    }

    /// Notes up to where the channel has everything, so that it is not looked through again.
    func settle(channel: String) throws {
        try write { db in
            try db.execute(
                sql: """
                    UPDATE noticeChannel SET done = coalesce(
                        (SELECT min(notice.id) - 1 FROM notice LEFT JOIN noticeDelivery
                            ON channel = ?1 AND noticeId = notice.id WHERE notice.id > done AND delivered IS NULL),
                        (SELECT max(id) FROM notice), done)
                    WHERE name = ?1
                    """, arguments: [channel])
        }
    }
}

extension KeptNotice {
    fileprivate static let columns = """
        notice.id, notice.uuid, consignment.reference, notice.consignmentId, notice.datetime, event, message
        """

    fileprivate init(_ row: Row) throws {
        guard let id = RecordID(bytes: Array(try row.value(1) as Data)),
            let reference = ConsignmentReference(try row.value(2) as String)
        else { throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "a notice's row makes no sense") }
        number = try row.value(0)
        self.id = id
        self.reference = reference
        consignment = try row.value(3)
        datetime = Timestamp(milliseconds: try row.value(4))
        event = try row.value(5)
        message = try row.value(6)
    }
}

extension NoticeState {
    fileprivate init(_ row: Row) throws {
        channel = try row.value(0)
        delivered = (try row.value(1) as Int64?).map { Timestamp(milliseconds: $0) }
        attempts = try row.value(2)
        nextAttempt = Timestamp(milliseconds: try row.value(3))
        fault = try row.value(4)
    }
}
