import GRDB

/// Files of a consignment whose format check rests on other signatures than those in use.
public struct OlderFormatCheck: Sendable, Hashable {
    /// The consignment.
    public let reference: String
    /// The program that made the check.
    public let software: String
    /// The binary signature file it went by; empty for a check without PRONOM.
    public let binaryFile: String
    /// The container signature file.
    public let containerFile: String
    /// Files that were checked with it.
    public let files: Int
    /// Whether the consignment has left the store: custody has passed, and no check can change that.
    public let isExported: Bool
}

extension Store {
    /// The consignments that were checked with other signatures than these, in the order they were made.
    ///
    /// - Throws: ``StoreError``.
    public func formatChecks(otherThan signatures: Signatures) throws -> [OlderFormatCheck] {
        try read { db in
            let rows = try Row.fetchAll(
                db,
                sql: """
                    SELECT consignment.reference, software, databaseVersion, containerVersion, count(*), exported IS NOT NULL
                    FROM formatMatch JOIN engine ON engine.id = engineId
                        JOIN file ON file.id = fileId JOIN consignment ON consignment.id = consignmentId
                    WHERE position = 0 AND engine.kind = 'format'
                        AND (databaseVersion <> ? OR containerVersion <> ?)
                    GROUP BY consignment.id, engine.id ORDER BY consignment.id, engine.id
                    """, arguments: [signatures.binaryFile, signatures.containerFile])
            return rows.map {
                OlderFormatCheck(
                    reference: $0[0], software: $0[1], binaryFile: $0[2], containerFile: $0[3], files: $0[4],
                    isExported: $0[5])
            }
        }
    }
}
