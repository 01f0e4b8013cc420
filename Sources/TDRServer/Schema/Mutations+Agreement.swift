import GraphQL
import HTTPTypes
import Streams
import TDRCore

extension Mutations {
    private static let longestValue = 500

    /// What the transferring body agrees to, and what is said of the consignment as a whole.
    static let agreement: [Mutation] = [
        Mutation(
            "addOrUpdateConsignmentMetadata", "[ConsignmentMetadata!]!",
            "Says something of the consignment as a whole; an empty value takes it back.",
            "addOrUpdateConsignmentMetadataInput",
            InputType(
                "AddOrUpdateConsignmentMetadataInput", "What is said of a consignment.",
                fields: [
                    .consignment,
                    InputField("consignmentMetadata", "[ConsignmentMetadataInput!]!", "The properties."),
                ]),
            parts: [
                InputType(
                    "ConsignmentMetadataInput", "One property.",
                    fields: [
                        InputField("propertyName", "String!", "Its name, as in LegalStatus."),
                        InputField("value", "String!", "Its value."),
                    ])
            ]
        ) { change in
            let facts = try change.consignment(.writeConsignmentMetadata)
            let values = try change.objects("consignmentMetadata").map { entry in
                let (name, value) = (try entry.text("propertyName"), try entry.text("value"))
                guard PropertyName.ofConsignment.contains(name) else {
                    throw FieldError.input("Protected metadata property found: \(name.prefix(60))")
                }
                guard value.utf8.count <= longestValue, !value.contains(where: \.isNewline) else {
                    throw FieldError.input("\(name) has more than \(longestValue) bytes, or a line break")
                }
                return (name: name, value: value)
            }
            try change.store.setConsignmentMetadata(values, of: facts.consignment, run: change.run)
            return .objects(
                values.map {
                    ConsignmentTypes.Property(consignment: facts.consignment.id, name: $0.name, value: $0.value)
                })
        },
        Mutation(
            "addTransferAgreementPrivateBeta", "TransferAgreementPrivateBeta!",
            "Begins the agreement: what kind of records they are.", "addTransferAgreementPrivateBetaInput",
            InputType(
                "AddTransferAgreementPrivateBetaInput", "What kind of records they are.",
                fields: [
                    .consignment, InputField("allPublicRecords", "Boolean!", "All are public records; must be true."),
                ])
        ) { change in
            try require(["allPublicRecords"], change)
            var agreement = Agreement()
            agreement.publicRecords = true
            return try agree(agreement, change)
        },
        Mutation(
            "addTransferAgreementCompliance", "TransferAgreementCompliance!",
            "Ends the agreement: who has signed what off.", "addTransferAgreementComplianceInput",
            InputType(
                "AddTransferAgreementComplianceInput", "Who has signed what off.",
                fields: [
                    .consignment,
                    InputField("appraisalSelectionSignedOff", "Boolean!", "The selection; must be true."),
                    InputField("sensitivityReviewSignedOff", "Boolean!", "The review of sensitivity; must be true."),
                    InputField("initialOpenRecords", "Boolean", "Whether all records are open at first."),
                ])
        ) { change in
            try require(["appraisalSelectionSignedOff", "sensitivityReviewSignedOff"], change)
            var agreement = Agreement()
            agreement.appraisal = true
            agreement.sensitivity = true
            agreement.openRecords = change.input["initialOpenRecords"]?.bool
            return try agree(agreement, change)
        },
    ]

    private static func require(_ words: [String], _ change: Change) throws {
        let missing = words.filter { change.input[$0]?.bool != true }
        guard missing.isEmpty else {
            throw FieldError.input("no transfer without \(missing.joined(separator: ", "))")
        }
    }

    /// The step ends when both sign-offs are there, and whatever else this archive asks for.
    private static func agree(_ agreement: Agreement, _ change: Change) throws -> Resolved {
        let facts = try change.consignment(.writeConsignmentMetadata)
        try change.store.agree(
            agreement, on: facts.consignment,
            required: change.archive.requirements.union([.appraisal, .sensitivity]), by: change.principal.login,
            run: change.run)
        let step = try change.store.statuses(of: facts.consignment)[.transferAgreement]
        return .object(
            Agreed(consignment: facts.consignment.id, agreement: agreement, status: step?.rawValue ?? ""))
    }

    /// What was agreed to just now, and how far the agreement is by that.
    struct Agreed: Sendable {
        let consignment: RecordID
        let agreement: Agreement
        let status: String
    }

    static let agreed = TypeDefinition.object(
        ObjectType("TransferAgreementPrivateBeta", of: Agreed.self, "What was said of the kind of records.") { fields in
            fields.field("consignmentId", "UUID!", "The consignment.") { $0.consignment.description }
            fields.field("allPublicRecords", "Boolean!", "Whether all are public records.") {
                $0.agreement.publicRecords ?? false
            }
            fields.field("statusValue", "String!", "How far the agreement is: InProgress or Completed.") { $0.status }
        })

    static let signedOff = TypeDefinition.object(
        ObjectType("TransferAgreementCompliance", of: Agreed.self, "What was signed off.") { fields in
            fields.field("consignmentId", "UUID!", "The consignment.") { $0.consignment.description }
            fields.field("appraisalSelectionSignedOff", "Boolean!", "Whether the selection was.") {
                $0.agreement.appraisal ?? false
            }
            fields.field("sensitivityReviewSignedOff", "Boolean!", "Whether the review of sensitivity was.") {
                $0.agreement.sensitivity ?? false
            }
            fields.field("initialOpenRecords", "Boolean", "Whether all records are open at first; null when not said.")
            { $0.agreement.openRecords }
            fields.field("statusValue", "String!", "How far the agreement is: InProgress or Completed.") { $0.status }
        })
}
