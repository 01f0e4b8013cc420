import GraphQL
import Streams
import TDRCore

extension Mutations {
    /// Taking files out, and ending a transfer.
    static let repair: [Mutation] = [
        Mutation(
            "withdrawFiles", "Withdrawal!",
            "Takes a file, or a folder and all that it holds, out of a consignment that is not exported.",
            "withdrawFilesInput",
            InputType(
                "WithdrawFilesInput", "What is to be taken out, and why.",
                fields: [
                    .consignment, InputField("path", "String!", "The path in the consignment, as it is shown."),
                    InputField("reason", "String!", "Why; recorded."),
                    InputField("purge", "Boolean", "Whether its bytes are removed, too.", default: .bool(false)),
                ])
        ) { change in
            let facts = try change.consignment(.withdraw)
            guard let path = RelativePath(bytes(ofDisplayName: try change.input.text("path"))) else {
                throw FieldError.input("'path' is no path in a consignment")
            }
            let summary = try Repair(store: change.store, run: change.run, meter: ProgressMeter()).withdraw(
                path, from: facts.consignment, reason: try change.reason(),
                purges: change.input["purge"]?.bool ?? false)
            return .object(summary)
        },
        Mutation(
            "cancelConsignment", "String",
            """
            Ends a transfer that will not be exported; everything that is known of it stays. Gives why an upload into S3 that \
            was cut off could not be given up, where that is so.
            """, "cancelConsignmentInput",
            InputType(
                "CancelConsignmentInput", "Which transfer ends, and why.",
                fields: [
                    .consignment, InputField("reason", "String!", "Why; recorded."),
                    InputField("purge", "Boolean", "Whether its bytes are removed.", default: .bool(false)),
                ])
        ) { change in
            let facts = try change.consignment(.withdraw)
            let left = try Repair(store: change.store, run: change.run, meter: ProgressMeter()).cancel(
                facts.consignment, reason: try change.reason(), purges: change.input["purge"]?.bool ?? false)
            return .string(left)
        },
    ]

    static let withdrawal = TypeDefinition.object(
        ObjectType("Withdrawal", of: WithdrawalSummary.self, "What was taken out.") { fields in
            fields.field("files", "Int!", "Files.") { $0.files }
            fields.field("folders", "Int!", "Folders.") { $0.folders }
            fields.field("bytes", "Long!", "Bytes of those files.") { Int($0.bytes) }
            fields.field("isPurged", "Boolean!", "Whether the bytes were removed, too.") { $0.isPurged }
        })
}

extension Change {
    /// Characters that a reason may have, at most.
    private static let longestReason = 1000

    /// Why, as it is recorded.
    func reason() throws -> String {
        let reason = try input.text("reason")
        guard reason.isOneLine(atMost: Change.longestReason) else {
            throw FieldError.input("'reason' is empty, too long, has a line break or begins or ends with a blank")
        }
        return reason
    }
}
