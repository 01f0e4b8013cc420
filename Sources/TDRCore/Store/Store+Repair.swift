import FoundationEssentials
import GRDB
public import Streams

/// A cancelled consignment: when, and why.
public struct Cancellation: Sendable {
    /// When it was cancelled.
    public let datetime: Timestamp
    /// Why.
    public let reason: String
    /// Whether its objects were removed.
    public let isPurged: Bool

    /// As a server tells of it.
    package init(datetime: Timestamp, reason: String, isPurged: Bool) {
        self.datetime = datetime
        self.reason = reason
        self.isPurged = isPurged
    }
}

extension Store {
    /// When and why the consignment was cancelled; nil when it was not.
    public func cancellation(of consignment: Consignment) throws -> Cancellation? {
        try read { try $0.cancellation(of: consignment) }
    }

    /// Whether the consignment has a file or folder of that path.
    public func hasEntry(_ path: RelativePath, in consignment: Consignment) throws -> Bool {
        try read { try $0.entry(path, in: consignment) != nil }
    }
}

/// What the history says of a file: a JSON object.
enum EventText {
    private struct Entry: Encodable {
        let path: String
        /// Only when the path is not UTF-8.
        let pathHex: String?
        let fileReference: String?
        let size: Int64?
        let sha256: String?
    }

    static func entry(
        _ path: RelativePath, reference: FileReference? = nil, size: Int64?, sha256: SHA256Digest?
    ) throws -> String {
        try json(
            Entry(
                path: path.text ?? path.display, pathHex: path.text == nil ? Hex.encode(path.bytes) : nil,
                fileReference: reference?.description, size: size, sha256: sha256?.hex))
    }

    static func json(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }
}

/// A file or folder as its row has it.
struct StoredEntry {
    let row: Int64
    let id: RecordID
    let type: FileType
    let object: RecordID
    let size: Int64?
    let modified: Int64?
    let sha256: SHA256Digest?
    /// Whether the last check could not confirm that the stored bytes are those that were taken, or they are gone.
    let isDamaged: Bool
}

extension Cancellation {
    static let columns = "datetime, reason, isPurged"

    /// From a row that begins with ``columns``.
    init(_ row: Row) throws {
        self.init(
            datetime: Timestamp(milliseconds: try row.value(0)), reason: try row.value(1), isPurged: try row.value(2))
    }
}

extension Database {
    func cancellation(of consignment: Consignment) throws -> Cancellation? {
        try Row.fetchOne(
            cachedStatement(sql: "SELECT \(Cancellation.columns) FROM cancellation WHERE consignmentId = ?"),
            arguments: [consignment.row]
        ).map(Cancellation.init)
    }

    func entry(_ path: RelativePath, in consignment: Consignment) throws -> StoredEntry? {
        let row = try Row.fetchOne(
            cachedStatement(
                sql: """
                    SELECT file.id, uuid, fileType, object, size, file.modified, sha256,
                        coalesce(ChecksumMatch, 'Success') <> 'Success' OR coalesce(ServerChecksum, 'Success') <> 'Success'
                            OR coalesce(state, '') = 'Purged'
                    FROM file LEFT JOIN fileStatus ON fileStatus.fileId = file.id
                        LEFT JOIN quarantine ON quarantine.fileId = file.id
                    WHERE file.consignmentId = ? AND path = ?
                    """), arguments: [consignment.row, Data(path.bytes)])
        guard let row else { return nil }
        guard let id = RecordID(bytes: Array(try row.value(1) as Data)),
            let type = FileType(rawValue: try row.value(2)),
            let object = (try row.value(3) as Data?).map({ RecordID(bytes: Array($0)) }) ?? id
        else { throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "a file's row makes no sense") }
        return StoredEntry(
            row: try row.value(0), id: id, type: type, object: object, size: try row.value(4),
            modified: try row.value(5), sha256: (try row.value(6) as Data?).flatMap { SHA256Digest($0) },
            isDamaged: try row.value(7))
    }

    /// The highest number that a file has or had: those of withdrawn files are not used again.
    func lastFileRow() throws -> Int64 {
        try Int64.fetchOne(
            self,
            sql: """
                SELECT max(coalesce((SELECT max(id) FROM file), 0), coalesce((SELECT max(id) FROM withdrawnFile), 0))
                """) ?? 0
    }

    /// Whether an entry of this path was taken out of the consignment.
    func isWithdrawn(_ path: RelativePath, in consignment: Consignment) throws -> Bool {
        try Int.fetchOne(
            cachedStatement(sql: "SELECT 1 FROM withdrawnFile WHERE consignmentId = ? AND path = ?"),
            arguments: [consignment.row, Data(path.bytes)]) != nil
    }

    /// The id of a new file: one that follows from its path and that no withdrawn file had.
    func freshID(of path: RelativePath, in consignment: Consignment) throws -> RecordID {
        var id = RecordID.derived(from: consignment.id, name: path.bytes)
        let statement = try cachedStatement(
            sql: "SELECT 1 FROM withdrawnFile WHERE consignmentId = ? AND path = ? AND uuid = ?")
        while try Int.fetchOne(statement, arguments: [consignment.row, Data(path.bytes), Data(id.bytes)]) != nil {
            id = RecordID.derived(from: id, name: Array("again".utf8))
        }
        return id
    }

    /// Records that other bytes take the place of a file's, before its row says so: what becomes of the old ones, and
    /// the entry in the history. A file that was in quarantine is there no more.
    func recordReplacement(
        of row: Int64, by new: TakenFile, object: RecordID?, in consignment: Consignment, run: RunID,
        at time: Timestamp
    ) throws {
        guard
            let old = try Row.fetchOne(
                cachedStatement(sql: "SELECT path, coalesce(object, uuid), size, sha256 FROM file WHERE id = ?"),
                arguments: [row]), let path = RelativePath(Array(try old.value(0) as Data))
        else { throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "a file that is to be replaced has no row") }
        let digest = (try old.value(3) as Data?).flatMap { SHA256Digest($0) }
        if digest != nil, object != nil { try discard(object: try old.value(1), of: consignment) }
        if let state = try quarantineState(ofFile: row) {
            try execute(sql: "DELETE FROM quarantine WHERE fileId = ?", arguments: [row])
            try recordEvent(
                run, at: time, consignment: consignment.row, file: row, "Quarantine", old: state.rawValue,
                new: "Replaced")
        }
        try recordEvent(
            run, at: time, consignment: consignment.row, file: row, "Replaced",
            old: EventText.entry(path, size: try old.value(2), sha256: digest),
            new: EventText.entry(path, size: new.size, sha256: new.sha256))
    }

    /// No row names this object any more: it is removed when the transaction is durable.
    func discard(object: Data, of consignment: Consignment) throws {
        try cachedStatement(sql: "INSERT OR IGNORE INTO discardedObject (consignmentId, object) VALUES (?, ?)")
            .execute(arguments: [consignment.row, object])
    }

    func forgetLikeness(of consignment: Consignment) throws {
        try execute(sql: "DELETE FROM likeness WHERE consignmentId = ?", arguments: [consignment.row])
    }
}

extension Database {
    /// Brings the steps of an uploaded consignment in line with the files that it has now.
    func settleSteps(of consignment: Consignment, run: RunID, at time: Timestamp) throws {
        let tally = try tally(of: consignment)
        let upload = try statuses(of: consignment)[.upload]
        let failed = tally[.upload, .failed] + tally[Tally.folderUpload, FileStatusValue.failed.rawValue]
        if upload == .completedWithIssues || upload == .failed, failed == 0 {
            try settle(consignment, .upload, to: .completed, run: run, at: time)
        }
        try beginChecksAnew(of: consignment, tally, run: run, at: time)
        let steps = try statuses(of: consignment)
        try rollUp(
            Set(CheckKind.allCases.filter { steps[$0.consignmentStep] != nil }), of: consignment, tally, run: run,
            at: time)
        try forgetLikeness(of: consignment)
    }

    /// A check that was complete is so no more when files have come that it has not seen.
    func beginChecksAnew(of consignment: Consignment, _ tally: Tally, run: RunID, at time: Timestamp) throws {
        let steps = try statuses(of: consignment)
        for check in CheckKind.allCases.sorted() where steps[check.consignmentStep] != nil {
            let known = check.statusTypes.map { tally.counts(of: $0).filter { $0.key != nil }.values.reduce(0, +) }
            guard known.min() ?? 0 < tally[.upload, .success] else { continue }
            try move(consignment, check.consignmentStep, to: .inProgress, run: run, at: time)
            if steps[.clientChecks] == nil { continue }
            try move(consignment, .clientChecks, to: .inProgress, run: run, at: time)
        }
    }

    /// Sums up the files' statuses in the consignment's. A check that some uploaded file still lacks stays as it is.
    func rollUp(
        _ checks: Set<CheckKind>, of consignment: Consignment, _ tally: Tally, run: RunID, at time: Timestamp
    ) throws {
        let uploaded = tally[.upload, .success]
        for check in checks.sorted() {
            let counts = check.statusTypes.map { tally.counts(of: $0) }
            let known = counts.map { $0.filter { $0.key != nil }.values.reduce(0, +) }.min() ?? 0
            if known < uploaded { continue }
            let values = counts.map { StatusRules.rollUp(check, counts: $0) }
            let worst: ConsignmentStatusValue =
                values.contains(.failed)
                ? .failed : values.contains(.completedWithIssues) ? .completedWithIssues : .completed
            try settle(consignment, check.consignmentStep, to: worst, run: run, at: time)
        }
        let client = tally.counts(of: .clientChecks).filter { $0.key != nil }
        guard client.values.reduce(0, +) >= uploaded, try statuses(of: consignment)[.clientChecks] != nil else {
            return
        }
        let issues = client[.completedWithIssues] ?? 0 > 0 || uploaded < tally.files
        try settle(consignment, .clientChecks, to: issues ? .completedWithIssues : .completed, run: run, at: time)
    }

    /// Ends a step, which begins anew for it when it ended otherwise before.
    private func settle(
        _ consignment: Consignment, _ type: ConsignmentStatusType, to value: ConsignmentStatusValue, run: RunID,
        at time: Timestamp
    ) throws {
        let old = try statuses(of: consignment)[type]
        if old == value { return }
        if !StatusRules.allows(type, from: old, to: value) {
            try move(consignment, type, to: .inProgress, run: run, at: time)
        }
        try move(consignment, type, to: value, run: run, at: time)
    }
}

extension Store {
    /// The row of a path; nil when the consignment has none.
    func entry(_ path: RelativePath, of consignment: Consignment) throws -> StoredEntry? {
        try read { try $0.entry(path, in: consignment) }
    }

    func freshID(of path: RelativePath, in consignment: Consignment) throws -> RecordID {
        try read { try $0.freshID(of: path, in: consignment) }
    }

    /// The first files whose last component is `name`, by path.
    func files(named name: [UInt8], of consignment: Consignment, limit: Int) throws -> [RelativePath] {
        let ending = [UInt8(ascii: "/")] + name
        return try read { db in
            try Data.fetchAll(
                db,
                sql: """
                    SELECT path FROM file WHERE consignmentId = ?1 AND fileType = 'File'
                        AND (substr(path, -length(?2)) = ?2 OR path = ?4) ORDER BY path LIMIT ?3
                    """, arguments: [consignment.row, Data(ending), limit, Data(name)]
            ).compactMap { RelativePath(Array($0)) }
        }
    }
}
