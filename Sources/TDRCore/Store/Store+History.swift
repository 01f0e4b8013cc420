import FoundationEssentials
import GRDB
public import Streams

/// One entry of the history: an act, and what it changed.
public struct HistoryEvent: Sendable {
    /// Its number, which only ever grows.
    public let number: Int64
    /// When.
    public let datetime: Timestamp
    /// Who.
    public let actor: String
    /// The command that was run.
    public let command: String
    /// The version of the program.
    public let version: String
    /// The run of that command.
    public let run: Int64
    /// What was done or changed: a step, a property, `FileStatus`, `Quarantine` …
    public let what: String
    /// What there was before.
    public let old: String?
    /// What there is since.
    public let new: String?
    /// The file or folder it is about; nil when it is about the consignment.
    public let path: RelativePath?
    /// Its id.
    public let file: RecordID?

    /// The statuses of the file before and since, where the event is about those.
    public var fileStatuses: (old: FileStatuses, new: FileStatuses)? {
        guard what == EventName.fileStatus || what == EventName.checksForgotten else { return nil }
        return (FileStatuses(words: old), FileStatuses(words: new))
    }
}

/// The names of acts in the history that are neither a step nor a property.
enum EventName {
    /// Statuses of a file have changed; `old` and `new` have those that did.
    static let fileStatus = "FileStatus"
    /// Statuses of a file, those in `old`, hold no more.
    static let checksForgotten = "ChecksForgotten"
    /// What became of a file in which something was found.
    static let quarantine = "Quarantine"
    /// An engine that a run looks for malware with, and the data it judges by.
    static let antivirusEngine = "AntivirusEngine"
    /// The program and signatures that a run tells formats by.
    static let formatEngine = "FormatEngine"
    /// What every file of the consignment has unless it has its own, by property.
    static let fileDefaults = "FileDefaults"
}

extension FileStatuses {
    /// From an object as the history has it: `{"FFID":"Success"}`. Words that are no status are passed over.
    init(words: String?) {
        self.init()
        // Names and values are words of ours without quotes or escapes in them.
        let parts = (words ?? "").split(separator: "\"")
        for (place, part) in parts.enumerated() where part == ":" && place > 0 && place + 1 < parts.count {
            guard let type = FileStatusType(rawValue: String(parts[place - 1])) else { continue }
            self[type] = FileStatusValue(rawValue: String(parts[place + 1]))
        }
    }
}

extension Store {
    /// Calls `body` with every event of the consignment and its files, oldest first.
    ///
    /// The whole walk sees one snapshot. Memory does not grow with the number of events.
    public func forEachEvent(of consignment: Consignment, _ body: (HistoryEvent) throws -> Void) throws {
        try forEachEvent(of: consignment, upTo: nil, body)
    }

    /// The same up to an event.
    func forEachEvent(
        of consignment: Consignment, upTo last: Int64?, _ body: (HistoryEvent) throws -> Void
    ) throws {
        try read { db in
            let rows = try Row.fetchCursor(
                db,
                sql: """
                    SELECT event.id, datetime, actor, command, version, runId, what, old, new, path, uuid
                    FROM event JOIN run ON run.id = runId LEFT JOIN file ON file.id = fileId
                    WHERE event.consignmentId = ?1 AND event.id <= coalesce(?2, 9223372036854775807) ORDER BY event.id
                    """, arguments: [consignment.row, last])
            while let row = try rows.next() {
                try Task.checkCancellation()
                try body(try HistoryEvent(row))
            }
        }
    }

    /// The newest events of one file, newest first.
    package func events(of file: FileReport, limit: Int) throws -> [HistoryEvent] {
        try read { db in
            try Row.fetchAll(
                db.cachedStatement(
                    sql: """
                        SELECT event.id, datetime, actor, command, version, runId, what, old, new, NULL, NULL
                        FROM event JOIN run ON run.id = runId WHERE fileId = ? ORDER BY event.id DESC LIMIT ?
                        """), arguments: [file.row, limit]
            ).map { try HistoryEvent($0) }
        }
    }

    /// The last event that the bag of the consignment tells of: the first start of an export since anything else was done
    /// to the consignment, as it stood when an export was first completed.
    ///
    /// So neither what happens after an export nor a try that failed, and is made again, changes the bag.
    func lastEventOfBag(of consignment: Consignment) throws -> Int64? {
        try read { db in
            let step = "consignmentId = ?1 AND fileId IS NULL AND what = 'Export'"
            return try Int64.fetchOne(
                db,
                sql: """
                    WITH completed (id) AS (
                        SELECT coalesce(min(id), 9223372036854775807) FROM event WHERE \(step) AND new = 'Completed'),
                    changed (id) AS (
                        SELECT id FROM event WHERE consignmentId = ?1 AND id < (SELECT id FROM completed)
                            AND what NOT IN ('Export', 'ExportFailed', 'Exported', 'FindingsAllowed',
                                'UploadAbandoned', 'ExportVerified', 'ExportRetired')
                        ORDER BY id DESC LIMIT 1)
                    SELECT min(id) FROM event WHERE \(step) AND new = 'InProgress'
                        AND id > coalesce((SELECT id FROM changed), 0)
                    """, arguments: [consignment.row])
        }
    }

    /// How often which statuses of files changed in which run, in the order in which that began.
    ///
    /// Counted here: SQLite would sort all the events for it, and hold them.
    func fileStatusEvents(of consignment: Consignment, upTo last: Int64?) throws -> [FileStatusEvents] {
        struct Kind: Hashable {
            let run: Int64
            let new: String
        }
        return try read { db in
            let rows = try Row.fetchCursor(
                db,
                sql: """
                    SELECT runId, new, datetime FROM event
                    WHERE consignmentId = ?1 AND fileId IS NOT NULL AND what = '\(EventName.fileStatus)'
                        AND id <= coalesce(?2, 9223372036854775807) ORDER BY id
                    """, arguments: [consignment.row, last])
            var places: [Kind: Int] = [:]
            var out: [FileStatusEvents] = []
            while let row = try rows.next() {
                try Task.checkCancellation()
                let kind = Kind(run: try row.value(0), new: try row.value(1) as String? ?? "")
                let time = Timestamp(milliseconds: try row.value(2))
                if let place = places[kind] {
                    out[place].count += 1
                    out[place].last = time
                } else {
                    places[kind] = out.count
                    out.append(
                        FileStatusEvents(
                            run: kind.run, new: FileStatuses(words: kind.new), count: 1, first: time, last: time))
                }
            }
            return out
        }
    }

    /// The runs that made events of the consignment, oldest first.
    func runs(of consignment: Consignment, upTo last: Int64?) throws -> [(row: Int64, info: RunInfo)] {
        try read { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT id, actor, command, version FROM run WHERE id IN (SELECT runId FROM event
                        WHERE consignmentId = ?1 AND id <= coalesce(?2, 9223372036854775807)) ORDER BY id
                    """, arguments: [consignment.row, last]
            ).map { row in
                (
                    try row.value(0),
                    RunInfo(actor: try row.value(1), command: try row.value(2), version: try row.value(3))
                )
            }
        }
    }

    /// The engines that runs checked with, as the history has them: in the tables stand the latest results alone.
    func engines(of consignment: Consignment, upTo last: Int64?) throws -> [(run: Int64, what: String, name: String)] {
        try read { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT runId, what, new FROM event WHERE consignmentId = ?1 AND fileId IS NULL
                        AND what IN ('\(EventName.antivirusEngine)', '\(EventName.formatEngine)')
                        AND id <= coalesce(?2, 9223372036854775807) ORDER BY id
                    """, arguments: [consignment.row, last]
            ).map { (try $0.value(0), try $0.value(1), try $0.value(2)) }
        }
    }

    /// Calls `body` with each file that has bytes, all that is known of it, and its events up to `last`; by path.
    func forEachFileWithEvents(
        of consignment: Consignment, upTo last: Int64?, _ body: (FileReport, [FileEvent]) throws -> Void
    ) throws {
        try read { db in
            try db.forEachFile(of: consignment, .all, .everything) { file in
                guard file.type == .file, file.sha256 != nil else { return }
                let rows = try Row.fetchAll(
                    db.cachedStatement(
                        sql: """
                            SELECT id, runId, what, new FROM event
                            WHERE fileId = (SELECT id FROM file WHERE consignmentId = ?1 AND path = ?2)
                                AND id <= coalesce(?3, 9223372036854775807) ORDER BY id
                            """), arguments: [consignment.row, Data(file.path.bytes), last])
                try body(
                    file,
                    try rows.map { row in
                        FileEvent(
                            number: try row.value(0), run: try row.value(1), what: try row.value(2),
                            new: FileStatuses(words: try row.value(3)))
                    })
            }
        }
    }
}

/// Changes of file statuses that are alike.
struct FileStatusEvents: Sendable {
    let run: Int64
    let new: FileStatuses
    var count: Int
    let first: Timestamp
    var last: Timestamp
}

/// An event of one file, as far as others refer to it.
struct FileEvent: Sendable {
    let number: Int64
    let run: Int64
    let what: String
    let new: FileStatuses
}

extension HistoryEvent {
    fileprivate init(_ row: Row) throws {
        number = try row.value(0)
        datetime = Timestamp(milliseconds: try row.value(1))
        actor = try row.value(2)
        command = try row.value(3)
        version = try row.value(4)
        run = try row.value(5)
        what = try row.value(6)
        old = try row.value(7)
        new = try row.value(8)
        path = (try row.value(9) as Data?).flatMap { RelativePath(Array($0)) }
        file = (try row.value(10) as Data?).flatMap { RecordID(bytes: Array($0)) }
    }
}
