import FoundationEssentials
import GRDB
import Streams

/// A part of a list, by keyset: the place after which it begins is a value and not a count, so it costs the same
/// anywhere, and nothing is met twice or missed when rows are added meanwhile.
public struct Page<Item: Sendable>: Sendable {
    /// The items, at most as many as asked for.
    public let items: [Item]
    /// Whether there is at least one more.
    public let hasNext: Bool
    /// Items in all of the list.
    public let total: Int
}

/// Which consignments to list.
public struct ConsignmentSelection: Sendable {
    /// Of whom; nil for all.
    public var owner: RecordID?
    /// Of which type; nil for both.
    public var type: ConsignmentType?
    /// Newest first.
    public var descending = true

    /// All consignments, newest first.
    public init() {}
}

/// Which files with problems to list.
package struct ProblemSelection: Sendable {
    /// Those of this consignment; nil for those of all.
    package var consignment: Consignment?
    /// Found at this moment or later.
    package var from: Timestamp?
    /// Found at this moment or before.
    package var to: Timestamp?

    /// All of them.
    package init() {}
}

/// A file with a status that somebody must act on.
package struct FileProblem: Sendable {
    /// Its consignment.
    package let facts: ConsignmentFacts
    /// The file.
    package let file: FileReport
    /// When its statuses last changed; nil when the history does not say.
    package let found: Timestamp?
}

extension Store {
    /// A page of consignments in the order of their numbers, after the one with the number `after`, or after so many.
    public func consignments(
        _ selection: ConsignmentSelection, after: UInt64?, skipping offset: Int = 0, limit: Int
    ) throws -> Page<ConsignmentFacts> {
        var conditions = ["1"]
        var arguments = StatementArguments()
        if let owner = selection.owner {
            conditions.append("delivery.owner = ?")
            arguments += [Data(owner.bytes)]
        }
        if let type = selection.type {
            conditions.append("consignment.type = ?")
            arguments += [type.rawValue]
        }
        let tables = "consignment LEFT JOIN delivery ON delivery.consignmentId = consignment.id"
        let all = conditions.joined(separator: " AND ")
        return try read { [arguments] db in
            let total =
                try Int.fetchOne(db, sql: "SELECT count(*) FROM \(tables) WHERE \(all)", arguments: arguments) ?? 0
            var place = ""
            var arguments = arguments
            if let after {
                place = "AND consignment.sequence \(selection.descending ? "<" : ">") ?"
                arguments += [Int64(clamping: after)]
            }
            arguments += [limit + 1, offset]
            let rows = try Row.fetchAll(
                db,
                sql: """
                    \(ConsignmentFacts.selection) WHERE \(all) \(place)
                    ORDER BY consignment.sequence \(selection.descending ? "DESC" : "") LIMIT ? OFFSET ?
                    """, arguments: arguments)
            let found = try rows.prefix(limit).map(ConsignmentFacts.init)
            return Page(items: found, hasNext: rows.count > limit, total: total)
        }
    }

    /// The files with a status that somebody must act on, in the order in which they were taken; only those with one
    /// finding where it is named.
    public func problems(
        of consignment: Consignment, _ finding: (type: FileStatusType, value: FileStatusValue)? = nil, after: Int64,
        limit: Int
    ) throws -> (files: [FileReport], last: Int64?) {
        // A name of ours, so it needs no quotes; each such column has an index of its files with problems.
        let condition = finding.map { "AND fileStatus.\($0.type.rawValue) = ?" } ?? ""
        var arguments: StatementArguments = [consignment.row]
        if let finding { arguments += [finding.value.rawValue] }
        arguments += [after, limit]
        return try read { [arguments] db in
            let rows = try Row.fetchAll(
                db,
                sql: """
                    SELECT \(FileReport.columns)
                    FROM fileStatus JOIN file ON file.id = fileStatus.fileId
                        LEFT JOIN file AS parent ON parent.id = file.parentId
                    WHERE fileStatus.consignmentId = ? \(condition) AND fileStatus.problem = 1
                        AND fileStatus.fileId > ?
                    ORDER BY fileStatus.fileId LIMIT ?
                    """, arguments: arguments)
            let files = try rows.map(FileReport.init)
            return (files, files.count < limit ? nil : files.last?.row)
        }
    }

    /// A page of the files with a status that somebody must act on, consignment by consignment, in the order in which
    /// they were taken.
    ///
    /// - Parameter after: The last one of the page before.
    package func problems(
        _ selection: ProblemSelection, after: FileProblem?, limit: Int
    ) throws -> (problems: [FileProblem], isLast: Bool) {
        var conditions = ["fileStatus.problem = 1"]
        var arguments = StatementArguments()
        if let consignment = selection.consignment {
            conditions.append("fileStatus.consignmentId = ?")
            arguments += [consignment.row]
        }
        if let after {
            conditions.append("(fileStatus.consignmentId, fileStatus.fileId) > (?, ?)")
            arguments += [after.facts.consignment.row, after.file.row]
        }
        let places = FileStatusType.allCases.count + 10
        let found = "(SELECT max(datetime) FROM event WHERE event.fileId = file.id AND what = 'FileStatus')"
        for (moment, comparison) in [(selection.from, ">="), (selection.to, "<=")] {
            guard let moment else { continue }
            conditions.append("\(found) \(comparison) ?")
            arguments += [moment.milliseconds]
        }
        arguments += [limit]
        return try read { [arguments] db in
            let rows = try Row.fetchAll(
                db,
                sql: """
                    SELECT \(FileReport.columns), fileStatus.consignmentId, \(found)
                    FROM fileStatus JOIN file ON file.id = fileStatus.fileId
                        LEFT JOIN file AS parent ON parent.id = file.parentId
                    WHERE \(conditions.joined(separator: " AND "))
                    ORDER BY fileStatus.consignmentId, fileStatus.fileId LIMIT ?
                    """, arguments: arguments)
            let consignments = try Set(rows.map { try $0.value(places) as Int64 })
            let facts = Dictionary(try db.facts(consignments.sorted()).map { ($0.consignment.row, $0) }) { $1 }
            let problems = try rows.compactMap { row in
                try facts[try row.value(places)].map {
                    FileProblem(
                        facts: $0, file: try FileReport(row),
                        found: (try row.value(places + 1) as Int64?).map { Timestamp(milliseconds: $0) })
                }
            }
            return (problems, rows.count < limit)
        }
    }
}

// MARK: One file

extension Store {
    /// A file or folder with all that is known of it; nil when the consignment has none of that id.
    package func file(_ id: RecordID, of consignment: Consignment) throws -> FileReport? {
        let found = try read { db in
            try Row.fetchOne(
                db.cachedStatement(
                    sql: """
                        SELECT \(FileReport.columns)
                        FROM file LEFT JOIN fileStatus ON fileStatus.fileId = file.id
                            LEFT JOIN file AS parent ON parent.id = file.parentId
                        WHERE file.uuid = ? AND +file.consignmentId = ?
                        """), arguments: [Data(id.bytes), consignment.row]
            ).map(FileReport.init)
        }
        return try found.flatMap { try detailed([$0]).first }
    }
}

// MARK: What belongs to many files at once, one statement each

extension Store {
    /// These files with their formats, the answers of antivirus engines and the reasons of their findings.
    package func detailed(_ files: [FileReport]) throws -> [FileReport] {
        let (formats, scans, reasons) = (try formats(of: files), try scans(of: files), try reasons(of: files))
        return files.indices.map { place in
            var file = files[place]
            file.formats = formats[place]
            file.antivirus = scans[place]
            file.reasons = reasons[place]
            return file
        }
    }

    /// The matches of each of these files, in their order.
    package func formats(of files: [FileReport]) throws -> [[FormatReport]] {
        try read { db in
            let engines = try db.engines()
            let rows = try Row.fetchCursor(
                db.cachedStatement(
                    sql: """
                        SELECT fileId, engineId, puid, formatName, identificationBasis, extension, extensionMismatch,
                            mimeType, description, datetime
                        FROM formatMatch WHERE fileId IN (SELECT value FROM json_each(?))
                        ORDER BY fileId, position
                        """), arguments: [json(files)])
            var found: [Int64: [FormatReport]] = [:]
            while let row = try rows.next() {
                guard let engine = engines[try row.value(1)] else { continue }
                found[try row.value(0), default: []].append(try FormatReport(row, engine))
            }
            return files.map { found[$0.row] ?? [] }
        }
    }

    /// The answers of the antivirus engines on each of these files.
    package func scans(of files: [FileReport]) throws -> [[AntivirusReport]] {
        try read { db in
            let engines = try db.engines()
            let rows = try Row.fetchCursor(
                db,
                sql: """
                    SELECT * FROM antivirusResult WHERE fileId IN (SELECT value FROM json_each(?))
                    ORDER BY fileId, engineId
                    """, arguments: [json(files)])
            var found: [Int64: [AntivirusReport]] = [:]
            while let row = try rows.next() {
                guard let engine = engines[try row.value("engineId")] else { continue }
                found[try row.value("fileId"), default: []].append(
                    AntivirusReport(
                        engine: engine.version, result: try row.value("result"),
                        datetime: Timestamp(milliseconds: try row.value("datetime"))))
            }
            return files.map { found[$0.row] ?? [] }
        }
    }

    /// Why the statuses of each of these files are what they are, where the word alone does not tell.
    package func reasons(of files: [FileReport]) throws -> [[FileStatusType: String]] {
        try read { db in
            let rows = try Row.fetchCursor(
                db,
                sql: """
                    SELECT fileId, statusType, reason FROM fileReason
                    WHERE fileId IN (SELECT value FROM json_each(?))
                    """, arguments: [json(files)])
            var found: [Int64: [FileStatusType: String]] = [:]
            while let row = try rows.next() {
                guard let type = FileStatusType(rawValue: try row.value(1)) else { continue }
                found[try row.value(0), default: [:]][type] = try row.value(2)
            }
            return files.map { found[$0.row] ?? [:] }
        }
    }

    /// What was said of each of these files, and of all files of its consignment.
    package func properties(of files: [FileReport]) throws -> [FileProperties] {
        try read { db in
            let list = json(files)
            let own = try Row.fetchCursor(
                db.cachedStatement(
                    sql: """
                        SELECT fileId, propertyName, value FROM fileMetadata
                        WHERE fileId IN (SELECT value FROM json_each(?))
                        """), arguments: [list])
            var found: [Int64: [String: String]] = [:]
            while let row = try own.next() {
                let file: Int64 = try row.value(0)
                found[file, default: [:]][try row.value(1)] = try row.value(2) as String
            }
            let consignments = try Row.fetchCursor(
                db.cachedStatement(
                    sql: "SELECT id, consignmentId FROM file WHERE id IN (SELECT value FROM json_each(?))"),
                arguments: [list])
            var place: [Int64: Int64] = [:]
            while let row = try consignments.next() { place[try row.value(0)] = try row.value(1) as Int64 }
            let rows = try Row.fetchCursor(
                db.cachedStatement(
                    sql: """
                        SELECT consignmentId, propertyName, value FROM fileDefault
                        WHERE consignmentId IN (SELECT value FROM json_each(?)) ORDER BY consignmentId, propertyName
                        """), arguments: [jsonList(Set(place.values).sorted())])
            var defaults: [Int64: [FileProperties.Property]] = [:]
            while let row = try rows.next() {
                let consignment: Int64 = try row.value(0)
                defaults[consignment, default: []].append((try row.value(1), try row.value(2)))
            }
            return files.map { file in
                FileProperties(
                    general: place[file.row].flatMap { defaults[$0] } ?? [],
                    own: found[file.row].map { $0.map { ($0.key, $0.value) }.sorted { $0.0 < $1.0 } } ?? [])
            }
        }
    }

    /// What clients called each of these files; nil for those that were not declared by one.
    package func matchIDs(of files: [FileReport]) throws -> [String?] {
        try read { db in
            let rows = try Row.fetchCursor(
                db, sql: "SELECT fileId, matchId FROM declaredFile WHERE fileId IN (SELECT value FROM json_each(?))",
                arguments: [json(files)])
            var found: [Int64: String] = [:]
            while let row = try rows.next() { found[try row.value(0)] = try row.value(1) }
            return files.map { found[$0.row] }
        }
    }

    /// The ids of the folders that hold each of these files.
    package func parentIDs(of files: [FileReport]) throws -> [RecordID?] {
        try read { db in
            let rows = try Row.fetchCursor(
                db,
                sql: """
                    SELECT file.id, parent.uuid FROM file JOIN file AS parent ON parent.id = file.parentId
                    WHERE file.id IN (SELECT value FROM json_each(?))
                    """, arguments: [json(files)])
            var found: [Int64: RecordID] = [:]
            while let row = try rows.next() {
                found[try row.value(0)] = RecordID(bytes: Array(try row.value(1) as Data))
            }
            return files.map { found[$0.row] }
        }
    }
}

/// What was said of a file: by itself, and with all files of its consignment.
package struct FileProperties: Sendable {
    package typealias Property = (name: String, value: String)

    /// Of all files; by name. Shared by the files of a page.
    private let general: [Property]
    /// Of this one; by name.
    private let own: [Property]

    init(general: [Property], own: [Property]) {
        self.general = general
        self.own = own
    }

    /// The value of one property: the file's own, or else what all have.
    package subscript(name: String) -> String? {
        (own.first { $0.name == name } ?? general.first { $0.name == name })?.value
    }

    /// All of them and these others, by name; where two have a name, the others come first, then the file's own.
    package func merged(with others: [Property]) -> [Property] {
        FileProperties.merged(others, FileProperties.merged(own, general))
    }

    /// Both are in the order of their names; the first goes before the second.
    private static func merged(_ first: [Property], _ second: [Property]) -> [Property] {
        if first.isEmpty { return second }
        if second.isEmpty { return first }
        var out: [Property] = []
        out.reserveCapacity(first.count + second.count)
        var at = 0
        for property in first {
            while at < second.count, second[at].name < property.name {
                out.append(second[at])
                at += 1
            }
            if at < second.count, second[at].name == property.name { at += 1 }
            out.append(property)
        }
        out += second[at...]
        return out
    }
}

private func json(_ files: [FileReport]) -> String { jsonList(files.map(\.row)) }

/// The rows that a statement is about: `WHERE id \(rows.are)`, with ``value`` for the question mark.
///
/// One is asked for as one: the table that SQLite makes of a list takes longer to make than most rows to find.
struct RowSet {
    private let rows: [Int64]

    init(_ rows: [Int64]) { self.rows = rows }

    var are: String { rows.count == 1 ? "= ?" : "IN (SELECT value FROM json_each(?))" }

    var value: DatabaseValue { rows.count == 1 ? rows[0].databaseValue : jsonList(rows).databaseValue }
}

func jsonList(_ numbers: [Int64]) -> String { "[" + numbers.map(String.init).joined(separator: ",") + "]" }

extension FormatReport {
    /// By place: looking columns up by name takes longer than reading them.
    fileprivate init(_ row: Row, _ engine: (version: EngineVersion, container: String)) throws {
        self.init(
            puid: try row.value(2), formatName: try row.value(3), identificationBasis: try row.value(4),
            fileExtension: try row.value(5), extensionMismatch: try row.value(6), mimeType: try row.value(7),
            description: try row.value(8), engine: engine.version, containerVersion: engine.container,
            datetime: Timestamp(milliseconds: try row.value(9)))
    }
}
