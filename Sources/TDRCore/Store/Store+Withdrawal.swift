import FoundationEssentials
import GRDB
public import Streams

/// What is taken out of a consignment.
struct Withdrawal {
    let path: RelativePath
    let reason: String
    /// Whether the bytes go, too.
    let purges: Bool
}

extension Store {
    /// Takes a file, or a folder with all that it holds, out of the consignment: its rows, its counts and its share in
    /// the steps, in one transaction with an entry in the history for each.
    ///
    /// - Throws: ``RepairError/unknownPath(_:_:)``, ``RepairError/lastFile(_:)``.
    func withdraw(_ what: Withdrawal, from consignment: Consignment, run: RunID) throws -> WithdrawalSummary {
        let now = clock()
        return try write { db in
            let branch = Branch(what.path, of: consignment)
            guard try db.entry(what.path, in: consignment) != nil else {
                guard what.purges, try db.isWithdrawn(what.path, in: consignment) else {
                    throw RepairError.unknownPath(consignment.reference, what.path)
                }
                try db.purgeWithdrawn(branch, what, in: consignment, run: run, at: now)
                return WithdrawalSummary(files: 0, folders: 0, bytes: 0, isPurged: true)
            }
            let all = try db.tally(of: consignment)
            var change = TallyChange()
            let summary = try db.tellOfWithdrawal(branch, what, in: consignment, run: run, at: now, tally: &change)
            guard summary.files < all.files else { throw RepairError.lastFile(consignment.reference) }
            try db.move(branch, what, to: consignment, at: now)
            try db.apply(change, to: consignment)
            try db.settleSteps(of: consignment, run: run, at: now)
            return summary
        }
    }

    /// Cancels the consignment: nothing of it is checked, changed or exported any more.
    func cancel(_ consignment: Consignment, reason: String, purges: Bool, run: RunID) throws {
        let now = clock()
        try write { db in
            let old = try db.cancellation(of: consignment)
            if old == nil {
                try db.execute(
                    sql: "INSERT INTO cancellation (consignmentId, datetime, reason, isPurged) VALUES (?, ?, ?, 0)",
                    arguments: [consignment.row, now.milliseconds, reason])
                try db.recordEvent(run, at: now, consignment: consignment.row, "Cancelled", new: reason)
            }
            guard purges, !(old?.isPurged ?? false) else { return }
            try db.execute(
                sql: "UPDATE cancellation SET isPurged = 1 WHERE consignmentId = ?", arguments: [consignment.row])
            try db.recordEvent(run, at: now, consignment: consignment.row, "ObjectsPurged", new: reason)
        }
    }
}

/// A file that was taken out of its consignment.
public struct WithdrawnFile: Sendable {
    /// Where it was.
    public let path: RelativePath
    /// Why.
    public let reason: String
    /// When.
    public let datetime: Timestamp
}

extension Store {
    /// The first files by path that were taken out of the consignment.
    public func withdrawnFiles(of consignment: Consignment, limit: Int) throws -> [WithdrawnFile] {
        try read { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT path, reason, withdrawn FROM withdrawnFile
                    WHERE consignmentId = ? AND fileType = 'File' ORDER BY path LIMIT ?
                    """, arguments: [consignment.row, limit]
            ).compactMap { row in
                guard let path = RelativePath(Array(try row.value(0) as Data)) else { return nil }
                return WithdrawnFile(
                    path: path, reason: try row.value(1), datetime: Timestamp(milliseconds: try row.value(2)))
            }
        }
    }
}

/// An entry and all that it holds, as a condition on rows with a `consignmentId` and a `path`: a range of an index.
private struct Branch {
    let condition = "consignmentId = ? AND (path = ? OR path > ? AND path < ?)"
    let arguments: StatementArguments

    init(_ path: RelativePath, of consignment: Consignment) {
        let slash = UInt8(ascii: "/")
        arguments = [
            consignment.row, Data(path.bytes), Data(path.bytes + [slash]), Data(path.bytes + [slash + 1]),
        ]
    }
}

extension Database {
    /// The entries in the history, and what the counts lose.
    fileprivate func tellOfWithdrawal(
        _ branch: Branch, _ what: Withdrawal, in consignment: Consignment, run: RunID, at time: Timestamp,
        tally: inout TallyChange
    ) throws -> WithdrawalSummary {
        var (files, folders) = (0, 0)
        var bytes: Int64 = 0
        let rows = try Row.fetchCursor(
            self,
            sql: """
                SELECT file.id, path, fileType, reference, size, sha256, coalesce(problem, 0), \(FileStatuses.columns)
                FROM (SELECT * FROM file WHERE \(branch.condition)) AS file
                    LEFT JOIN fileStatus ON fileStatus.fileId = file.id ORDER BY path
                """, arguments: branch.arguments)
        while let row = try rows.next() {
            try Task.checkCancellation()
            guard let path = RelativePath(Array(try row.value(1) as Data)),
                let type = FileType(rawValue: try row.value(2))
            else { throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "a file's row makes no sense") }
            let size: Int64? = try row.value(4)
            tally.add(Tally.type, type.rawValue, -1)
            tally.add(Tally.size, "", Int(-(size ?? 0)))
            tally.add(Tally.problem, "", -(try row.value(6) as Int))
            let statuses = try FileStatuses(row, from: 7)
            for status in FileStatusType.allCases {
                guard let value = statuses[status] else { continue }
                tally.add(type == .folder ? Tally.folderUpload : status.rawValue, value.rawValue, -1)
            }
            if type == .file { files += 1 } else { folders += 1 }
            bytes += size ?? 0
            try recordEvent(
                run, at: time, consignment: consignment.row, file: try row.value(0), "Withdrawn",
                old: EventText.entry(
                    path, reference: FileReference(number: UInt64(try row.value(3) as Int64)), size: size,
                    sha256: (try row.value(5) as Data?).flatMap { SHA256Digest($0) }),
                new: what.purges ? "\(what.reason) (bytes removed)" : what.reason)
        }
        return WithdrawalSummary(files: files, folders: folders, bytes: bytes, isPurged: what.purges)
    }

    /// Moves the rows out of `file`, and removes what other tables say of them.
    fileprivate func move(_ branch: Branch, _ what: Withdrawal, to consignment: Consignment, at time: Timestamp) throws
    {
        try execute(
            sql: """
                INSERT INTO withdrawnFile (id, consignmentId, uuid, fileType, path, reference, object, size, modified,
                    sha256, reason, withdrawn, isPurged)
                SELECT id, consignmentId, uuid, fileType, path, reference, object, size, modified, sha256, ?, ?, ?
                FROM file WHERE \(branch.condition)
                """, arguments: [what.reason, time.milliseconds, what.purges] + branch.arguments)
        if what.purges, consignment.storage == .copied { try discardObjects(of: branch, in: "file") }
        // Whatever table speaks of files: those of later versions, too.
        let tables = try Row.fetchAll(
            self,
            sql: """
                SELECT m.name, f."from" FROM sqlite_schema AS m, pragma_foreign_key_list(m.name) AS f
                WHERE m.type = 'table' AND lower(f."table") = 'file' AND lower(m.name) <> 'file'
                """)
        for table in tables {
            let (name, column): (String, String) = (try table.value(0), try table.value(1))
            try execute(
                sql: """
                    DELETE FROM "\(name)" WHERE "\(column)" IN (SELECT id FROM file WHERE \(branch.condition))
                    """, arguments: branch.arguments)
        }
        try execute(sql: "DELETE FROM file WHERE \(branch.condition)", arguments: branch.arguments)
    }

    /// Lets go of the bytes of what was withdrawn before.
    fileprivate func purgeWithdrawn(
        _ branch: Branch, _ what: Withdrawal, in consignment: Consignment, run: RunID, at time: Timestamp
    ) throws {
        if consignment.storage == .copied { try discardObjects(of: branch, in: "withdrawnFile") }
        try execute(
            sql: "UPDATE withdrawnFile SET isPurged = 1 WHERE \(branch.condition)", arguments: branch.arguments)
        try recordEvent(
            run, at: time, consignment: consignment.row, "ObjectsPurged",
            old: EventText.entry(what.path, size: nil, sha256: nil), new: what.reason)
    }

    private func discardObjects(of branch: Branch, in table: String) throws {
        try execute(
            sql: """
                INSERT OR IGNORE INTO discardedObject (consignmentId, object)
                SELECT consignmentId, coalesce(object, uuid) FROM \(table)
                WHERE \(branch.condition) AND sha256 IS NOT NULL
                """, arguments: branch.arguments)
    }
}
