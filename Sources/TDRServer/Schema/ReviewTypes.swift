import GraphQL
import HTTPTypes
import Streams
import TDRCore

/// Reviews of metadata: what is asked of them, and what they give.
enum ReviewTypes {
    /// Rows that one answer holds, at most.
    private static let most = 1000

    static let types: [TypeDefinition] = [log, details]

    static func add(to fields: inout FieldList<Root>) {
        fields.each(
            "getConsignmentReviewDetails", "[ConsignmentReviewDetails!]!",
            "The consignments whose metadata is or was under review, at most \(most): those that wait for a decision first.",
            arguments: [
                InputField(
                    "statusFilter", "String", "Only those that are Requested, Rejected, Approved or Transferred.")
            ]
        ) { _, call in
            let status = call.arguments.string("statusFilter")
            return try await call.asker.ask { archive, principal in
                .objects(try reviewed(status, archive, principal))
            }
        }
        fields.each(
            "getConsignmentsForMetadataReview", "[Consignment!]!",
            "The consignments whose metadata waits for a decision, at most \(most).",
            deprecated: "Ask for getConsignmentReviewDetails."
        ) { _, call in
            try await call.asker.ask { archive, principal in
                let waiting = try reviewed(ReviewAction.submission.reviewStatus, archive, principal)
                let facts = try archive.store.facts(of: waiting.map(\.consignment))
                return .objects(facts)
            }
        }
    }

    private static func reviewed(
        _ status: String?, _ archive: Archive, _ principal: Principal
    ) throws -> [ReviewedConsignment] {
        guard Access.allows(principal, .listReviews, [.none]) else { throw APIError.notAuthorised }
        return try archive.store.reviewedConsignments(status, limit: most)
    }

    struct Log: Sendable {
        let consignment: RecordID
        let entry: ReviewEntry
    }

    private static let log = TypeDefinition.object(
        ObjectType("MetadataReviewLog", of: Log.self, "What somebody did about a review.") { fields in
            fields.field("metadataReviewLogId", "UUID!", "Its id.") { $0.entry.id.description }
            fields.field("consignmentId", "UUID!", "Whose metadata it is about.") { $0.consignment.description }
            fields.field("userId", "UUID", "Who did it; null when this server has no account of that name.") {
                $0.entry.user?.description
            }
            fields.field("userLogin", "String!", "Their account's name.") { $0.entry.login }
            fields.field("action", "String!", "Submission, Approval, Rejection or Confirmation.") {
                $0.entry.action.rawValue
            }
            fields.field("eventTime", "ZonedDateTime!", "When.") { $0.entry.datetime.json }
            fields.field("metadataReviewNotes", "String", "What was said.") {
                $0.entry.notes.isEmpty ? nil : $0.entry.notes
            }
        })

    private static let details = TypeDefinition.object(
        ObjectType("ConsignmentReviewDetails", of: ReviewedConsignment.self, "Where a review is.") { fields in
            fields.field("consignmentId", "UUID!", "The consignment.") { $0.consignment.id.description }
            fields.field("consignmentReference", "String!", "Its reference.") { $0.consignment.reference.description }
            fields.field("reviewStatus", "String!", "Requested, Rejected, Approved or Transferred.") {
                $0.last.action.reviewStatus
            }
            fields.field("transferringBodyName", "String", "Its body.") { $0.consignment.bodyName }
            fields.field("seriesName", "String", "Its series.") { $0.consignment.seriesName }
            fields.field("lastUpdated", "ZonedDateTime!", "When anything was done last.") { $0.last.datetime.json }
        })
}
