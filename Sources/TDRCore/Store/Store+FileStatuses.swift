import FoundationEssentials
import GRDB
import Streams

/// New values for some statuses of one file.
struct FileStatusChange {
    let row: Int64
    var isFolder = false
    let values: [FileStatusType: FileStatusValue]
    /// Why, for the statuses whose word alone does not tell.
    let reasons: [FileStatusType: String]
    /// What the file had before, when the caller knows it; looked up otherwise.
    var old: FileStatuses?
    /// The SHA-256 of the stored bytes, where it was computed.
    var serverSHA256: SHA256Digest?

    init(
        row: Int64, isFolder: Bool = false, values: [FileStatusType: FileStatusValue],
        reasons: [FileStatusType: String], old: FileStatuses? = nil, serverSHA256: SHA256Digest? = nil
    ) {
        self.row = row
        self.isFolder = isFolder
        self.values = values
        self.reasons = reasons
        self.old = old
        self.serverSHA256 = serverSHA256
    }
}

extension FileStatuses {
    /// The statuses in a row that has the ``columns`` from the place `first` on.
    init(_ row: Row, from first: Int) throws {
        self.init()
        for (place, type) in FileStatusType.allCases.enumerated() {
            guard let value = try row.value(first + place) as String? else { continue }
            self[type] = FileStatusValue(rawValue: value)
        }
    }

    /// The columns of `fileStatus`, in the order of the types.
    static let columns = FileStatusType.allCases.map(\.rawValue).joined(separator: ", ")
}

extension Database {
    /// The statuses of a file; nil when it has none.
    func statuses(ofFile row: Int64) throws -> FileStatuses? {
        try Row.fetchOne(
            cachedStatement(sql: "SELECT \(FileStatuses.columns) FROM fileStatus WHERE fileId = ?"), arguments: [row]
        ).map { try FileStatuses($0, from: 0) }
    }

    /// The one way in which statuses of files change: the values, their reasons, the tally and the history together.
    func apply(
        _ change: FileStatusChange, in consignment: Consignment, run: RunID, at time: Timestamp,
        tally: inout TallyChange
    ) throws {
        let old = try change.old ?? statuses(ofFile: change.row) ?? FileStatuses()
        var new = old
        var was: [String] = []
        var becomes: [String] = []
        for type in FileStatusType.allCases {
            guard let value = change.values[type] else { continue }
            new[type] = value
            if old[type] == value { continue }
            if let before = old[type] { was.append("\"\(type.rawValue)\":\"\(before.rawValue)\"") }
            becomes.append("\"\(type.rawValue)\":\"\(value.rawValue)\"")
            tally.add(change.isFolder ? Tally.folderUpload : type.rawValue, value.rawValue, 1)
            if let before = old[type] {
                tally.add(change.isFolder ? Tally.folderUpload : type.rawValue, before.rawValue, -1)
            }
        }
        if old.problems.isEmpty != new.problems.isEmpty {
            tally.add(Tally.problem, "", new.problems.isEmpty ? -1 : 1)
        }
        var arguments: [(any DatabaseValueConvertible)?] = [change.row, consignment.row]
        arguments += FileStatusType.allCases.map { new[$0]?.rawValue }
        arguments += [change.serverSHA256.map { Data($0.bytes) }, new.problems.isEmpty ? 0 : 1]
        try cachedStatement(sql: Database.upsertStatuses).execute(arguments: StatementArguments(arguments))
        try apply(change.reasons, of: change, old: old)
        if !becomes.isEmpty {
            try recordEvent(
                run, at: time, consignment: consignment.row, file: change.row, EventName.fileStatus,
                old: was.isEmpty ? nil : "{\(was.joined(separator: ","))}", new: "{\(becomes.joined(separator: ","))}")
        }
    }

    /// Takes back what the checks said of a file whose bytes are not those they saw, or what one of them said.
    func forgetChecks(
        _ checks: [CheckKind] = CheckKind.allCases, ofFile row: Int64, in consignment: Consignment, run: RunID,
        at time: Timestamp, tally: inout TallyChange
    ) throws {
        var types = checks.flatMap(\.statusTypes)
        if types.contains(where: FileStatusType.ofChecks.contains) { types.append(.clientChecks) }
        guard let old = try statuses(ofFile: row) else { return }
        var was: [String] = []
        var new = old
        for type in types {
            guard let value = old[type] else { continue }
            new[type] = nil
            was.append("\"\(type.rawValue)\":\"\(value.rawValue)\"")
            tally.add(type.rawValue, value.rawValue, -1)
            try execute(
                sql: "DELETE FROM fileReason WHERE fileId = ? AND statusType = ?", arguments: [row, type.rawValue])
        }
        if was.isEmpty { return }
        if old.problems.isEmpty != new.problems.isEmpty { tally.add(Tally.problem, "", -1) }
        let columns = types.map { "\($0.rawValue) = NULL" }.joined(separator: ", ")
        let digest = checks.contains(.checksum) ? ", serverSha256 = NULL" : ""
        try execute(
            sql: "UPDATE fileStatus SET \(columns)\(digest), problem = ? WHERE fileId = ?",
            arguments: [new.problems.isEmpty ? 0 : 1, row])
        if checks.contains(.format) { try execute(sql: "DELETE FROM formatMatch WHERE fileId = ?", arguments: [row]) }
        if checks.contains(.antivirus) {
            try execute(sql: "DELETE FROM antivirusResult WHERE fileId = ?", arguments: [row])
        }
        try recordEvent(
            run, at: time, consignment: consignment.row, file: row, EventName.checksForgotten,
            old: "{\(was.joined(separator: ","))}")
    }

    private func apply(_ reasons: [FileStatusType: String], of change: FileStatusChange, old: FileStatuses) throws {
        if !old.problems.isEmpty {
            for type in change.values.keys {
                try cachedStatement(sql: "DELETE FROM fileReason WHERE fileId = ? AND statusType = ?")
                    .execute(arguments: [change.row, type.rawValue])
            }
        }
        for (type, reason) in reasons {
            try cachedStatement(
                sql: """
                    INSERT INTO fileReason (fileId, statusType, reason) VALUES (?, ?, ?)
                    ON CONFLICT DO UPDATE SET reason = excluded.reason
                    """
            ).execute(arguments: [change.row, type.rawValue, reason])
        }
    }

    private static let upsertStatuses: String = {
        let columns = FileStatusType.allCases.map(\.rawValue)
        let places = columns.map { _ in "?" }.joined(separator: ", ")
        let updates = columns.map { "\($0) = excluded.\($0)" }.joined(separator: ", ")
        return """
            INSERT INTO fileStatus (fileId, consignmentId, \(FileStatuses.columns), serverSha256, problem)
            VALUES (?, ?, \(places), ?, ?)
            ON CONFLICT DO UPDATE SET \(updates), problem = excluded.problem,
                serverSha256 = coalesce(excluded.serverSha256, serverSha256)
            """
    }()
}
