import GraphQL
import HTTPTypes
import Streams
import TDRCore

extension Mutations {
    private static let step = InputType(
        "ConsignmentStatusInput", "How far a step is.",
        fields: [
            .consignment, InputField("statusType", "String!", "The step, as in TransferAgreement."),
            InputField("statusValue", "String", "InProgress, Completed, CompletedWithIssues or Failed."),
            InputField(
                "metadataReviewNotes", "String",
                "What is said of a review of the metadata; to reject it needs a reason. At most "
                    + "\(ReviewError.longestNotes) characters."),
            .userIdOverride,
        ])

    /// How far steps are.
    static let steps: [Mutation] = [
        Mutation(
            "addConsignmentStatus", "ConsignmentStatus!",
            "Begins a step. MetadataReview InProgress asks for a review of the metadata.", "addConsignmentStatusInput",
            step
        ) { change in
            let (facts, type) = try setStep(change, isNew: true)
            let steps = try change.store.steps(of: [facts.consignment]).first ?? []
            guard let made = steps.first(where: { $0.type == type }) else { throw APIError.notFound }
            return .object(ConsignmentTypes.Step(consignment: facts.consignment.id, step: made))
        },
        Mutation(
            "updateConsignmentStatus", "Int",
            """
            Says how a step went; gives 1. MetadataReview Completed approves the metadata, CompletedWithIssues rejects it, \
            InProgress asks for a review once more.
            """, "updateConsignmentStatusInput", step
        ) { change in
            _ = try setStep(change, isNew: false)
            return .int(1)
        },
    ]

    private static func setStep(
        _ change: Change, isNew: Bool
    ) throws -> (facts: ConsignmentFacts, type: ConsignmentStatusType) {
        let typeName = try change.input.text("statusType")
        let valueName = change.input["statusValue"]?.string ?? ConsignmentStatusValue.inProgress.rawValue
        guard let type = ConsignmentStatusType(rawValue: typeName),
            let value = ConsignmentStatusValue(rawValue: valueName)
        else {
            throw FieldError.input(
                "Invalid ConsignmentStatus input: either '\(typeName.prefix(60))' or '\(valueName.prefix(60))'")
        }
        let facts = try change.consignment(try act(type, value, change.principal))
        switch type {
        case .metadataReview:
            try review(value, of: facts.consignment, isNew: isNew, change)
        // The owner may say that an upload has failed, or that it goes on; that it is complete is for the bytes.
        case .upload where value == .completed || value == .completedWithIssues:
            let steps = try change.store.statuses(of: facts.consignment)
            if steps[.upload] == .completed { break }
            throw DeliveryError.wrongState("the upload is not complete: files have not arrived or been declared")
        default:
            try change.store.setStep(type, to: value, of: facts.consignment, isNew: isNew, run: change.run)
        }
        return (facts, type)
    }

    /// What somebody does who sets a step so.
    private static func act(
        _ type: ConsignmentStatusType, _ value: ConsignmentStatusValue, _ principal: Principal
    ) throws -> Act {
        switch type {
        case .series where value != .inProgress:
            throw FieldError.input("the series is chosen by updateConsignmentSeriesId")
        case .upload where value == .inProgress: return .upload
        case .series, .upload, .transferAgreement, .draftMetadata, .draftMetadataUpload: return .setOwnStatus
        case .metadataReview: return value == .inProgress ? .setOwnStatus : .setReviewStatus
        case .confirmTransfer: throw FieldError.input("transfers are confirmed by addFinalTransferConfirmation")
        case .export: return .setExportStatus
        case .clientChecks, .serverRedaction: return .setCheckStatus
        case .serverAntivirus: return try check(.antivirus, principal)
        case .serverChecksum: return try check(.checksum, principal)
        case .serverFFID: return try check(.format, principal)
        }
    }

    /// Each program speaks of its own check alone.
    static func check(_ kind: CheckKind, _ principal: Principal) throws -> Act {
        guard principal.roles.contains(kind.writer) else { throw APIError.notFound }
        return .setCheckStatus
    }

    private static func review(
        _ value: ConsignmentStatusValue, of consignment: Consignment, isNew: Bool, _ change: Change
    ) throws {
        let action: ReviewAction
        switch value {
        case .inProgress: action = .submission
        case .completed: action = .approval
        case .completedWithIssues: action = .rejection
        case .failed: throw FieldError.input("a review ends Completed or CompletedWithIssues")
        }
        if isNew, action != .submission {
            throw FieldError.input("a review begins as InProgress; it is decided by updateConsignmentStatus")
        }
        try change.store.review(
            action, of: consignment, notes: change.input["metadataReviewNotes"]?.string ?? "", run: change.run)
    }
}

extension CheckKind {
    /// The role of the program that makes it.
    var writer: Role {
        switch self {
        case .antivirus: .antivirus
        case .checksum: .checksum
        case .format: .fileFormat
        }
    }
}
