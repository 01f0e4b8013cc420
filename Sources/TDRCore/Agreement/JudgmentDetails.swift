/// What is said of a judgment beside its file.
public struct JudgmentDetails: Sendable, Equatable {
    /// What kind of document it is.
    public enum Kind: String, Sendable, CaseIterable {
        case judgment
        case pressSummary = "press_summary"
    }

    private static let longestReference = 500

    /// A judgment or a press summary.
    public var kind: Kind?
    /// The neutral citation, as in `[2026] EWCA Civ 1`.
    public var neutralCitation: String?
    /// There is none.
    public var hasNoNeutralCitation = false
    /// Another reference, such as a case number.
    public var reference: String?
    /// What kind of update it is, of a judgment that was transferred before.
    public var updateType: String?
    /// What is updated.
    public var updateDetails: String?

    /// Nothing yet.
    public init() {}

    /// As the properties of a consignment record it, by the original's names.
    package init(_ properties: [String: String]) {
        kind = properties["JudgmentType"].flatMap(Kind.init)
        neutralCitation = properties["JudgmentNeutralCitation"]
        hasNoNeutralCitation = properties["JudgmentNoNeutralCitation"] == "true"
        reference = properties["JudgmentReference"]
        updateType = properties["JudgmentUpdateType"]
        updateDetails = properties["JudgmentUpdateDetails"]
    }

    /// Whether nothing is said.
    public var isEmpty: Bool { self == JudgmentDetails() }

    /// Why it cannot be taken; nil when it can.
    public var fault: String? {
        let texts = [neutralCitation, reference, updateType, updateDetails].compactMap(\.self)
        if texts.contains(where: { $0.isEmpty || $0.contains(where: \.isNewline) }) {
            return "what is said of a judgment is one line each, and not empty"
        }
        if neutralCitation != nil, hasNoNeutralCitation {
            return
                "a judgment has a neutral citation or none: choose one of --neutral-citation and --no-neutral-citation"
        }
        if let reference, reference.unicodeScalars.count > JudgmentDetails.longestReference {
            return "the reference of a judgment has at most 500 characters"
        }
        if updateDetails != nil, updateType == nil { return "--judgment-update-details go with --judgment-update" }
        return nil
    }

    /// The properties of the consignment that record it, by the original's names.
    package var properties: [(name: String, value: String)] {
        recorded.compactMap { name, value in value.map { (name, $0) } }
    }

    /// The same, with those that are not said.
    var recorded: [(name: String, value: String?)] {
        [
            ("JudgmentType", (kind ?? .judgment).rawValue),
            ("JudgmentUpdate", "\(updateType != nil)"),
            ("JudgmentUpdateType", updateType),
            ("JudgmentUpdateDetails", updateDetails),
            ("JudgmentNeutralCitation", neutralCitation),
            ("JudgmentNoNeutralCitation", "\(hasNoNeutralCitation)"),
            ("JudgmentReference", reference),
        ]
    }
}
