import FoundationEssentials
import GRDB
public import Streams

/// What a look at an exported bag gave.
public enum FixityResult: String, Sendable, CaseIterable {
    /// The bag is valid, and its digest is the one that was recorded.
    case valid = "Valid"
    /// It is a valid bag, but not the one that was exported.
    case altered = "Altered"
    /// It is no valid bag any more.
    case invalid = "Invalid"
    /// It is not where it was exported to.
    case missing = "Missing"
    /// It could not be looked at: nothing is known.
    case notVerified = "NotVerified"
}

/// A bag that was exported: where, when, and what is known of it since.
public struct ExportCopy: Sendable {
    /// The consignment's reference.
    public let reference: ConsignmentReference
    /// A path, or `s3://bucket/key`.
    public let location: BytePath
    /// The S3 server, by its address or AWS's region; nil elsewhere.
    public let endpoint: String?
    /// The SHA-256 of the archive, or of a folder's `tagmanifest-sha256.txt`; nil where none was recorded.
    public let sha256: SHA256Digest?
    /// When it was exported there, the last time.
    public let exported: Timestamp
    /// When a look at it came to a result.
    public let verified: Timestamp?
    /// When somebody tried to look at it.
    public let looked: Timestamp?
    /// What that gave; nil when nobody has looked yet.
    public let result: FixityResult?
    /// The result in words.
    public let remark: String?
    let server: S3Server?
    let row: Int64
    let consignment: Int64

    /// Whether somebody must act: a look came to a result, and a bad one.
    public var isAmiss: Bool { [.altered, .invalid, .missing].contains(result) }
}

extension Store {
    /// The exported bags of these consignments, or of all, that have not been retired: the longest unverified first.
    ///
    /// - Parameter before: Leaves out those that were found valid, or exported and never looked at, after this moment.
    public func exportCopies(of consignments: [Consignment] = [], before: Timestamp? = nil) throws -> [ExportCopy] {
        let wanted = Set(consignments.map(\.row))
        return try read { try $0.exportCopies("retired IS NULL", []) }.filter { copy in
            guard wanted.isEmpty || wanted.contains(copy.consignment) else { return false }
            guard let before else { return true }
            // What was amiss or could not be looked at is looked at again each time.
            return copy.result != nil && copy.result != .valid || copy.verified ?? copy.exported <= before
        }
    }

    /// Records what a look at a copy gave, with its entry in the history.
    func record(_ result: FixityResult, _ remark: String?, of copy: ExportCopy, run: RunID) throws {
        let now = clock()
        try write { db in
            try db.execute(
                sql: """
                    UPDATE exportCopy SET looked = ?1, verified = iif(?2 = 'NotVerified', verified, ?1), result = ?2,
                        remark = ?3 WHERE id = ?4
                    """, arguments: [now.milliseconds, result.rawValue, remark, copy.row])
            try db.recordEvent(
                run, at: now, consignment: copy.consignment, "ExportVerified", old: copy.result?.rawValue,
                new: "\(result.rawValue): \(copy.location.display)" + (remark.map { ": \($0)" } ?? ""))
        }
    }

    /// Looks at a copy no more, with the reason in the history.
    ///
    /// - Throws: ``StoreError``.
    public func retire(_ copy: ExportCopy, reason: String, run: RunInfo) throws {
        let runID = try begin(run)
        let now = clock()
        try write { db in
            try db.execute(
                sql: "UPDATE exportCopy SET retired = ? WHERE id = ?", arguments: [now.milliseconds, copy.row])
            try db.recordEvent(
                runID, at: now, consignment: copy.consignment, "ExportRetired", old: copy.location.display, new: reason)
        }
    }
}

extension Database {
    /// Remembers where a bag is, or that it is there again.
    func rememberExport(
        of consignment: Int64, _ location: BytePath, _ server: S3Server?, sha256: SHA256Digest?, at time: Timestamp
    ) throws {
        try execute(
            sql: """
                INSERT INTO exportCopy (consignmentId, location, endpoint, address, region, style, sha256, exported)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT DO UPDATE SET sha256 = excluded.sha256, exported = excluded.exported, retired = NULL,
                    address = excluded.address, region = excluded.region, style = excluded.style, verified = NULL,
                    looked = NULL, result = NULL, remark = NULL
                """,
            arguments: [
                consignment, Data(location.bytes), server?.name ?? "", server?.address, server?.region,
                server?.style?.rawValue, sha256.map { Data($0.bytes) }, time.milliseconds,
            ])
    }

    /// What the history of an older store says of its exports.
    func rememberExports() throws {
        let rows = try Row.fetchAll(
            self, sql: "SELECT consignmentId, datetime, old, new FROM event WHERE what = 'Exported' ORDER BY id")
        for row in rows {
            try rememberExport(
                of: try row.value(0), BytePath(bytes(ofDisplayName: try row.value(3))), nil,
                sha256: (try row.value(2) as String?).flatMap { SHA256Digest(hex: $0.utf8) },
                at: Timestamp(milliseconds: try row.value(1)))
        }
    }

    func exportCopies(of consignment: Consignment) throws -> [ExportCopy] {
        try exportCopies("consignmentId = ? AND retired IS NULL", [consignment.row])
    }

    /// The same of the consignments whose rows this JSON lists.
    func exportCopies(ofRows list: String) throws -> [ExportCopy] {
        try exportCopies("consignmentId IN (SELECT value FROM json_each(?)) AND retired IS NULL", [list])
    }

    fileprivate func exportCopies(_ condition: String, _ arguments: StatementArguments) throws -> [ExportCopy] {
        try Row.fetchAll(
            cachedStatement(
                sql: """
                    SELECT exportCopy.id, consignmentId, reference, location, endpoint, address, region, style, sha256,
                        exportCopy.exported, verified, looked, result, remark
                    FROM exportCopy JOIN consignment ON consignment.id = consignmentId
                    WHERE \(condition) ORDER BY coalesce(verified, exportCopy.exported), exportCopy.id
                    """), arguments: arguments
        ).map { try ExportCopy($0) }
    }
}

extension ExportCopy {
    fileprivate init(_ row: Row) throws {
        guard let reference = ConsignmentReference(try row.value(2) as String) else {
            throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "a row of the exports makes no sense")
        }
        let endpoint: String = try row.value(4)
        let region: String? = try row.value(6)
        self.init(
            reference: reference, location: BytePath(Array(try row.value(3) as Data)),
            endpoint: endpoint.isEmpty ? nil : endpoint,
            sha256: (try row.value(8) as Data?).flatMap { SHA256Digest($0) },
            exported: Timestamp(milliseconds: try row.value(9)),
            verified: (try row.value(10) as Int64?).map(Timestamp.init(milliseconds:)),
            looked: (try row.value(11) as Int64?).map(Timestamp.init(milliseconds:)),
            result: (try row.value(12) as String?).flatMap(FixityResult.init), remark: try row.value(13),
            server: try region.map { region in
                S3Server(
                    address: try row.value(5), region: region,
                    style: (try row.value(7) as String?).flatMap(S3Options.Style.init))
            }, row: try row.value(0), consignment: try row.value(1))
    }
}
