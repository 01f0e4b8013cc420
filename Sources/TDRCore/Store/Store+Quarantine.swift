import FoundationEssentials
import GRDB
public import Streams

/// What became of a file that an engine found something in.
public enum QuarantineState: String, Sendable, CaseIterable {
    /// Its object lies in the quarantine: readable for its owner alone, never exported, never served.
    case held = "Held"
    /// It is back among the objects, to be checked again.
    case released = "Released"
    /// Its bytes are gone.
    case purged = "Purged"
}

/// A file in quarantine, or one that was.
public struct QuarantinedFile: Sendable {
    /// The consignment's reference.
    public let reference: ConsignmentReference
    /// The path in the consignment.
    public let path: RelativePath
    /// What became of it.
    public let state: QuarantineState
    /// What was found.
    public let found: String
    /// Why it was released or purged.
    public let reason: String?
    /// Since when.
    public let since: Timestamp
    let key: FileKey

    /// The file's id.
    public var id: RecordID { key.id }
}

extension QuarantinedFile {
    /// One as a server tells of it: not for use with a store.
    package init(
        id: RecordID, reference: ConsignmentReference, path: RelativePath, state: QuarantineState, found: String,
        reason: String?, since: Timestamp
    ) {
        self.init(
            reference: reference, path: path, state: state, found: found, reason: reason, since: since,
            key: FileKey(row: -1, id: id, object: id, path: path, origin: path))
    }
}

extension Store {
    /// The files of one consignment, or of all, that are or were in quarantine, in the order of their paths.
    public func quarantined(
        in consignment: Consignment? = nil, skipping offset: Int = 0, limit: Int = .max
    ) throws -> [QuarantinedFile] {
        try read { db in
            try Row.fetchAll(
                db,
                sql: """
                    \(QuarantinedFile.query)
                    WHERE ?1 IS NULL OR quarantine.consignmentId = ?1 ORDER BY quarantine.consignmentId, path
                    LIMIT ?2 OFFSET ?3
                    """, arguments: [consignment?.row, limit, offset]
            ).map { try QuarantinedFile($0) }
        }
    }

    /// The files that are or were in quarantine, those that are held first, the latest first among each; after so many.
    public func quarantined(skipping offset: Int, limit: Int) throws -> [QuarantinedFile] {
        try read { db in
            try Row.fetchAll(
                db,
                sql: """
                    \(QuarantinedFile.query)
                    ORDER BY state <> 'Held', quarantine.modified DESC, quarantine.fileId LIMIT ? OFFSET ?
                    """, arguments: [limit, offset]
            ).map { try QuarantinedFile($0) }
        }
    }

    /// A file of a consignment that is or was in quarantine; nil when there is none of that id.
    public func quarantined(_ id: RecordID, in consignment: Consignment) throws -> QuarantinedFile? {
        try read { db in
            try Row.fetchOne(
                db, sql: "\(QuarantinedFile.query) WHERE quarantine.consignmentId = ? AND file.uuid = ?",
                arguments: [consignment.row, Data(id.bytes)]
            ).map { try QuarantinedFile($0) }
        }
    }

    /// How many files are held in quarantine.
    public func heldFiles() throws -> Int {
        try read { try Int.fetchOne($0, sql: "SELECT count(*) FROM quarantine WHERE state = 'Held'") ?? 0 }
    }

    /// Changes what becomes of a file in quarantine, with its entry in the history; a file that is released lacks its
    /// antivirus result from then on.
    func move(
        _ file: QuarantinedFile, of consignment: Consignment, to state: QuarantineState, reason: String, run: RunID
    ) throws {
        let now = clock()
        try write { db in
            try db.setQuarantine(
                file: file.key.row, in: consignment, to: state, found: file.found, reason: reason, run: run, at: now)
            guard state == .released else { return }
            var tally = TallyChange()
            try db.forgetChecks(
                [.antivirus], ofFile: file.key.row, in: consignment, run: run, at: now, tally: &tally)
            try db.apply(tally, to: consignment)
            // The step has not ended any more, until an engine has looked at this file.
            if let step = try db.statuses(of: consignment)[.serverAntivirus], step != .inProgress {
                try db.move(consignment, .serverAntivirus, to: .inProgress, run: run, at: now)
            }
        }
    }
}

extension Database {
    /// The one way in which the quarantine changes.
    ///
    /// - Returns: whether it was otherwise before.
    @discardableResult
    func setQuarantine(
        file: Int64, in consignment: Consignment, to state: QuarantineState, found: String, reason: String? = nil,
        run: RunID, at time: Timestamp
    ) throws -> Bool {
        let old = try String.fetchOne(
            cachedStatement(sql: "SELECT state FROM quarantine WHERE fileId = ?"), arguments: [file])
        if old == state.rawValue { return false }
        try cachedStatement(
            sql: """
                INSERT INTO quarantine (fileId, consignmentId, state, found, reason, modified) VALUES (?, ?, ?, ?, ?, ?)
                ON CONFLICT DO UPDATE SET state = excluded.state, found = excluded.found, reason = excluded.reason,
                    modified = excluded.modified
                """
        ).execute(arguments: [file, consignment.row, state.rawValue, found, reason, time.milliseconds])
        try recordEvent(
            run, at: time, consignment: consignment.row, file: file, EventName.quarantine, old: old,
            new: "\(state.rawValue): \(reason ?? found)")
        return true
    }

    /// What became of a file that was found; nil when it never was.
    func quarantineState(ofFile row: Int64) throws -> QuarantineState? {
        try String.fetchOne(
            cachedStatement(sql: "SELECT state FROM quarantine WHERE fileId = ?"), arguments: [row]
        ).flatMap(QuarantineState.init)
    }
}

extension QuarantinedFile {
    /// Where rows for ``init(_:)`` come from.
    fileprivate static let query = """
        SELECT consignment.reference, path, state, found, reason, quarantine.modified, file.id, file.uuid,
            coalesce(origin, path), object
        FROM quarantine JOIN file ON file.id = fileId
            JOIN consignment ON consignment.id = quarantine.consignmentId
        """

    fileprivate init(_ row: Row) throws {
        guard let reference = ConsignmentReference(try row.value(0) as String),
            let path = RelativePath(Array(try row.value(1) as Data)),
            let state = QuarantineState(rawValue: try row.value(2)),
            let id = RecordID(bytes: Array(try row.value(7) as Data)),
            let key = FileKey(
                row: try row.value(6), id: id, object: try row.value(9), path: try row.value(1),
                origin: try row.value(8))
        else { throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "a row of the quarantine makes no sense") }
        self.init(
            reference: reference, path: path, state: state, found: try row.value(3), reason: try row.value(4),
            since: Timestamp(milliseconds: try row.value(5)), key: key)
    }
}
