/// What somebody did about a review, by the original's names.
public enum ReviewAction: String, Sendable, CaseIterable {
    case submission = "Submission"
    case approval = "Approval"
    case rejection = "Rejection"
    case confirmation = "Confirmation"
}

/// An entry of the log of reviews.
public struct ReviewEntry: Sendable {
    /// What was done.
    public let action: ReviewAction
    /// By whom.
    public let login: String
    /// When.
    public let datetime: Timestamp
    /// What was said.
    public let notes: String
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
