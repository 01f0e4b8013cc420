import FoundationEssentials
import GRDB
import Streams

/// What is counted of a consignment.
public struct ConsignmentCounts: Sendable {
    private let tally: Tally
    /// Whether it was decided to make no antivirus check.
    public let withoutAntivirus: Bool

    init(_ tally: Tally, withoutAntivirus: Bool) {
        self.tally = tally
        self.withoutAntivirus = withoutAntivirus
    }

    /// Files, without folders.
    public var files: Int { tally.files }
    /// Folders.
    public var folders: Int { tally.folders }
    /// Bytes of all files that have arrived.
    public var bytes: Int { tally.bytes }
    /// Files whose bytes have arrived.
    public var received: Int { tally[.upload, .success] }
    /// Files that are closed to the public.
    public var closedRecords: Int { tally[Tally.closed, ""] }
    /// Files with a status that somebody must act on.
    public var filesWithProblems: Int { tally[Tally.problem, ""] }
    /// Files with an answer of the antivirus check, whatever it is.
    public var antivirusProcessed: Int { processed(.antivirus) }
    /// Files with an answer of the checksum check.
    public var checksumProcessed: Int { processed(.checksum) }
    /// Files with an answer of the format check.
    public var ffidProcessed: Int { processed(.format) }

    /// Whether there are files and every one has passed every check that is wanted.
    public var allChecksSucceeded: Bool {
        guard files > 0, received == files, filesWithProblems == 0 else { return false }
        let wanted = CheckKind.allCases.filter { $0 != .antivirus || !withoutAntivirus }
        return wanted.allSatisfy { $0.statusTypes.allSatisfy { tally[$0, .success] == files } }
    }

    /// How many files have each value of each status, without those that have none.
    public var byStatus: [(type: FileStatusType, value: FileStatusValue, count: Int)] {
        FileStatusType.allCases.flatMap { type in
            tally.counts(of: type).compactMap { value, count in
                value.flatMap { count > 0 ? (type, $0, count) : nil }
            }.sorted { $0.1.rawValue < $1.1.rawValue }
        }
    }

    private func processed(_ kind: CheckKind) -> Int {
        kind.statusTypes.map { type in
            tally.counts(of: type).reduce(0) { $0 + ($1.key == nil ? 0 : $1.value) }
        }.min() ?? 0
    }
}

extension Store {
    /// The counts of each of these consignments as they were when one of them was first asked for.
    package func counts(of consignments: [ConsignmentFacts]) throws -> [ConsignmentCounts] {
        let known = consignments.compactMap(\.counted.known)
        if known.count == consignments.count { return known }
        let found = try counts(of: consignments.map(\.consignment))
        for (facts, counts) in zip(consignments, found) { facts.counted.known = counts }
        return found
    }

    /// The counts of each of these consignments, in two statements.
    package func counts(of consignments: [Consignment]) throws -> [ConsignmentCounts] {
        try read { db in
            let found = try db.tallies(of: consignments)
            let wanted = RowSet(consignments.map(\.row))
            let unscanned = Set(
                try Int64.fetchAll(
                    db.cachedStatement(
                        sql: """
                            SELECT consignmentId FROM consignmentMetadata
                            WHERE consignmentId \(wanted.are) AND propertyName = ? AND value = 'none'
                            """), arguments: [wanted.value, ConsignmentPolicy.antivirus]))
            return consignments.map {
                ConsignmentCounts(found[$0.row] ?? Tally(), withoutAntivirus: unscanned.contains($0.row))
            }
        }
    }

    /// How often each format occurs among the files of a consignment, the commonest first.
    public func formatCounts(
        of consignment: Consignment, limit: Int
    ) throws -> [(puid: String, name: String, files: Int)] {
        try read { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT coalesce(puid, ''), coalesce(max(formatName), ''), count(*) AS files
                    FROM file JOIN formatMatch ON fileId = file.id AND position = 0
                    WHERE consignmentId = ? GROUP BY puid ORDER BY files DESC, puid LIMIT ?
                    """, arguments: [consignment.row, limit]
            ).map { (try $0.value(0), try $0.value(1), try $0.value(2)) }
        }
    }

    /// The id of the folder that each of these consignments is.
    package func topFolders(of consignments: [Consignment]) throws -> [RecordID?] {
        try read { db in
            let rows = try Row.fetchCursor(
                db.cachedStatement(
                    sql: """
                        SELECT consignment.id, file.uuid FROM consignment JOIN file
                            ON file.consignmentId = consignment.id AND file.path = parentFolder
                        WHERE consignment.id IN (SELECT value FROM json_each(?)) AND fileType = 'Folder'
                        """), arguments: [jsonList(consignments.map(\.row))])
            var found: [Int64: RecordID] = [:]
            while let row = try rows.next() {
                found[try row.value(0)] = RecordID(bytes: Array(try row.value(1) as Data))
            }
            return consignments.map { found[$0.row] }
        }
    }

    /// Whether some process works on a consignment now.
    package func isBeingWorkedOn(_ consignment: Consignment) -> Bool {
        ConsignmentLock.isHeld(consignment.id, in: self)
    }

    /// The id of a consignment's series.
    package func seriesID(of facts: ConsignmentFacts) -> RecordID? {
        facts.seriesRow.map { Database.seriesID($0, store: id) }
    }
}
