import FoundationEssentials
import GRDB
import Streams

/// A file that a table of metadata names.
struct MetadataTarget {
    let row: Int64
    let path: RelativePath
    /// Nanoseconds since 1970 UTC.
    let modified: Int64?
}

/// A property of a file that becomes another, or (nil) goes.
struct PropertyChange {
    let name: String
    let old: String?
    let new: String?
}

/// Reads and writes the metadata of the files of one consignment, within one snapshot or transaction.
struct FileMetadataDesk {
    private let db: Database
    private let consignment: Consignment
    /// Whether any file has metadata of its own.
    let hasOwn: Bool

    fileprivate init(_ db: Database, _ consignment: Consignment) throws {
        self.db = db
        self.consignment = consignment
        hasOwn =
            try Bool.fetchOne(
                db,
                sql: "SELECT EXISTS (SELECT 1 FROM fileMetadata JOIN file ON file.id = fileId WHERE consignmentId = ?)",
                arguments: [consignment.row]) ?? false
    }

    /// The file of this path; nil when there is none.
    func file(at path: RelativePath) throws -> MetadataTarget? {
        let row = try Row.fetchOne(
            db.cachedStatement(
                sql: "SELECT id, modified FROM file WHERE consignmentId = ? AND path = ? AND fileType = 'File'"),
            arguments: [consignment.row, Data(path.bytes)])
        return try row.map { MetadataTarget(row: try $0.value(0), path: path, modified: try $0.value(1)) }
    }

    /// Those of these files that the consignment has; no folders.
    func files(_ ids: [RecordID]) throws -> [RecordID: MetadataTarget] {
        let places = Array(repeating: "?", count: ids.count).joined(separator: ",")
        let rows = try Row.fetchAll(
            db,
            sql: """
                SELECT id, uuid, path, modified FROM file
                WHERE uuid IN (\(places)) AND consignmentId = ? AND fileType = 'File'
                """, arguments: StatementArguments(ids.map { Data($0.bytes) }) + [consignment.row])
        var found: [RecordID: MetadataTarget] = [:]
        for row in rows {
            guard let id = RecordID(bytes: Array(try row.value(1) as Data)),
                let path = RelativePath(Array(try row.value(2) as Data))
            else { throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "a file's row makes no sense") }
            found[id] = MetadataTarget(row: try row.value(0), path: path, modified: try row.value(3))
        }
        return found
    }

    /// The properties that a file has of its own.
    func own(_ target: MetadataTarget) throws -> [String: String] {
        if !hasOwn { return [:] }
        var out: [String: String] = [:]
        let rows = try Row.fetchCursor(
            db.cachedStatement(sql: "SELECT propertyName, value FROM fileMetadata WHERE fileId = ?"),
            arguments: [target.row])
        while let row = try rows.next() { out[try row.value(0)] = try row.value(1) }
        return out
    }

    /// Calls `body` with every file, sorted by path as bytes.
    func forEachFile(_ body: (MetadataTarget) throws -> Void) throws {
        let rows = try Row.fetchCursor(
            db, sql: "SELECT id, path, modified FROM file WHERE consignmentId = ? AND fileType = 'File' ORDER BY path",
            arguments: [consignment.row])
        while let row = try rows.next() {
            try Task.checkCancellation()
            guard let path = RelativePath(Array(try row.value(1) as Data)) else {
                throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "a file's row makes no sense")
            }
            try body(MetadataTarget(row: try row.value(0), path: path, modified: try row.value(2)))
        }
    }

    /// Changes properties of a file, with the entry in the history.
    func change(_ target: MetadataTarget, _ changes: [PropertyChange], run: RunID, at time: Timestamp) throws {
        try db.change(target.row, in: consignment, changes, run: run, at: time)
        for change in changes where change.name == PropertyName.originalFilepath {
            try db.setPair(target.row, in: consignment, byMetadata: change.new == nil ? nil : true)
        }
    }

    /// Ends an application of metadata: the steps, the schema's version, and what follows for redacted files.
    func finish(version: String, pairsAgain: Bool, run: RunID, at time: Timestamp) throws {
        for step in [ConsignmentStatusType.draftMetadataUpload, .draftMetadata] {
            try db.move(consignment, step, to: .inProgress, run: run, at: time)
            try db.move(consignment, step, to: .completed, run: run, at: time)
        }
        try db.setMetadata(
            PropertyName.metadataSchemaLibraryVersion, of: consignment, to: version, run: run, at: time)
        if pairsAgain { try pairAgain(run: run, at: time) }
    }

    /// Confirms the transfer where that waited for the metadata.
    func confirmIfWished(in store: Store, run: RunID, at time: Timestamp) throws {
        try store.confirmIfWished(consignment, db, run: run, at: time)
    }

    /// Pairs redacted files once more with their originals, where that was done before.
    func pairAgain(run: RunID, at time: Timestamp) throws {
        guard try db.statuses(of: consignment)[.serverRedaction] != nil else { return }
        try db.pairRedactions(of: consignment, run: run, at: time)
        try db.sumUpClientChecks(of: consignment, run: run, at: time)
    }
}

extension Store {
    /// Reads metadata within one snapshot.
    func readMetadata<T>(of consignment: Consignment, _ body: (FileMetadataDesk) throws -> T) throws -> T {
        try read { try body(FileMetadataDesk($0, consignment)) }
    }

    /// Changes metadata in one transaction.
    func writeMetadata<T>(of consignment: Consignment, _ body: (FileMetadataDesk) throws -> T) throws -> T {
        try write { try body(FileMetadataDesk($0, consignment)) }
    }
}

extension Database {
    /// Changes properties of a file, with the entry in the history: what was, and what is, as JSON objects.
    func change(
        _ file: Int64, in consignment: Consignment, _ changes: [PropertyChange], run: RunID, at time: Timestamp
    ) throws {
        if changes.isEmpty { return }
        for change in changes {
            if let value = change.new {
                try cachedStatement(
                    sql: """
                        INSERT INTO fileMetadata (fileId, propertyName, value, modified) VALUES (?, ?, ?, ?)
                        ON CONFLICT DO UPDATE SET value = excluded.value, modified = excluded.modified
                        """
                ).execute(arguments: [file, change.name, value, time.milliseconds])
            } else {
                try cachedStatement(sql: "DELETE FROM fileMetadata WHERE fileId = ? AND propertyName = ?")
                    .execute(arguments: [file, change.name])
            }
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        func json(_ side: (PropertyChange) -> String?) throws -> String {
            let object = Dictionary(changes.map { ($0.name, side($0)) }, uniquingKeysWith: { $1 })
            return String(decoding: try encoder.encode(object), as: UTF8.self)
        }
        try recordEvent(
            run, at: time, consignment: consignment.row, file: file, "FileMetadata", old: json(\.old), new: json(\.new))
    }
}
