import GRDB
import Streams

/// What is known of a consignment beside its steps and counts, and seldom there.
package struct ConsignmentDetails: Sendable {
    /// System files left out.
    package var excluded = 0
    /// Links and special files left out.
    package var skipped = 0
    /// The login of whoever wished that the transfer is confirmed when the checks end clean.
    package var confirmsWhenClean: String?
    /// Where its bags are, as far as they are looked after.
    package var exports: [ExportCopy] = []
    /// Uploads of its bags that have not ended.
    package var unfinishedUploads: [UnfinishedUpload] = []
    /// Files that were taken out of it.
    package var withdrawnFiles = 0
    /// When and why it was cancelled.
    package var cancellation: Cancellation?
    /// How many files are like others; nil when not counted since the last change.
    package var likeness: LikenessCounts?

    /// Nothing of all that.
    package init() {}
}

extension Store {
    /// The details of each of these consignments as they were when one of them was first asked for.
    package func details(of consignments: [ConsignmentFacts]) throws -> [ConsignmentDetails] {
        let known = consignments.compactMap(\.detailed.known)
        if known.count == consignments.count { return known }
        let found = try read { try $0.details(of: consignments.map(\.consignment)) }
        for (facts, details) in zip(consignments, found) { facts.detailed.known = details }
        return found
    }
}

extension Database {
    /// The details of each of these consignments, in as many statements as for one.
    func details(of consignments: [Consignment]) throws -> [ConsignmentDetails] {
        var found: [Int64: ConsignmentDetails] = [:]
        let rows = jsonList(consignments.map(\.row))
        /// What these columns of a table say of each consignment, where the condition holds.
        func each(
            _ columns: String, _ table: String, where condition: String = "1", grouped: String = "",
            _ take: (inout ConsignmentDetails, Row) throws -> Void
        ) throws {
            let statement = try cachedStatement(
                sql: """
                    SELECT \(columns), consignmentId FROM \(table)
                    WHERE consignmentId IN (SELECT value FROM json_each(?)) AND \(condition) \(grouped)
                    """)
            for row in try Row.fetchAll(statement, arguments: [rows]) {
                try take(&found[try row.value("consignmentId"), default: ConsignmentDetails()], row)
            }
        }
        try each(
            "statusType, count", "tally", where: "statusType IN ('\(Tally.excluded)', '\(Tally.skipped)')"
        ) { details, row in
            let count: Int = try row.value(1)
            if try row.value(0) == Tally.excluded { details.excluded += count } else { details.skipped += count }
        }
        try each(
            "value", "consignmentMetadata", where: "propertyName = '\(ConsignmentPolicy.confirmWhenClean)'"
        ) { $0.confirmsWhenClean = try $1.value(0) }
        try each("count(*)", "withdrawnFile", where: "fileType = 'File'", grouped: "GROUP BY consignmentId") {
            $0.withdrawnFiles = try $1.value(0)
        }
        try each(Cancellation.columns, "cancellation") { $0.cancellation = try Cancellation($1) }
        try each(LikenessCounts.columns, "likeness") { $0.likeness = try LikenessCounts($1) }
        let copies = try exportCopies(
            "consignmentId IN (SELECT value FROM json_each(?)) AND retired IS NULL", [rows])
        for copy in copies { found[copy.consignment, default: ConsignmentDetails()].exports.append(copy) }
        for (row, uploads) in try unfinishedUploads(of: consignments) {
            found[row, default: ConsignmentDetails()].unfinishedUploads = uploads
        }
        return consignments.map { found[$0.row] ?? ConsignmentDetails() }
    }
}
