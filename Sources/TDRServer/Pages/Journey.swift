import TDRCore

/// The steps of a transfer as its pages show them.
enum JourneyStep: String, CaseIterable {
    case series, agreement, details, upload, checks, results, metadata, review, confirm, export

    /// Those of one type: a judgment has neither series nor agreement, and no metadata of its files; something may be said
    /// of it as a whole.
    static func steps(of type: ConsignmentType) -> [JourneyStep] {
        type == .judgment
            ? [.details, .upload, .checks, .results, .confirm, .export] : allCases.filter { $0 != .details }
    }
}

extension ConsignmentReport {
    /// The step that is to be done now, where exports require this.
    func step(_ requirements: Set<ExportRequirement>) -> JourneyStep {
        if consignment.type == .standard {
            if statuses[.series] != .completed { return .series }
            if statuses[.transferAgreement] != .completed, statuses[.upload] == nil { return .agreement }
        }
        guard let upload = statuses[.upload], upload != .inProgress else { return .upload }
        if statuses[.export] != nil { return .export }
        if areChecksUnderWay { return .checks }
        if filesWithProblems > 0 || upload != .completed || !areChecksComplete { return .results }
        if statuses[.confirmTransfer] == .completed { return .export }
        return consignment.type == .standard ? description(requirements) : .confirm
    }

    /// Between the checks and the confirmation: what is said of the records, and what the archive says to it.
    private func description(_ requirements: Set<ExportRequirement>) -> JourneyStep {
        switch statuses[.metadataReview] {
        case .completed: return .confirm
        case .inProgress, .completedWithIssues, .failed: return .review
        case nil: break
        }
        if statuses[.draftMetadata] != .completed || lacksMetadata(requirements) { return .metadata }
        return requirements.contains(.review) ? .review : .confirm
    }

    /// Whether a table of metadata has to come.
    func lacksMetadata(_ requirements: Set<ExportRequirement>) -> Bool {
        requirements.contains(.metadata) && statuses[.draftMetadataUpload] != .completed
    }

    /// Whether files wait for an answer of a check, or the check for its end.
    var areChecksUnderWay: Bool {
        checksWanted.contains { processed($0) < files } || statuses[.clientChecks] == .inProgress && isBeingWorkedOn
    }

    /// The checks that are made for it.
    var checksWanted: [CheckKind] { withoutAntivirus ? [.checksum, .format] : CheckKind.allCases }

    /// Whether the files and what is said of them can still be changed by whoever transfers them.
    var isOpen: Bool {
        guard let upload = statuses[.upload], upload != .inProgress else { return false }
        return statuses[.confirmTransfer] == nil && statuses[.export] == nil && cancellation == nil
    }

    /// Whether what is said of the files can be changed: not while somebody looks at it, nor after an approval.
    var isMetadataOpen: Bool {
        isOpen && statuses[.metadataReview] != .inProgress && statuses[.metadataReview] != .completed
    }

    /// What the list of transfers says, by the key of the text.
    func summary(_ requirements: Set<ExportRequirement>) -> String {
        if cancellation != nil { return "cancelled" }
        switch statuses[.export] {
        case .completed: return "transferred"
        case .inProgress: return "exporting"
        case .failed, .completedWithIssues: return "exportFailed"
        case nil: break
        }
        return switch step(requirements) {
        case .series, .agreement, .details: "begun"
        case .upload: "uploading"
        case .checks: "checking"
        case .results: "problems"
        case .metadata: "checked"
        case .review:
            switch statuses[.metadataReview] {
            case .inProgress: "reviewing"
            case nil: "toReview"
            default: "rejected"
            }
        case .confirm: "ready"
        case .export: "confirmed"
        }
    }
}
