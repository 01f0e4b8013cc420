import FoundationEssentials
import GRDB
public import Streams

/// Which files of a consignment to list.
public struct FilePageSelection: Sendable {
    /// Files or folders; nil for both.
    public var type: FileType?
    /// Directly in this folder.
    public var parent: RecordID?
    /// These files; empty for all.
    public var ids: [RecordID] = []
    /// Those of these paths; empty for all.
    public var paths: [RelativePath] = []
    /// Those whose path ends with this name.
    public var name: [UInt8]?
    /// Only those with a status that somebody must act on.
    public var withProblems = false
    /// Which of their properties whoever lists them wants; nil for all. The files are the same.
    public var properties: Set<String>?

    /// All files and folders.
    public init() {}

    /// Whether every file and folder of a consignment, or every one of a type, is listed.
    fileprivate var isAll: Bool {
        parent == nil && ids.isEmpty && paths.isEmpty && name == nil && !withProblems
    }

    /// What is said of `file`, for the consignment with the row that the SQL `consignment` gives.
    fileprivate func condition(_ consignment: String) -> String {
        var conditions = ["file.consignmentId = \(consignment)"]
        if type != nil { conditions.append("file.fileType = :type") }
        if parent != nil {
            conditions.append(
                "file.parentId = (SELECT id FROM file WHERE uuid = :parent AND consignmentId = \(consignment))")
        }
        if !ids.isEmpty { conditions.append("hex(file.uuid) IN (SELECT value FROM json_each(:ids))") }
        if !paths.isEmpty {
            conditions.append("file.path IN (\(paths.indices.map { ":path\($0)" }.joined(separator: ",")))")
        }
        if name != nil {
            conditions.append("(file.path = :name OR substr(file.path, -length(:ending)) = :ending)")
        }
        if withProblems {
            conditions.append(
                "file.id IN (SELECT fileId FROM fileStatus WHERE consignmentId = \(consignment) AND problem = 1)")
        }
        return conditions.joined(separator: " AND ")
    }

    /// What ``condition(_:)`` names.
    fileprivate var arguments: [String: (any DatabaseValueConvertible)?] {
        var all: [String: (any DatabaseValueConvertible)?] = [
            "type": type?.rawValue, "parent": parent.map { Data($0.bytes) },
            // Words that need no escapes.
            "ids": "[" + ids.map { "\"\(Hex.encode($0.bytes).uppercased())\"" }.joined(separator: ",") + "]",
            "name": name.map { Data($0) }, "ending": name.map { Data([UInt8(ascii: "/")] + $0) },
        ]
        for (number, path) in paths.enumerated() { all["path\(number)"] = Data(path.bytes) }
        return all
    }
}

/// A page of files of a consignment: which, and where in their list.
package struct FilesPage: Sendable {
    /// Which files.
    package var selection = FilePageSelection()
    /// The path after which it begins; nil for the first.
    package var after: [UInt8]?
    /// How many files to pass over.
    package var offset = 0
    /// Files, at most.
    package var limit: Int

    /// The first page of so many files.
    package init(limit: Int) { self.limit = limit }
}

extension Store {
    /// A page of the files of a consignment in the order of their paths as bytes, after the path `after`, or after so
    /// many.
    public func files(
        of consignment: Consignment, _ selection: FilePageSelection, after: [UInt8]?, skipping offset: Int = 0,
        limit: Int
    ) throws -> Page<FileReport> {
        var page = FilesPage(limit: limit)
        (page.selection, page.after, page.offset) = (selection, after, offset)
        let wanted = page
        return try read { db in
            Page(
                try db.files(of: consignment, wanted), limit: limit,
                total: try db.countFiles(of: [consignment], selection)[0])
        }
    }

    /// The same page of each of these consignments, in two statements.
    package func files(of consignments: [Consignment], _ page: FilesPage) throws -> [Page<FileReport>] {
        try read { db in
            let totals = try db.countFiles(of: consignments, page.selection)
            // One is read in the order of the index; several would have to be sorted.
            let files =
                consignments.count == 1
                ? [try db.files(of: consignments[0], page)] : try db.files(of: consignments, page)
            return zip(files, totals).map { Page($0, limit: page.limit, total: $1) }
        }
    }
}

extension Page {
    /// Of one item more than the limit the last tells that there is more.
    fileprivate init(_ found: [Item], limit: Int, total: Int) {
        self.init(items: Array(found.prefix(limit)), hasNext: found.count > limit, total: total)
    }
}

extension Database {
    private static let tables = """
        LEFT JOIN fileStatus ON fileStatus.fileId = file.id LEFT JOIN file AS parent ON parent.id = file.parentId
        """

    private func arguments(_ page: FilesPage, _ place: any DatabaseValueConvertible) -> StatementArguments {
        StatementArguments(
            page.selection.arguments.merging([
                "place": place, "after": page.after.map { Data($0) }, "limit": page.limit + 1, "offset": page.offset,
            ]) { $1 })
    }

    /// The files of the page, and one more where there is one.
    fileprivate func files(of consignment: Consignment, _ page: FilesPage) throws -> [FileReport] {
        let rows = try Row.fetchCursor(
            cachedStatement(
                sql: """
                    SELECT \(FileReport.columns) FROM file \(Database.tables)
                    WHERE \(page.selection.condition(":place")) \(page.after == nil ? "" : "AND file.path > :after")
                    ORDER BY file.path LIMIT :limit OFFSET :offset
                    """), arguments: arguments(page, consignment.row))
        var files: [FileReport] = []
        while let row = try rows.next() { files.append(try FileReport(row)) }
        return files
    }

    /// The same of several consignments.
    fileprivate func files(of consignments: [Consignment], _ page: FilesPage) throws -> [[FileReport]] {
        let place = FileStatusType.allCases.count + 10
        let rows = try Row.fetchCursor(
            cachedStatement(
                sql: """
                    SELECT \(FileReport.columns), asked.value FROM json_each(:place) AS asked CROSS JOIN file
                        \(Database.tables)
                    WHERE file.id IN (SELECT file.id FROM file WHERE \(page.selection.condition("asked.value"))
                        \(page.after == nil ? "" : "AND file.path > :after") ORDER BY file.path
                        LIMIT :limit OFFSET :offset)
                    ORDER BY asked.value, file.path
                    """), arguments: arguments(page, jsonList(Set(consignments.map(\.row)).sorted())))
        var found: [Int64: [FileReport]] = [:]
        while let row = try rows.next() { found[try row.value(place), default: []].append(try FileReport(row)) }
        return consignments.map { found[$0.row] ?? [] }
    }

    /// How many files each of these consignments has of the selection.
    fileprivate func countFiles(of consignments: [Consignment], _ selection: FilePageSelection) throws -> [Int] {
        if selection.isAll {
            let tallies = try tallies(of: consignments)
            return consignments.map { one in
                let tally = tallies[one.row] ?? Tally()
                return switch selection.type {
                case .file: tally.files
                case .folder: tally.folders
                case nil: tally.files + tally.folders
                }
            }
        }
        var arguments = selection.arguments
        arguments["place"] = jsonList(consignments.map(\.row))
        return try Int.fetchAll(
            self,
            sql: """
                SELECT (SELECT count(*) FROM file WHERE \(selection.condition("asked.value")))
                FROM json_each(:place) AS asked ORDER BY asked.key
                """, arguments: StatementArguments(arguments))
    }
}
