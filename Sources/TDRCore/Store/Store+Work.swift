import GRDB

/// Something that is under way at the archive, or waits for it.
public struct WorkUnderWay: Sendable {
    /// What it is.
    public enum Kind: String, Sendable, CaseIterable {
        /// Files are arriving.
        case upload
        /// Files are being checked, or wait for it.
        case check
        /// A bag is being written, or waits for it.
        case export
    }

    /// What is done.
    public let kind: Kind
    /// To which consignment.
    public let consignment: Consignment
    /// Since when.
    public let since: Timestamp
    /// What is counted of it.
    public let counts: ConsignmentCounts
    /// Whether a process is at it now. Uploads are worked on when something arrives.
    public let isHeld: Bool
}

extension Store {
    /// What is under way, the oldest first, at most so much.
    public func workUnderWay(limit: Int) throws -> [WorkUnderWay] {
        let rows = try read { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT consignmentId, min(statusType), max(modified) FROM consignmentStatus
                    WHERE value = 'InProgress'
                        AND statusType IN ('Upload', 'ServerAntivirus', 'ServerChecksum', 'ServerFFID', 'Export')
                        AND NOT EXISTS (SELECT 1 FROM cancellation
                            WHERE cancellation.consignmentId = consignmentStatus.consignmentId)
                    GROUP BY consignmentId ORDER BY max(modified), consignmentId LIMIT ?
                    """, arguments: [limit]
            ).map { row in
                let type: String = try row.value(1)
                let kind: WorkUnderWay.Kind = type == "Upload" ? .upload : type == "Export" ? .export : .check
                return (
                    kind, try db.consignment(row: try row.value(0)),
                    Timestamp(milliseconds: try row.value(2))
                )
            }
        }
        return zip(rows, try counts(of: rows.map(\.1))).map { row, counts in
            WorkUnderWay(
                kind: row.0, consignment: row.1, since: row.2, counts: counts, isHeld: isBeingWorkedOn(row.1))
        }
    }
}
