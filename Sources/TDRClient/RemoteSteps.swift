public import TDRCore

/// Steps of a transfer that are taken through a server: agreement, confirmation, review.
public struct RemoteSteps: Sendable {
    private let client: APIClient

    /// Asks `client`.
    public init(_ client: APIClient) { self.client = client }

    private struct ID: Decodable { let consignmentId: String }

    // MARK: Agreement

    private struct Property: Codable {
        let propertyName: String
        let value: String
    }

    private struct Said: Decodable { let addOrUpdateConsignmentMetadata: [Property] }

    private struct Agreed: Decodable { let addTransferAgreementCompliance: ID }

    /// Says something of a consignment; saying it again is no change.
    func say(_ properties: [(name: String, value: String)], of id: String) async throws {
        struct Variables: Encodable {
            let id: String
            let values: [Property]
        }
        if properties.isEmpty { return }
        _ = try await client.ask(
            """
            mutation($id: UUID!, $values: [ConsignmentMetadataInput!]!) { addOrUpdateConsignmentMetadata(
                addOrUpdateConsignmentMetadataInput: { consignmentId: $id, consignmentMetadata: $values })
                { propertyName value } }
            """,
            Variables(id: id, values: properties.map { Property(propertyName: $0.name, value: $0.value) }),
            as: Said.self)
    }

    /// Ends the agreement when both sign-offs are said.
    func signOff(_ agreement: Agreement, of id: String) async throws {
        guard agreement.appraisal == true, agreement.sensitivity == true else { return }
        _ = try await client.ask(
            """
            mutation($id: UUID!) { addTransferAgreementCompliance(addTransferAgreementComplianceInput:
                { consignmentId: $id, appraisalSelectionSignedOff: true, sensitivityReviewSignedOff: true })
                { consignmentId } }
            """, ["id": id], as: Agreed.self)
    }

    private struct Known: Decodable { let consignmentMetadata: [Property] }

    /// Records what is agreed to, if anything; what is recorded then.
    ///
    /// - Throws: ``ClientError``, `CancellationError`.
    public func agree(_ agreement: Agreement?, on reference: String) async throws -> [String: String] {
        if let agreement {
            let id = try await RemoteStatus(client).report(on: reference).consignment.id.description
            try await say(agreement.properties, of: id)
            try await signOff(agreement, of: id)
            if agreement.custody == true { try await confirm(id, whenClean: true) }
        }
        let known = try await client.ask(
            """
            query($reference: String!) { getConsignmentByReference(consignmentReference: $reference)
                { consignmentMetadata { propertyName value } } }
            """, ["reference": reference], as: ByReference<Known>.self
        ).consignment(reference).consignmentMetadata
        return Dictionary(known.map { ($0.propertyName, $0.value) }) { $1 }
    }

    // MARK: Confirmation

    private struct Confirmed: Decodable { let addFinalTransferConfirmation: ID }

    /// Confirms that custody passes: now, or when the checks have ended clean.
    func confirm(_ id: String, whenClean: Bool) async throws {
        struct Variables: Encodable {
            let id: String
            let whenClean: Bool
        }
        _ = try await client.ask(
            """
            mutation($id: UUID!, $whenClean: Boolean!) { addFinalTransferConfirmation(addFinalTransferConfirmationInput:
                { consignmentId: $id, legalCustodyTransferConfirmed: true, whenClean: $whenClean }) { consignmentId } }
            """, Variables(id: id, whenClean: whenClean), as: Confirmed.self)
    }

    // MARK: Review

    private struct Reviewed: Decodable { let updateConsignmentStatus: Int? }

    private struct Log: Decodable {
        struct Entry: Decodable {
            let metadataReviewLogId: String
            let action: String
            let userId: String?
            let userLogin: String
            let eventTime: String
            let metadataReviewNotes: String?
        }
        let metadataReviewLogs: [Entry]
    }

    /// Asks for a review, approves or rejects.
    ///
    /// - Throws: ``ClientError``, `CancellationError`.
    public func review(_ action: ReviewAction, of reference: String, notes: String) async throws {
        let value: ConsignmentStatusValue =
            switch action {
            case .submission: .inProgress
            case .approval: .completed
            case .rejection, .confirmation: .completedWithIssues
            }
        let id = try await RemoteStatus(client).report(on: reference).consignment.id.description
        _ = try await client.ask(
            """
            mutation($id: UUID!, $value: String!, $notes: String!) { updateConsignmentStatus(
                updateConsignmentStatusInput: { consignmentId: $id, statusType: "MetadataReview", statusValue: $value,
                    metadataReviewNotes: $notes }) }
            """, ["id": id, "value": value.rawValue, "notes": notes], as: Reviewed.self, isRepeatable: false)
    }

    /// The log of the reviews of a consignment, oldest first.
    ///
    /// - Throws: ``ClientError``, `CancellationError`.
    public func reviews(of reference: String) async throws -> [ReviewEntry] {
        try await client.ask(
            """
            query($reference: String!) { getConsignmentByReference(consignmentReference: $reference)
                { metadataReviewLogs { metadataReviewLogId action userId userLogin eventTime metadataReviewNotes } } }
            """, ["reference": reference], as: ByReference<Log>.self
        ).consignment(reference).metadataReviewLogs.compactMap { entry in
            // An act that a newer server knows is passed over.
            guard let id = RecordID(entry.metadataReviewLogId), let action = ReviewAction(rawValue: entry.action),
                let time = Timestamp(entry.eventTime)
            else { return nil }
            return ReviewEntry(
                id: id, action: action, login: entry.userLogin, user: entry.userId.flatMap { RecordID($0) },
                datetime: time, notes: entry.metadataReviewNotes ?? "")
        }
    }
}
