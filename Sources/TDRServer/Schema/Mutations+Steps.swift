import GraphQL
import HTTPTypes
import Streams
import TDRCore

extension Mutations {
    static func addSteps(_ fields: inout FieldList<Root>) {
        addStatuses(&fields)
        addAgreement(&fields)
        addEnd(&fields)
    }

    // MARK: Statuses

    private static func addStatuses(_ fields: inout FieldList<Root>) {
        fields.each(
            "addConsignmentStatus", "ConsignmentStatus!", "Begins a step.",
            arguments: [InputField("addConsignmentStatusInput", "ConsignmentStatusInput!", "Which.")]
        ) { _, call in
            let step = try StepInput(try call.arguments.input("addConsignmentStatusInput"))
            return try await call.asker.ask { archive, principal in
                let facts = try step.set(isNew: true, in: archive, principal)
                let steps = try archive.store.steps(of: [facts.consignment]).first ?? []
                guard let made = steps.first(where: { $0.type == step.type }) else { throw APIError.notFound }
                return .object(ConsignmentTypes.Step(consignment: facts.consignment.id, step: made))
            }
        }
        fields.each(
            "updateConsignmentStatus", "Int", "Says how a step went; gives 1.",
            arguments: [InputField("updateConsignmentStatusInput", "ConsignmentStatusInput!", "Which.")]
        ) { _, call in
            let step = try StepInput(try call.arguments.input("updateConsignmentStatusInput"))
            return try await call.asker.ask { archive, principal in
                _ = try step.set(isNew: false, in: archive, principal)
                return .int(1)
            }
        }
    }

    /// A step that somebody sets, with who may.
    private struct StepInput: Sendable {
        let consignment: String
        let type: ConsignmentStatusType
        let value: ConsignmentStatusValue

        init(_ input: JSONObject) throws {
            consignment = try input.text("consignmentId")
            let type = try input.text("statusType")
            let value = input["statusValue"]?.string ?? ConsignmentStatusValue.inProgress.rawValue
            guard let type = ConsignmentStatusType(rawValue: type), let value = ConsignmentStatusValue(rawValue: value)
            else {
                throw FieldError.input(
                    "Invalid ConsignmentStatus input: either '\(type.prefix(60))' or '\(value.prefix(60))'")
            }
            self.type = type
            self.value = value
        }

        func set(isNew: Bool, in archive: Archive, _ principal: Principal) throws -> ConsignmentFacts {
            let facts = try archive.consignment(consignment, for: principal, try act(principal))
            // The owner may say that an upload has failed, or that it goes on; that it is complete is for the bytes.
            if type == .upload, value == .completed || value == .completedWithIssues {
                let steps = try archive.store.statuses(of: facts.consignment)
                if steps[.upload] == .completed { return facts }
                throw DeliveryError.wrongState("the upload is not complete: files have not arrived or been declared")
            }
            try archive.store.setStep(
                type, to: value, of: facts.consignment, isNew: isNew,
                run: archive.run(principal, isNew ? "addConsignmentStatus" : "updateConsignmentStatus"))
            return facts
        }

        private func act(_ principal: Principal) throws -> Act {
            switch type {
            case .series where value != .inProgress:
                throw FieldError.input("the series is chosen by updateConsignmentSeriesId")
            case .upload where value == .inProgress: return .upload
            case .series, .upload, .transferAgreement, .draftMetadata, .draftMetadataUpload: return .setOwnStatus
            case .metadataReview: return value == .inProgress ? .setOwnStatus : .setReviewStatus
            case .confirmTransfer: throw FieldError.input("transfers are confirmed by addFinalTransferConfirmation")
            case .export: return .setExportStatus
            case .clientChecks, .serverRedaction: return .setCheckStatus
            case .serverAntivirus, .serverChecksum, .serverFFID:
                let role: Role =
                    type == .serverAntivirus ? .antivirus : type == .serverChecksum ? .checksum : .fileFormat
                // Each program speaks of its own check alone.
                guard principal.roles.contains(role) else { throw APIError.notFound }
                return .setCheckStatus
            }
        }
    }

    // MARK: Agreement and metadata

    /// The properties of a consignment that its owner may set.
    private static let ownProperties: Set<String> = [
        "LegalStatus", "PublicRecordsConfirmed", "AppraisalSelectionSignOffConfirmed",
        "SensitivityReviewSignOffConfirmed", "InitialOpenRecordsConfirmed", "JudgmentType", "JudgmentUpdate",
        "JudgmentUpdateType", "JudgmentUpdateDetails", "JudgmentNeutralCitation", "JudgmentNoNeutralCitation",
        "JudgmentReference",
    ]
    private static let longestValue = 500

    private static func addAgreement(_ fields: inout FieldList<Root>) {
        fields.each(
            "addOrUpdateConsignmentMetadata", "[ConsignmentMetadata!]!",
            "Says something of the consignment as a whole; an empty value takes it back.",
            arguments: [
                InputField("addOrUpdateConsignmentMetadataInput", "AddOrUpdateConsignmentMetadataInput!", "What.")
            ]
        ) { _, call in
            let input = try call.arguments.input("addOrUpdateConsignmentMetadataInput")
            let id = try input.text("consignmentId")
            let values = try (input["consignmentMetadata"]?.list ?? []).map { entry in
                let name = try (entry.object ?? [:]).text("propertyName")
                let value = try (entry.object ?? [:]).text("value")
                guard ownProperties.contains(name) else {
                    throw FieldError.input("Protected metadata property found: \(name.prefix(60))")
                }
                guard value.utf8.count <= longestValue, !value.contains(where: \.isNewline) else {
                    throw FieldError.input("\(name) has more than \(longestValue) bytes, or a line break")
                }
                return (name: name, value: value)
            }
            return try await call.asker.ask { archive, principal in
                let facts = try archive.consignment(id, for: principal, .writeConsignmentMetadata)
                try archive.store.setConsignmentMetadata(
                    values, of: facts.consignment, run: archive.run(principal, "addOrUpdateConsignmentMetadata"))
                return .objects(
                    values.map {
                        ConsignmentTypes.Property(consignment: facts.consignment.id, name: $0.name, value: $0.value)
                    })
            }
        }
        fields.each(
            "addTransferAgreementPrivateBeta", "TransferAgreement!",
            "Begins the agreement: what kind of records they are.",
            arguments: [
                InputField("addTransferAgreementPrivateBetaInput", "AddTransferAgreementPrivateBetaInput!", "What.")
            ]
        ) { _, call in
            try await agree(
                call, try call.arguments.input("addTransferAgreementPrivateBetaInput"),
                [("allPublicRecords", "PublicRecordsConfirmed")], to: .inProgress)
        }
        fields.each(
            "addTransferAgreementCompliance", "TransferAgreement!", "Ends the agreement: who has signed what off.",
            arguments: [
                InputField("addTransferAgreementComplianceInput", "AddTransferAgreementComplianceInput!", "What.")
            ]
        ) { _, call in
            try await agree(
                call, try call.arguments.input("addTransferAgreementComplianceInput"),
                [
                    ("appraisalSelectionSignedOff", "AppraisalSelectionSignOffConfirmed"),
                    ("sensitivityReviewSignedOff", "SensitivityReviewSignOffConfirmed"),
                ], to: .completed)
        }
    }

    private static func agree(
        _ call: FieldCall<Root>, _ input: JSONObject, _ words: [(field: String, property: String)],
        to value: ConsignmentStatusValue
    ) async throws -> Resolved {
        let id = try input.text("consignmentId")
        let missing = words.filter { input[$0.field]?.bool != true }.map(\.field)
        guard missing.isEmpty else {
            throw FieldError.input("no transfer without \(missing.joined(separator: ", "))")
        }
        return try await call.asker.ask { archive, principal in
            let facts = try archive.consignment(id, for: principal, .writeConsignmentMetadata)
            let run = archive.run(principal, "addTransferAgreement")
            let old = try archive.store.statuses(of: facts.consignment)[.transferAgreement]
            try archive.store.setStep(
                .transferAgreement, to: value, of: facts.consignment, isNew: old == nil, run: run)
            try archive.store.setConsignmentMetadata(
                words.map { ($0.property, "true") }, of: facts.consignment, run: run)
            return .object(Agreement(consignment: facts.consignment.id, status: value.rawValue))
        }
    }

    struct Agreement: Sendable {
        let consignment: RecordID
        let status: String
    }

    // MARK: Checks, confirmation, export

    private static func addEnd(_ fields: inout FieldList<Root>) {
        let consignment = InputField("consignmentid", "UUID!", "The consignment.")
        fields.each(
            "startChecks", "Consignment!",
            "Makes the checks that are missing or could not be made. They start by themselves after an upload.",
            arguments: [consignment]
        ) { _, call in
            let id = call.arguments.string("consignmentid") ?? ""
            return try await call.asker.ask { archive, principal in
                let facts = try archive.consignment(id, for: principal, .startChecks)
                try archive.store.wishChecks(facts.consignment, run: archive.run(principal, "startChecks"))
                archive.checkBell.ring()
                return .object(facts)
            }
        }
        fields.each(
            "addFinalTransferConfirmation", "FinalTransferConfirmation!",
            "Confirms that custody passes to the archive, once everything has been checked and found good.",
            arguments: [
                InputField("addFinalTransferConfirmationInput", "AddFinalTransferConfirmationInput!", "Of what.")
            ]
        ) { _, call in
            let input = try call.arguments.input("addFinalTransferConfirmationInput")
            let id = try input.text("consignmentId")
            guard input["legalCustodyTransferConfirmed"]?.bool == true else {
                throw FieldError.input("a transfer is confirmed by legalCustodyTransferConfirmed: true")
            }
            return try await call.asker.ask { archive, principal in
                let facts = try archive.consignment(id, for: principal, .confirmTransfer)
                try archive.store.confirmTransfer(
                    facts.consignment, by: principal.login,
                    run: archive.run(principal, "addFinalTransferConfirmation"))
                return .object(Confirmation(consignment: facts.consignment.id))
            }
        }
        fields.each(
            "updateTransferInitiated", "Int", "Has the bag written; gives 1.", arguments: [consignment],
            deprecated: "startExport says what it does."
        ) { _, call in
            _ = try await startExport(call)
            return .int(1)
        }
        fields.each(
            "startExport", "Consignment!",
            "Has the bag written, once the transfer is confirmed. Asking again changes nothing; after a failure it tries anew.",
            arguments: [consignment]
        ) { _, call in .object(try await startExport(call)) }
    }

    private static func startExport(_ call: FieldCall<Root>) async throws -> ConsignmentFacts {
        let id = call.arguments.string("consignmentid") ?? ""
        return try await call.asker.ask { archive, principal in
            let facts = try archive.consignment(id, for: principal, .startExport)
            guard archive.canExport else {
                throw APIError(
                    .conflict, .unavailable,
                    "this server exports nothing; whoever runs it can give it a place with --export-to")
            }
            try archive.store.wishExport(
                facts.consignment, by: principal.login, run: archive.run(principal, "startExport"))
            archive.exportBell.ring()
            return try archive.store.facts(id) ?? facts
        }
    }

    struct Confirmation: Sendable { let consignment: RecordID }

    // MARK: Types

    static let stepTypes: [TypeDefinition] = [
        .input(
            InputType(
                "ConsignmentStatusInput", "How far a step is.",
                fields: [
                    InputField("consignmentId", "UUID!", "The consignment."),
                    InputField("statusType", "String!", "The step, as in TransferAgreement."),
                    InputField("statusValue", "String", "InProgress, Completed, CompletedWithIssues or Failed."),
                ])),
        .input(
            InputType(
                "ConsignmentMetadataInput", "One property.",
                fields: [
                    InputField("propertyName", "String!", "Its name, as in LegalStatus."),
                    InputField("value", "String!", "Its value."),
                ])),
        .input(
            InputType(
                "AddOrUpdateConsignmentMetadataInput", "What is said of a consignment.",
                fields: [
                    InputField("consignmentId", "UUID!", "The consignment."),
                    InputField("consignmentMetadata", "[ConsignmentMetadataInput!]!", "The properties."),
                ])),
        .input(
            InputType(
                "AddTransferAgreementPrivateBetaInput", "What kind of records they are.",
                fields: [
                    InputField("consignmentId", "UUID!", "The consignment."),
                    InputField("allPublicRecords", "Boolean!", "All are public records; must be true."),
                ])),
        .input(
            InputType(
                "AddTransferAgreementComplianceInput", "Who has signed what off.",
                fields: [
                    InputField("consignmentId", "UUID!", "The consignment."),
                    InputField("appraisalSelectionSignedOff", "Boolean!", "The selection; must be true."),
                    InputField("sensitivityReviewSignedOff", "Boolean!", "The review of sensitivity; must be true."),
                ])),
        .input(
            InputType(
                "AddFinalTransferConfirmationInput", "That custody passes.",
                fields: [
                    InputField("consignmentId", "UUID!", "The consignment."),
                    InputField("legalCustodyTransferConfirmed", "Boolean!", "Must be true."),
                ])),
        .object(
            ObjectType("TransferAgreement", of: Agreement.self, "How far the agreement is.") { fields in
                fields.field("consignmentId", "UUID!", "The consignment.") { $0.consignment.description }
                fields.field("statusValue", "String!", "InProgress or Completed.") { $0.status }
            }),
        .object(
            ObjectType("FinalTransferConfirmation", of: Confirmation.self, "That custody passes.") { fields in
                fields.field("consignmentId", "UUID!", "The consignment.") { $0.consignment.description }
                fields.field("legalCustodyTransferConfirmed", "Boolean!", "True.") { _ in true }
            }),
    ]
}
