import FoundationEssentials
import GRDB
import Streams

extension Store {
    /// The consignments that have these files, each with those of them that it has; files that nobody has are left out.
    public func consignments(
        ofFiles files: [RecordID]
    ) throws -> [(consignment: ConsignmentFacts, files: Set<RecordID>)] {
        try read { db in
            let rows = try Row.fetchAll(
                db, sql: "SELECT consignmentId, uuid FROM file WHERE uuid IN (\(places(files.count)))",
                arguments: StatementArguments(files.map { Data($0.bytes) }))
            var found: [Int64: Set<RecordID>] = [:]
            for row in rows {
                guard let id = RecordID(bytes: Array(try row.value(1) as Data)) else { continue }
                found[try row.value(0), default: []].insert(id)
            }
            return try db.facts(found.keys.sorted()).map { ($0, found[$0.consignment.row] ?? []) }
        }
    }

    /// Those of these files whose bytes are there to be checked, with what is known of them.
    func filesToCheck(_ files: [RecordID], in consignment: Consignment) throws -> [RecordID: FileToCheck] {
        try read { db in
            let rows = try Row.fetchAll(
                db,
                sql: """
                    SELECT \(FileToCheck.columns) FROM file JOIN fileStatus ON fileId = file.id
                    WHERE uuid IN (\(places(files.count))) AND +file.consignmentId = ? AND sha256 IS NOT NULL
                        AND NOT EXISTS (SELECT 1 FROM quarantine WHERE quarantine.fileId = file.id AND state = 'Purged')
                    """,
                arguments: StatementArguments(files.map { Data($0.bytes) }) + [consignment.row])
            let found = try rows.map { try FileToCheck($0) { _ in [] } }
            return Dictionary(found.map { ($0.key.id, $0) }, uniquingKeysWith: { $1 })
        }
    }

    /// The last answer of every other antivirus program on each file that these results are about.
    func otherScans(
        of results: [ReportedResult], _ files: [RecordID: FileToCheck]
    ) throws -> [RecordID: [AntivirusReport]] {
        var programs: [Int64: (file: RecordID, software: String)] = [:]
        for result in results {
            guard case .antivirus(let report) = result.finding, let file = files[result.file] else { continue }
            programs[file.key.row] = (result.file, report.engine.software)
        }
        if programs.isEmpty { return [:] }
        return try read { [programs] db in
            let rows = try Row.fetchAll(
                db,
                sql: """
                    SELECT fileId, software, softwareVersion, databaseVersion, result, datetime
                    FROM antivirusResult JOIN engine ON engine.id = engineId
                    WHERE fileId IN (SELECT value FROM json_each(?)) ORDER BY datetime DESC, engineId DESC
                    """, arguments: ["[" + programs.keys.map(String.init).joined(separator: ",") + "]"])
            var found: [RecordID: [AntivirusReport]] = [:]
            for row in rows {
                guard let (file, own) = programs[try row.value(0)] else { continue }
                let software: String = try row.value(1)
                // An older answer of the same program counts no more.
                if software == own || found[file]?.contains(where: { $0.engine.software == software }) == true {
                    continue
                }
                found[file, default: []].append(
                    AntivirusReport(
                        engine: EngineVersion(
                            software: software, softwareVersion: try row.value(2), databaseVersion: try row.value(3)),
                        result: try row.value(4), datetime: Timestamp(milliseconds: try row.value(5))))
            }
            return found
        }
    }

    /// Records that the sender could not send these files.
    ///
    /// - Throws: ``DeliveryError/wrongState(_:)`` for one that has arrived, or when the upload is over.
    public func recordNotSent(_ files: Set<RecordID>, in consignment: Consignment, run: RunInfo) throws {
        let runID = try begin(run)
        let now = clock()
        try write { db in
            guard try db.statuses(of: consignment)[.upload] == .inProgress else {
                throw DeliveryError.wrongState("the upload has not begun, or is over")
            }
            let rows = try Row.fetchAll(
                db,
                sql: """
                    SELECT file.id, isReceived FROM file JOIN declaredFile ON fileId = file.id
                    WHERE uuid IN (\(places(files.count))) AND +file.consignmentId = ?
                    """, arguments: StatementArguments(files.map { Data($0.bytes) }) + [consignment.row])
            guard try rows.count == files.count && rows.allSatisfy({ try !($0.value(1) as Bool) }) else {
                throw DeliveryError.wrongState("a file that has arrived was sent, whatever its sender says")
            }
            var tally = TallyChange()
            for row in rows {
                try db.apply(
                    FileStatusChange(
                        row: try row.value(0), values: [.upload: .failed],
                        reasons: [.upload: "the sender could not send it"]), in: consignment, run: runID, at: now,
                    tally: &tally)
            }
            try db.apply(tally, to: consignment)
        }
    }
}

/// So many places for values in a list of SQL.
private func places(_ count: Int) -> String { Array(repeating: "?", count: count).joined(separator: ",") }

extension FileToCheck {
    /// What ``init(_:checks:)`` reads, of `file` and `fileStatus`.
    static let columns = "file.id, uuid, path, origin, size, sha256, object, \(FileStatuses.columns)"

    /// From a row that has the ``columns``.
    init(_ row: Row, checks: (FileStatuses) -> Set<CheckKind>) throws {
        guard let id = RecordID(bytes: Array(try row.value(1) as Data)),
            let key = FileKey(
                row: try row.value(0), id: id, object: try row.value(6), path: try row.value(2),
                origin: try row.value(3)),
            let sha256 = SHA256Digest(try row.value(5) as Data)
        else { throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "a file's row makes no sense") }
        let statuses = try FileStatuses(row, from: 7)
        self.init(
            key: key, size: try row.value(4), sha256: sha256, statuses: statuses, checks: checks(statuses))
    }
}
