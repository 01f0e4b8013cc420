import FoundationEssentials
import GRDB

extension Store {
    /// Asks for a review, approves or rejects: the step moves, and the log has an entry, together.
    ///
    /// - Throws: ``ReviewError``, ``StoreError``.
    public func review(_ action: ReviewAction, of consignment: Consignment, notes: String, run: RunInfo) throws {
        let count = notes.unicodeScalars.count
        if count > ReviewError.longestNotes { throw ReviewError.notesTooLong(count) }
        if action == .rejection, notes.trimmed.isEmpty { throw ReviewError.notesMissing }
        let lock = try ConsignmentLock(consignment, in: self, for: "review")
        defer { withExtendedLifetime(lock) {} }
        let runID = try begin(run)
        let now = clock()
        try write { db in
            let steps = try db.statuses(of: consignment)
            func refuse(_ reason: String) -> ReviewError { .notNow(consignment.reference, action, reason: reason) }
            if steps[.export] == .completed || steps[.export] == .inProgress { throw refuse("it was exported") }
            if action == .submission, steps[.upload] != .completed { throw refuse("its upload is not complete") }
            switch (action, steps[.metadataReview]) {
            case (.submission, nil), (.submission, .completedWithIssues), (.submission, .failed):
                try db.move(consignment, .metadataReview, to: .inProgress, run: runID, at: now)
            case (.approval, .inProgress):
                try db.move(consignment, .metadataReview, to: .completed, run: runID, at: now)
            case (.rejection, .inProgress), (.rejection, .completed):
                // What was approved is opened again first.
                try db.move(consignment, .metadataReview, to: .inProgress, run: runID, at: now)
                try db.move(consignment, .metadataReview, to: .completedWithIssues, run: runID, at: now)
            case (.submission, .inProgress): throw refuse("a review was requested already")
            case (.submission, .completed): throw refuse("it is approved already")
            case (.confirmation, _): throw refuse("custody is confirmed by the export")
            case (_, nil): throw refuse("no review was requested; run `tdr review request \(consignment.reference)`")
            default: throw refuse("its review has ended; run `tdr review request \(consignment.reference)`")
            }
            try db.logReview(action, of: consignment, notes: notes, run: runID, at: now)
            try db.tellOfReview(of: consignment, at: now)
            try confirmIfWished(consignment, db, run: runID, at: now)
        }
    }

    /// The log of the reviews of a consignment, oldest first.
    public func reviews(of consignment: Consignment) throws -> [ReviewEntry] {
        try reviews(of: [consignment]).first ?? []
    }

    /// The same of each of these consignments, in one statement.
    package func reviews(of consignments: [Consignment]) throws -> [[ReviewEntry]] {
        let list = "[" + consignments.map { String($0.row) }.joined(separator: ",") + "]"
        return try read { db in
            let rows = try Row.fetchAll(
                db,
                sql: """
                    \(ReviewEntry.selection) WHERE log.consignmentId IN (SELECT value FROM json_each(?))
                    ORDER BY log.id
                    """, arguments: [list])
            var found: [Int64: [ReviewEntry]] = [:]
            for row in rows {
                guard let entry = try ReviewEntry(row, store: id) else { continue }
                found[try row.value(1), default: []].append(entry)
            }
            return consignments.map { found[$0.row] ?? [] }
        }
    }

    /// The consignments whose metadata is or was under review, those that wait for a decision first and of these the
    /// last ones; at most so many.
    public func reviewedConsignments(_ status: String?, limit: Int) throws -> [ReviewedConsignment] {
        let order: [ReviewAction] = [.submission, .rejection, .approval, .confirmation]
        let wanted = order.filter { status == nil || $0.reviewStatus == status }
        return try read { db in
            var found: [ReviewedConsignment] = []
            for action in wanted where found.count < limit {
                let rows = try Row.fetchAll(
                    db,
                    sql: """
                        \(ReviewEntry.selection) WHERE log.action = ? AND log.id =
                            (SELECT max(id) FROM metadataReviewLog WHERE consignmentId = log.consignmentId)
                        ORDER BY log.id DESC LIMIT ?
                        """, arguments: [action.rawValue, limit - found.count])
                let facts = try db.facts(rows.map { try $0.value(1) })
                let consignments = Dictionary(facts.map { ($0.consignment.row, $0.consignment) }) { $1 }
                for row in rows {
                    guard let entry = try ReviewEntry(row, store: id), let one = consignments[try row.value(1)] else {
                        continue
                    }
                    found.append(ReviewedConsignment(consignment: one, last: entry))
                }
            }
            return found
        }
    }
}

extension ReviewEntry {
    /// What ``init(_:store:)`` reads.
    fileprivate static let selection = """
        SELECT log.id, log.consignmentId, action, actor, datetime, notes, user.uuid
        FROM metadataReviewLog AS log JOIN run ON run.id = runId LEFT JOIN user ON user.login = actor
        """

    fileprivate init?(_ row: Row, store: RecordID) throws {
        guard let action = ReviewAction(rawValue: try row.value(2)) else { return nil }
        let number: Int64 = try row.value(0)
        self.init(
            id: .derived(from: store, name: Array("review \(number)".utf8)), action: action, login: try row.value(3),
            user: (try row.value(6) as Data?).flatMap { RecordID(bytes: Array($0)) },
            datetime: Timestamp(milliseconds: try row.value(4)), notes: try row.value(5))
    }
}

/// A consignment whose metadata is or was under review.
public struct ReviewCase: Sendable {
    /// The consignment, with what decides who may touch it.
    public let facts: ConsignmentFacts
    /// How far the review is.
    public let status: ConsignmentStatusValue
    /// When that changed last: for one that waits, when it was asked for.
    public let since: Timestamp

    /// Where it stands in the list.
    public var place: ReviewPlace { ReviewPlace(since: since, row: facts.consignment.row) }
}

/// A place in the list of reviews, as text between two pages.
public struct ReviewPlace: Sendable, CustomStringConvertible {
    let since: Timestamp
    let row: Int64

    init(since: Timestamp, row: Int64) { (self.since, self.row) = (since, row) }

    /// nil for what is no place.
    public init?(_ text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false).map { Int64($0) }
        guard parts.count == 2, let since = parts[0], let row = parts[1] else { return nil }
        self.init(since: Timestamp(milliseconds: since), row: row)
    }

    /// As it stands in an address.
    public var description: String { "\(since.milliseconds)-\(row)" }
}

extension Store {
    /// Reviews that are so far, those that have waited longest first, after `place`.
    public func reviews(
        _ status: ConsignmentStatusValue, after place: ReviewPlace?, limit: Int
    ) throws -> (cases: [ReviewCase], hasNext: Bool) {
        try read { db in
            let rows = try Row.fetchAll(
                db.cachedStatement(
                    sql: """
                        SELECT \(ConsignmentFacts.columns(isUnderReview: "1")), review.modified AS since
                        FROM consignmentStatus AS review JOIN consignment ON consignment.id = review.consignmentId
                            LEFT JOIN delivery ON delivery.consignmentId = consignment.id
                        WHERE review.statusType = 'MetadataReview' AND review.value = ?
                            AND (review.modified, review.consignmentId) > (?, ?)
                            AND NOT EXISTS (SELECT 1 FROM cancellation AS c WHERE c.consignmentId = consignment.id)
                        ORDER BY review.modified, review.consignmentId LIMIT ?
                        """),
                arguments: [
                    status.rawValue, place?.since.milliseconds ?? Int64.min, place?.row ?? 0, limit + 1,
                ])
            let cases = try rows.prefix(limit).map { row in
                ReviewCase(
                    facts: try ConsignmentFacts(row), status: status,
                    since: Timestamp(milliseconds: try row.value("since")))
            }
            return (cases, rows.count > limit)
        }
    }
}

extension Database {
    /// Tells others where the review is now.
    fileprivate func tellOfReview(of consignment: Consignment, at time: Timestamp) throws {
        guard let status = try statuses(of: consignment)[.metadataReview] else { return }
        let tally = try tally(of: consignment)
        let (closed, total) = (tally[Tally.closed, ""], tally.files)
        try notify(
            status == .inProgress
                ? .metadataReviewRequested(closedRecords: closed, totalRecords: total)
                : .metadataReviewDecided(status: status, closedRecords: closed, totalRecords: total, urlLink: nil),
            of: consignment, at: time)
    }

    func logReview(
        _ action: ReviewAction, of consignment: Consignment, notes: String, run: RunID, at time: Timestamp
    ) throws {
        try execute(
            sql: "INSERT INTO metadataReviewLog (consignmentId, runId, action, datetime, notes) VALUES (?, ?, ?, ?, ?)",
            arguments: [consignment.row, run.row, action.rawValue, time.milliseconds, notes])
        try recordEvent(
            run, at: time, consignment: consignment.row, "MetadataReview\(action.rawValue)",
            new: notes.isEmpty ? nil : notes)
    }
}
