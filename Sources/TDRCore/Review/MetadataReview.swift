/// What somebody did about a review, by the original's names.
public enum ReviewAction: String, Sendable, CaseIterable {
    case submission = "Submission"
    case approval = "Approval"
    case rejection = "Rejection"
    case confirmation = "Confirmation"

    /// Where a review is after that, by the original's words.
    public var reviewStatus: String {
        switch self {
        case .submission: "Requested"
        case .approval: "Approved"
        case .rejection: "Rejected"
        case .confirmation: "Transferred"
        }
    }
}

/// An entry of the log of reviews.
public struct ReviewEntry: Sendable {
    /// Its id.
    public let id: RecordID
    /// What was done.
    public let action: ReviewAction
    /// By whom.
    public let login: String
    /// The id of their account; nil when this store has none of that name.
    public let user: RecordID?
    /// When.
    public let datetime: Timestamp
    /// What was said.
    public let notes: String

    /// An entry with all that is known of it.
    package init(
        id: RecordID, action: ReviewAction, login: String, user: RecordID?, datetime: Timestamp, notes: String
    ) {
        self.id = id
        self.action = action
        self.login = login
        self.user = user
        self.datetime = datetime
        self.notes = notes
    }
}

/// A consignment whose metadata is or was under review.
public struct ReviewedConsignment: Sendable {
    /// The consignment.
    public let consignment: Consignment
    /// What was done last.
    public let last: ReviewEntry
}

/// Why a review did not go on.
public enum ReviewError: Error, CustomStringConvertible {
    /// The notes have more characters than the log takes.
    case notesTooLong(Int)
    /// A rejection without a word helps nobody.
    case notesMissing
    /// The consignment is not where it could be.
    case notNow(ConsignmentReference, ReviewAction, reason: String)

    /// The most characters that notes may have.
    public static let longestNotes = 1300

    /// What was found, and what to do.
    public var description: String {
        switch self {
        case .notesTooLong(let count):
            "the notes have \(count) characters and \(ReviewError.longestNotes) fit; say it shorter"
        case .notesMissing: "say why it is rejected with --notes"
        case .notNow(let reference, let action, let reason):
            "cannot record the \(action.rawValue.lowercased()) of the metadata of \(reference): \(reason)"
        }
    }
}
