public import Streams

/// What the transferring body agrees to about a consignment. What is nil was not said.
public struct Agreement: Sendable, Equatable {
    /// `Public Record(s)`, `Welsh Public Record(s)` or `Not Public Record(s)`.
    public var legalStatus: String?
    /// All are public records: the legal status, too, unless another is recorded.
    public var publicRecords: Bool?
    /// The records were appraised and selected.
    public var appraisal: Bool?
    /// The records were reviewed for sensitivity.
    public var sensitivity: Bool?
    /// All records are open at first.
    public var openRecords: Bool?
    /// Custody passes when the checks end clean.
    public var custody: Bool?

    /// An agreement to nothing yet.
    public init() {}

    /// Whether it says nothing.
    public var isEmpty: Bool { self == Agreement() }

    /// This agreement, and what `other` says where this one is silent.
    public func completed(by other: Agreement) -> Agreement {
        var both = self
        both.legalStatus = legalStatus ?? other.legalStatus
        both.publicRecords = publicRecords ?? other.publicRecords
        both.appraisal = appraisal ?? other.appraisal
        both.sensitivity = sensitivity ?? other.sensitivity
        both.openRecords = openRecords ?? other.openRecords
        both.custody = custody ?? other.custody
        return both
    }

    /// The properties of the consignment that record it; custody has a step of its own.
    package var properties: [(name: String, value: String)] {
        [
            (PropertyName.legalStatus, legalStatus),
            (PropertyName.publicRecordsConfirmed, publicRecords.map { "\($0)" }),
            (PropertyName.appraisalSelectionSignOffConfirmed, appraisal.map { "\($0)" }),
            (PropertyName.sensitivityReviewSignOffConfirmed, sensitivity.map { "\($0)" }),
            (PropertyName.initialOpenRecordsConfirmed, openRecords.map { "\($0)" }),
        ].compactMap { name, value in value.map { (name, $0) } }
    }
}

/// What an export asks for beyond clean checks. Nothing by default: custody is confirmed by asking for the export.
public enum ExportRequirement: String, Sendable, CaseIterable {
    case legalStatus = "legal-status"
    case appraisal
    case sensitivity
    case openRecords = "open-records"
    case metadata
    case review

    /// The setting that names what every export requires.
    package static let variable = "TDR_EXPORT_REQUIRES"

    /// The property that must be `true`, or (legal status) there; nil for what is a step.
    var property: String? {
        switch self {
        case .legalStatus: PropertyName.legalStatus
        case .appraisal: PropertyName.appraisalSelectionSignOffConfirmed
        case .sensitivity: PropertyName.sensitivityReviewSignOffConfirmed
        case .openRecords: PropertyName.initialOpenRecordsConfirmed
        case .metadata, .review: nil
        }
    }

    /// Reads names separated by commas.
    ///
    /// - Throws: ``AgreementError/unknownRequirement(_:)``.
    public static func list(_ text: String) throws -> Set<ExportRequirement> {
        try Set(
            text.split(separator: ",").map { word in
                let name = String(word).trimmed
                guard let requirement = ExportRequirement(rawValue: name) else {
                    throw AgreementError.unknownRequirement(name)
                }
                return requirement
            })
    }

    /// Whether the properties of a consignment have it; true for what is a step.
    func isMet(by metadata: [String: String]) -> Bool {
        guard let property else { return true }
        guard let value = metadata[property] else { return false }
        return self == .legalStatus || value == "true"
    }

    /// What is missing, and how to give it.
    func blocker(_ reference: ConsignmentReference) -> String {
        switch self {
        case .legalStatus:
            "its legal status is not recorded; run `tdr agreement \(reference) --legal-status 'Public Record(s)'`"
        case .appraisal:
            "the sign-off of appraisal and selection is missing; run `tdr agreement \(reference) --appraisal-signed-off`"
        case .sensitivity:
            "the sign-off of the sensitivity review is missing; run"
                + " `tdr agreement \(reference) --sensitivity-signed-off`"
        case .openRecords:
            "it is not confirmed that the records are open; run `tdr agreement \(reference) --open-records`"
        case .metadata: "no metadata was applied; begin with `tdr metadata template \(reference)`"
        case .review: "its metadata was not approved; run `tdr review request \(reference)`"
        }
    }
}

/// Why an agreement is not taken.
public enum AgreementError: Error, CustomStringConvertible {
    /// The file cannot be read or says what is no agreement.
    case badFile(BytePath, reason: String)
    /// A legal status that there is not.
    case unknownLegalStatus(String)
    /// A requirement that there is not.
    case unknownRequirement(String)
    /// It was transferred.
    case exported(ConsignmentReference)

    /// What was found, and what to do.
    public var description: String {
        switch self {
        case .badFile(let path, let reason): "cannot use the agreement '\(path.display)': \(reason)"
        case .unknownLegalStatus(let text):
            "'\(displayName(of: Array(text.utf8)))' is no legal status; use one of: "
                + PropertyName.legalStatuses.joined(separator: ", ")
        case .unknownRequirement(let text):
            "'\(displayName(of: Array(text.utf8)))' is nothing that an export can require; use: "
                + ExportRequirement.allCases.map(\.rawValue).joined(separator: ", ")
        case .exported(let reference): "cannot change the agreement of \(reference): it was exported"
        }
    }
}
