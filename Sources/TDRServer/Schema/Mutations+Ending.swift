import GraphQL
import HTTPTypes
import Streams
import TDRCore

extension Mutations {
    /// Checks, confirmation, export.
    static let ending: [Mutation] = [
        Mutation(
            ofConsignment: "startChecks", "Consignment!",
            "Makes the checks that are missing or could not be made. They start by themselves after an upload."
        ) { change in
            let facts = try change.consignment(.startChecks)
            try change.store.wishChecks(facts.consignment, run: change.run)
            change.archive.checkBell.ring()
            return .object(facts)
        },
        Mutation(
            "addFinalTransferConfirmation", "FinalTransferConfirmation!",
            "Confirms that custody passes to the archive, once everything has been checked and found good.",
            "addFinalTransferConfirmationInput",
            InputType(
                "AddFinalTransferConfirmationInput", "That custody passes.",
                fields: [
                    .consignment, InputField("legalCustodyTransferConfirmed", "Boolean!", "Must be true."),
                    InputField(
                        "whenClean", "Boolean",
                        "Whether it passes by itself as soon as the checks have ended clean, when they have not yet.",
                        default: .bool(false)),
                ])
        ) { change in
            let facts = try change.consignment(.confirmTransfer)
            guard change.input["legalCustodyTransferConfirmed"]?.bool == true else {
                throw FieldError.input("a transfer is confirmed by legalCustodyTransferConfirmed: true")
            }
            if change.input["whenClean"]?.bool == true {
                try change.store.wishConfirmation(
                    of: facts.consignment, by: change.principal.login, run: change.run)
            } else {
                try change.store.confirmTransfer(
                    facts.consignment, by: change.principal.login, required: change.archive.requirements,
                    run: change.run)
            }
            return .object(Confirmed(consignment: facts.consignment.id))
        },
        Mutation(
            ofConsignment: "updateTransferInitiated", "Int", "Has the bag written; gives 1.",
            deprecated: "startExport says what it does."
        ) { change in
            _ = try startExport(change)
            return .int(1)
        },
        Mutation(
            ofConsignment: "startExport", "Consignment!",
            "Has the bag written, once the transfer is confirmed. Asking again changes nothing; after a failure it tries anew."
        ) { .object(try startExport($0)) },
        Mutation(
            "updateExportData", "Int",
            "Says where a program of its own has written the bag, while the step Export is InProgress; gives 1.",
            "exportData",
            InputType(
                "UpdateExportDataInput", "Where a bag is.",
                fields: [
                    .consignment,
                    InputField("exportLocation", "String!", "The place, as in s3://bucket/REFERENCE.tar.gz."),
                    InputField("exportDatetime", "ZonedDateTime", "When it was written; now when it is not said."),
                    InputField("exportVersion", "String!", "The version of the program that has written it."),
                ])
        ) { change in
            let facts = try change.consignment(.setExportStatus)
            let moment = try change.input["exportDatetime"]?.string.map { text in
                guard let moment = Timestamp(text) else { throw FieldError.input("exportDatetime is no moment") }
                return moment
            }
            try change.store.setExportData(
                of: facts.consignment, location: try change.input.text("exportLocation"), datetime: moment,
                version: try change.input.text("exportVersion"), run: change.run)
            return .int(1)
        },
    ]

    private static func startExport(_ change: Change) throws -> ConsignmentFacts {
        let facts = try change.consignment(.startExport)
        guard change.archive.canExport else {
            throw APIError(
                .conflict, .unavailable,
                "this server exports nothing; whoever runs it can give it a place with --export-to")
        }
        try change.store.wishExport(
            facts.consignment, by: change.principal.login, required: change.archive.requirements, run: change.run)
        change.archive.exportBell.ring()
        return try change.store.facts(facts.consignment.id.description) ?? facts
    }

    struct Confirmed: Sendable { let consignment: RecordID }

    static let confirmed = TypeDefinition.object(
        ObjectType("FinalTransferConfirmation", of: Confirmed.self, "That custody passes.") { fields in
            fields.field("consignmentId", "UUID!", "The consignment.") { $0.consignment.description }
            fields.field("legalCustodyTransferConfirmed", "Boolean!", "True.") { _ in true }
        })
}
