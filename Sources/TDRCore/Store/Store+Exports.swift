import FoundationEssentials
import GRDB
import Streams

/// A file whose bytes are in the consignment.
struct StoredFile: Sendable {
    let key: FileKey
    let size: Int64
    /// The digest computed at upload, and by the check.
    let sha256: SHA256Digest
    /// Nanoseconds since 1970 UTC, as the source had it.
    let modified: Int64?
}

/// A file or folder of the payload, in the order of the bag.
enum PayloadEntry: Sendable {
    case folder(RelativePath)
    case file(StoredFile)
}

extension Store {
    /// Calls `body` with every path of the consignment, sorted as bytes.
    func forEachPath(of consignment: Consignment, _ body: (RelativePath) throws -> Void) throws {
        try read { db in
            let paths = try Data.fetchCursor(
                db, sql: "SELECT path FROM file WHERE consignmentId = ? ORDER BY path", arguments: [consignment.row])
            while let path = try paths.next() {
                guard let path = RelativePath(Array(path)) else { throw damagedRow }
                try body(path)
            }
        }
    }

    /// Calls `body` with every file that has bytes, sorted by path as bytes: the order of the manifest.
    func forEachStoredFile(of consignment: Consignment, _ body: (StoredFile) throws -> Void) throws {
        try forEachPayloadEntry(of: consignment) { entry in if case .file(let file) = entry { try body(file) } }
    }

    /// Calls `body` with every folder and every file that has bytes, sorted by path as bytes.
    func forEachPayloadEntry(of consignment: Consignment, _ body: (PayloadEntry) throws -> Void) throws {
        try read { db in
            let rows = try Row.fetchCursor(
                db,
                sql: """
                    SELECT id, uuid, fileType, path, origin, size, sha256, modified, object FROM file
                    WHERE consignmentId = ? AND (fileType = 'Folder' OR sha256 IS NOT NULL) ORDER BY path
                    """, arguments: [consignment.row])
            while let row = try rows.next() {
                if try row.value(2) == FileType.folder.rawValue {
                    guard let path = RelativePath(Array(try row.value(3) as Data)) else { throw damagedRow }
                    try body(.folder(path))
                    continue
                }
                guard let id = RecordID(bytes: Array(try row.value(1) as Data)),
                    let key = FileKey(
                        row: try row.value(0), id: id, object: try row.value(8), path: try row.value(3),
                        origin: try row.value(4)),
                    let sha256 = SHA256Digest(try row.value(6) as Data)
                else { throw damagedRow }
                try body(
                    .file(
                        StoredFile(
                            key: key, size: try row.value(5), sha256: sha256, modified: try row.value(7) as Int64?)))
            }
        }
    }

    /// Calls `body` with each answer of each antivirus engine that scanned a file, sorted by path.
    func forEachScan(of consignment: Consignment, _ body: (RelativePath, EngineVersion) throws -> Void) throws {
        try read { db in
            let rows = try Row.fetchCursor(
                db,
                sql: """
                    SELECT path, software, softwareVersion, databaseVersion
                    FROM file CROSS JOIN antivirusResult ON fileId = file.id JOIN engine ON engine.id = engineId
                    WHERE consignmentId = ? AND result IS NOT NULL ORDER BY path, engineId
                    """, arguments: [consignment.row])
            while let row = try rows.next() {
                guard let path = RelativePath(Array(try row.value(0) as Data)) else { throw damagedRow }
                try body(
                    path,
                    EngineVersion(
                        software: try row.value(1), softwareVersion: try row.value(2), databaseVersion: try row.value(3)
                    ))
            }
        }
    }

    /// Calls `body` with each match of the format check, sorted by path.
    func forEachFormat(of consignment: Consignment, _ body: (RelativePath, FormatReport) throws -> Void) throws {
        try read { db in
            let rows = try Row.fetchCursor(
                db,
                sql: """
                    SELECT path, puid, formatName, identificationBasis, extension, extensionMismatch, mimeType,
                        description, software, softwareVersion, databaseVersion, containerVersion
                    FROM file CROSS JOIN formatMatch ON fileId = file.id JOIN engine ON engine.id = engineId
                    WHERE consignmentId = ? ORDER BY path, position
                    """, arguments: [consignment.row])
            while let row = try rows.next() {
                guard let path = RelativePath(Array(try row.value(0) as Data)) else { throw damagedRow }
                try body(
                    path,
                    FormatReport(
                        puid: try row.value(1), formatName: try row.value(2), identificationBasis: try row.value(3),
                        fileExtension: try row.value(4),
                        extensionMismatch: try row.value(5), mimeType: try row.value(6), description: try row.value(7),
                        engine: EngineVersion(
                            software: try row.value(8), softwareVersion: try row.value(9),
                            databaseVersion: try row.value(10)),
                        containerVersion: try row.value(11)))
            }
        }
    }

    /// What every file of the consignment has unless it has its own.
    func fileDefaults(of consignment: Consignment) throws -> [String: String] {
        try properties("SELECT propertyName, value FROM fileDefault WHERE consignmentId = ?", consignment.row)
    }

    /// The consignment's own properties.
    func metadata(of consignment: Consignment) throws -> [String: String] {
        try properties("SELECT propertyName, value FROM consignmentMetadata WHERE consignmentId = ?", consignment.row)
    }

    private func properties(_ sql: String, _ consignment: Int64) throws -> [String: String] {
        try read { db in
            let rows = try Row.fetchAll(db, sql: sql, arguments: [consignment])
            return Dictionary(
                uniqueKeysWithValues: try rows.map { (try $0.value("propertyName"), try $0.value("value")) })
        }
    }

    /// Begins an export: custody is confirmed, and the times that the bag names are fixed for good.
    func beginExport(_ consignment: Consignment, by login: String, allowed: String?, run: RunID) throws -> Consignment {
        let now = clock()
        return try write { db in
            try db.confirmTransfer(consignment, by: login, run: run, at: now)
            // Who confirmed it elsewhere may have left the time to the export.
            try db.execute(
                sql: """
                    UPDATE consignment SET transferInitiated = coalesce(transferInitiated, ?1),
                        transferInitiatedBy = coalesce(transferInitiatedBy, ?2), exported = coalesce(exported, ?1)
                    WHERE id = ?3
                    """, arguments: [now.milliseconds, login, consignment.row])
            // Before the export begins, so that the bag can tell of it.
            if let allowed {
                try db.recordEvent(run, at: now, consignment: consignment.row, "FindingsAllowed", new: allowed)
            }
            try db.move(consignment, .export, to: .inProgress, run: run, at: now)
            return try db.consignment(row: consignment.row)
        }
    }

    /// Ends an export that is complete at its target.
    ///
    /// - Parameter seal: What tells whether the bag is still the same: the digest of the archive, or that of a folder's
    ///   tag manifest.
    func finishExport(
        _ consignment: Consignment, _ place: BytePath, on server: S3Server?, sha256: SHA256Digest?,
        seal: SHA256Digest?, version: String, run: RunID
    ) throws -> Consignment {
        let now = clock()
        let location = place.display
        return try write { db in
            try db.execute(
                sql: "UPDATE consignment SET exportLocation = ?, exportVersion = ? WHERE id = ?",
                arguments: [location, version, consignment.row])
            try db.move(consignment, .export, to: .completed, run: run, at: now)
            try db.recordEvent(
                run, at: now, consignment: consignment.row, "Exported", old: sha256?.hex, new: location)
            try db.rememberExport(of: consignment.row, place, server, sha256: seal, at: now)
            let done = try db.consignment(row: consignment.row)
            try db.notify(.exportFinished(location: location, sha256: sha256?.hex), of: done, at: now)
            return done
        }
    }

    /// Ends an export that could not be made, with the cause.
    func failExport(_ consignment: Consignment, cause: String, run: RunID) throws {
        let now = clock()
        try write { db in
            try db.move(consignment, .export, to: .failed, run: run, at: now)
            try db.recordEvent(run, at: now, consignment: consignment.row, "ExportFailed", new: cause)
            try db.notify(.exportFailed(cause: cause), of: consignment, at: now)
        }
    }
}

private var damagedRow: DatabaseError {
    DatabaseError(resultCode: .SQLITE_CORRUPT, message: "a file's row makes no sense")
}
