import TDRCore

/// The steps of a transfer as its pages show them.
enum JourneyStep: String, CaseIterable {
    case series, agreement, upload, checks, results, confirm, export

    /// Those of one type: a judgment has neither series nor agreement.
    static func steps(of type: ConsignmentType) -> [JourneyStep] {
        type == .judgment ? [.upload, .checks, .results, .confirm, .export] : allCases
    }
}

extension ConsignmentReport {
    /// The step that is to be done now.
    var step: JourneyStep {
        if consignment.type == .standard {
            if statuses[.series] != .completed { return .series }
            if statuses[.transferAgreement] != .completed, statuses[.upload] == nil { return .agreement }
        }
        guard let upload = statuses[.upload], upload != .inProgress else { return .upload }
        if statuses[.export] != nil { return .export }
        if areChecksUnderWay { return .checks }
        if filesWithProblems > 0 || upload != .completed || !areChecksComplete { return .results }
        return statuses[.confirmTransfer] == .completed ? .export : .confirm
    }

    /// Whether files wait for an answer of a check.
    var areChecksUnderWay: Bool { checksWanted.contains { processed($0) < files } }

    /// The checks that are made for it.
    var checksWanted: [CheckKind] { withoutAntivirus ? [.checksum, .format] : CheckKind.allCases }

    /// What the list of transfers says, by the key of the text.
    var summary: String {
        if cancellation != nil { return "cancelled" }
        switch statuses[.export] {
        case .completed: return "transferred"
        case .inProgress: return "exporting"
        case .failed, .completedWithIssues: return "exportFailed"
        case nil: break
        }
        return switch step {
        case .series, .agreement: "begun"
        case .upload: "uploading"
        case .checks: "checking"
        case .results: "problems"
        case .confirm: "ready"
        case .export: "confirmed"
        }
    }
}
