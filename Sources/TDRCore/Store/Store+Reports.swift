import FoundationEssentials
import GRDB
public import Streams

/// Which files to report.
public enum FileSelection: Sendable {
    /// Files and folders.
    case all
    /// Only those with a status that needs somebody to act.
    case withProblems
}

/// How much of each file to report.
enum FileDetail {
    /// What stands in its own row and its statuses.
    case row
    /// Formats, antivirus answers and reasons, too.
    case everything
}

extension Store {
    /// What is known of a consignment as a whole.
    public func report(on consignment: Consignment) throws -> ConsignmentReport {
        guard let report = try reports(on: [consignment]).first else {
            throw StoreError.unknownConsignment(consignment.reference.description)
        }
        return report
    }

    /// The same of each of these consignments, in as many statements as of one.
    public func reports(on consignments: [Consignment]) throws -> [ConsignmentReport] {
        let held = consignments.map { ConsignmentLock.isHeld($0.id, in: self) }
        return try read { try $0.reports(on: consignments, held: held) }
    }

    /// Calls `body` with each file of the consignment, one at a time: all files sorted by path as bytes, those with
    /// problems in the order in which they were taken.
    ///
    /// The whole walk sees one snapshot. Memory does not grow with the number of files.
    public func forEachFile(
        of consignment: Consignment, _ selection: FileSelection, _ body: (FileReport) throws -> Void
    ) throws {
        try read { db in try db.forEachFile(of: consignment, selection, .everything, body) }
    }

    /// The same with all files.
    public func forEachFile(of consignment: Consignment, _ body: (FileReport) throws -> Void) throws {
        try forEachFile(of: consignment, .all, body)
    }

    /// Whether the consignment has a file of that path.
    public func hasFile(_ path: RelativePath, in consignment: Consignment) throws -> Bool {
        try read { db in
            try Int.fetchOne(
                db, sql: "SELECT 1 FROM file WHERE consignmentId = ? AND path = ? AND fileType = 'File'",
                arguments: [consignment.row, Data(path.bytes)]) != nil
        }
    }

    /// The same with no more of each file than is wanted.
    func forEachFile(of consignment: Consignment, _ detail: FileDetail, _ body: (FileReport) throws -> Void) throws {
        try read { db in try db.forEachFile(of: consignment, .all, detail, body) }
    }
}

extension Database {
    fileprivate func reports(on consignments: [Consignment], held: [Bool]) throws -> [ConsignmentReport] {
        let list = jsonList(consignments.map(\.row))
        /// What these columns of a table say of each consignment.
        func rows<Value>(
            _ columns: String, _ table: String, _ make: (Row) throws -> Value?
        ) throws -> [Int64: [Value]] {
            let cursor = try Row.fetchCursor(
                cachedStatement(
                    sql: """
                        SELECT \(columns), consignmentId FROM \(table)
                        WHERE consignmentId IN (SELECT value FROM json_each(?))
                        """), arguments: [list])
            var found: [Int64: [Value]] = [:]
            while let row = try cursor.next() {
                if let value = try make(row) { found[try row.value("consignmentId"), default: []].append(value) }
            }
            return found
        }
        let tallies = try tallies(of: consignments)
        let now = try Row.fetchAll(
            cachedStatement(
                sql: "SELECT \(Consignment.columns) FROM consignment WHERE id IN (SELECT value FROM json_each(?))"),
            arguments: [list]
        ).map(Consignment.init)
        let current = Dictionary(now.map { ($0.row, $0) }) { $1 }
        let statuses = try rows("statusType, value", "consignmentStatus") {
            row -> (ConsignmentStatusType, ConsignmentStatusValue)? in
            guard let type = ConsignmentStatusType(rawValue: try row.value(0)),
                let value = ConsignmentStatusValue(rawValue: try row.value(1))
            else { return nil }
            return (type, value)
        }
        let policies = try rows("propertyName, value", "consignmentMetadata") { row -> (String, String)? in
            (try row.value(0), try row.value(1))
        }
        let details = Dictionary(zip(consignments.map(\.row), try details(of: consignments))) { $1 }
        return try zip(consignments, held).map { given, held in
            guard let consignment = current[given.row] else {
                throw StoreError.unknownConsignment("row \(given.row)")
            }
            let tally = tallies[given.row] ?? Tally()
            var counts: [FileStatusType: [FileStatusValue: Int]] = [:]
            for type in FileStatusType.allCases {
                for (value, count) in tally.counts(of: type) {
                    if let value { counts[type, default: [:]][value] = count }
                }
            }
            let policy = Dictionary(policies[given.row] ?? []) { $1 }
            return ConsignmentReport(
                consignment: consignment, statuses: Dictionary(statuses[given.row] ?? []) { $1 },
                files: tally.files, folders: tally.folders, bytes: tally.bytes,
                filesWithProblems: tally[Tally.problem, ""], fileCounts: counts, isBeingWorkedOn: held,
                withoutAntivirus: policy[ConsignmentPolicy.antivirus] == "none",
                details: details[given.row] ?? ConsignmentDetails())
        }
    }

    func forEachFile(
        of consignment: Consignment, _ selection: FileSelection, _ detail: FileDetail,
        _ body: (FileReport) throws -> Void
    ) throws {
        let engines = try engines()
        let haveProperties =
            try Bool.fetchOne(
                self,
                sql: "SELECT EXISTS (SELECT 1 FROM fileMetadata JOIN file ON file.id = fileId WHERE consignmentId = ?)",
                arguments: [consignment.row]) ?? false
        // Both are walked in the order of an index: of paths, or of the files with problems as they were taken. So
        // whoever needs only the first ones pays for no more.
        let (tables, condition, order) =
            switch selection {
            case .all:
                ("file LEFT JOIN fileStatus ON fileStatus.fileId = file.id", "file.consignmentId = ?", "file.path")
            case .withProblems:
                (
                    "fileStatus JOIN file ON file.id = fileStatus.fileId",
                    "fileStatus.consignmentId = ? AND fileStatus.problem = 1", "fileStatus.fileId"
                )
            }
        let rows = try Row.fetchCursor(
            self,
            sql: """
                SELECT \(FileReport.columns)
                FROM \(tables) LEFT JOIN file AS parent ON parent.id = file.parentId
                WHERE \(condition) ORDER BY \(order)
                """, arguments: [consignment.row])
        while let row = try rows.next() {
            try Task.checkCancellation()
            var file = try FileReport(row)
            let key: Int64 = try row.value(0)
            if haveProperties { file.properties = try properties(ofFile: key) }
            if detail == .everything {
                if !file.statuses.problems.isEmpty { file.reasons = try reasons(ofFile: key) }
                if file.type == .file {
                    file.formats = try formats(ofFile: key, engines)
                    file.antivirus = try antivirus(ofFile: key, engines)
                }
            }
            try body(file)
        }
    }

    func engines() throws -> Engines {
        var out: Engines = [:]
        for row in try Row.fetchAll(self, sql: "SELECT * FROM engine") {
            out[try row.value("id")] = (
                EngineVersion(
                    software: try row.value("software"), softwareVersion: try row.value("softwareVersion"),
                    databaseVersion: try row.value("databaseVersion")), try row.value("containerVersion")
            )
        }
        return out
    }
}

/// The engines of the store by row, with the version of their container signatures.
typealias Engines = [Int64: (version: EngineVersion, container: String)]

extension FileReport {
    /// By place, since looking a column up by its name costs more than reading it.
    static let columns = """
        file.id, file.uuid, file.path, file.fileType, file.reference, file.size, file.modified, file.sha256,
        fileStatus.serverSha256, parent.reference, \(FileStatuses.columns)
        """

    init(_ row: Row) throws {
        guard let path = RelativePath(Array(try row.value(2) as Data)), let type = FileType(rawValue: try row.value(3)),
            let id = RecordID(bytes: Array(try row.value(1) as Data))
        else { throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "a file's row makes no sense") }
        self.row = try row.value(0)
        self.path = path
        self.type = type
        self.id = id
        reference = FileReference(number: UInt64(try row.value(4) as Int64))
        parentReference = (try row.value(9) as Int64?).map { FileReference(number: UInt64($0)) }
        size = try row.value(5)
        modified = try row.value(6)
        sha256 = (try row.value(7) as Data?).flatMap { SHA256Digest($0) }
        serverSHA256 = (try row.value(8) as Data?).flatMap { SHA256Digest($0) }
        statuses = try FileStatuses(row, from: 10)
    }
}

extension Database {
    fileprivate func reasons(ofFile row: Int64) throws -> [FileStatusType: String] {
        let rows = try Row.fetchAll(
            cachedStatement(sql: "SELECT statusType, reason FROM fileReason WHERE fileId = ?"), arguments: [row])
        var out: [FileStatusType: String] = [:]
        for row in rows {
            guard let type = FileStatusType(rawValue: try row.value("statusType")) else { continue }
            out[type] = try row.value("reason")
        }
        return out
    }

    fileprivate func properties(ofFile row: Int64) throws -> [String: String] {
        let rows = try Row.fetchAll(
            cachedStatement(sql: "SELECT propertyName, value FROM fileMetadata WHERE fileId = ?"), arguments: [row])
        return Dictionary(uniqueKeysWithValues: try rows.map { (try $0.value("propertyName"), try $0.value("value")) })
    }

    fileprivate func formats(
        ofFile row: Int64, _ engines: Engines
    )
        throws -> [FormatReport]
    {
        try Row.fetchAll(
            cachedStatement(sql: "SELECT * FROM formatMatch WHERE fileId = ? ORDER BY position"), arguments: [row]
        ).compactMap { row in
            guard let engine = engines[try row.value("engineId")] else { return nil }
            return FormatReport(
                puid: try row.value("puid"), formatName: try row.value("formatName"),
                identificationBasis: try row.value("identificationBasis"),
                fileExtension: try row.value("extension"), extensionMismatch: try row.value("extensionMismatch"),
                mimeType: try row.value("mimeType"), description: try row.value("description"), engine: engine.version,
                containerVersion: engine.container)
        }
    }

    fileprivate func antivirus(
        ofFile row: Int64, _ engines: Engines
    )
        throws -> [AntivirusReport]
    {
        try Row.fetchAll(
            cachedStatement(sql: "SELECT * FROM antivirusResult WHERE fileId = ? ORDER BY engineId"), arguments: [row]
        ).compactMap { row in
            guard let engine = engines[try row.value("engineId")] else { return nil }
            return AntivirusReport(
                engine: engine.version, result: try row.value("result"),
                datetime: Timestamp(milliseconds: try row.value("datetime")))
        }
    }
}
