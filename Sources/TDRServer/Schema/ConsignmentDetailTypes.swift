import GraphQL
import Streams
import TDRCore

/// What is known of a consignment beside its steps and counts: where it came from, what was left out, its bags.
enum ConsignmentDetailTypes {
    static let all: [TypeDefinition] = [copy, upload, likeness, cancellation]

    static func add(to fields: inout FieldList<ConsignmentFacts>) {
        fields.field(
            "source", "String!", "The folder that was uploaded on the command line; empty for one that came here."
        ) {
            $0.consignment.source.display
        }
        fields.field("storage", "String!", "Copied, or InPlace where the records lie where they lay.") {
            $0.consignment.storage.rawValue
        }
        fields.field("links", "String!", "What happens to links and special files: refuse, skip or follow.") {
            $0.consignment.links.rawValue
        }
        detail("filesExcluded", "Int!", "System files that were left out.", &fields) { .int($0.excluded) }
        detail("filesSkipped", "Int!", "Links and special files that were left out.", &fields) { .int($0.skipped) }
        detail("filesWithdrawn", "Int!", "Files that were taken out of it.", &fields) { .int($0.withdrawnFiles) }
        detail(
            "confirmsWhenCleanBy", "String",
            "The account of who wished that custody passes by itself when the checks end clean; null where nobody did.",
            &fields
        ) { .string($0.confirmsWhenClean) }
        detail("exportCopies", "[ExportCopy!]!", "Where its bags are, as far as they are looked after.", &fields) {
            .objects($0.exports)
        }
        detail("unfinishedUploads", "[UnfinishedUpload!]!", "Uploads into S3 that have not ended.", &fields) {
            .objects($0.unfinishedUploads)
        }
        detail("cancellation", "Cancellation", "When and why it was cancelled; null when it was not.", &fields) {
            .object(optional: $0.cancellation)
        }
        detail(
            "likeness", "Likeness", "How many files are like others; null when not counted since the last change.",
            &fields
        ) { .object(optional: $0.likeness) }
    }

    private static func detail(
        _ name: String, _ type: TypeReference, _ description: String, _ fields: inout FieldList<ConsignmentFacts>,
        _ value: @escaping @Sendable (ConsignmentDetails) -> Resolved
    ) {
        fields.batch(name, type, description) { call in
            try await call.ask { archive, _, parents in try archive.store.details(of: parents).map(value) }
        }
    }

    private static let copy = TypeDefinition.object(
        ObjectType("ExportCopy", of: ExportCopy.self, "A bag that was exported.") { fields in
            fields.field("location", "String!", "Where it is: a path, or s3://bucket/key.") { $0.location.display }
            fields.field("endpoint", "String", "The S3 server; null elsewhere.") { $0.endpoint }
            fields.field("sha256", "String", "Its digest, where one was recorded.") { $0.sha256?.hex }
            fields.field("exportedDatetime", "ZonedDateTime!", "When it was exported there, the last time.") {
                $0.exported.json
            }
            fields.field("verifiedDatetime", "ZonedDateTime", "When a look at it came to a result.") {
                $0.verified?.json
            }
            fields.field("lookedDatetime", "ZonedDateTime", "When somebody tried to look at it.") { $0.looked?.json }
            fields.field("result", "String", "Valid, Altered, Invalid, Missing or NotVerified.") {
                $0.result?.rawValue
            }
            fields.field("remark", "String", "The result in words.") { $0.remark }
        })

    private static let upload = TypeDefinition.object(
        ObjectType("UnfinishedUpload", of: UnfinishedUpload.self, "An upload into S3 that has not ended.") { fields in
            fields.field("location", "String!", "Where the archive or the object would be.") { $0.location.display }
            fields.field("isObject", "Boolean!", "Whether it is an object of the store, and no export.") { $0.isObject }
            fields.field("endpoint", "String!", "The S3 server.") { $0.endpoint }
            fields.field("parts", "Int!", "Parts that the server has taken.") { $0.parts }
            fields.field("bytes", "Long!", "Bytes in those.") { Int($0.bytes) }
        })

    private static let cancellation = TypeDefinition.object(
        ObjectType("Cancellation", of: Cancellation.self, "That a transfer was ended.") { fields in
            fields.field("datetime", "ZonedDateTime!", "When.") { $0.datetime.json }
            fields.field("reason", "String!", "Why.") { $0.reason }
            fields.field("isPurged", "Boolean!", "Whether its bytes were removed.") { $0.isPurged }
        })

    private static let likeness = TypeDefinition.object(
        ObjectType("Likeness", of: LikenessCounts.self, "How many files are like others.") { fields in
            fields.field("duplicateGroups", "Int!", "Contents that several files have.") { $0.duplicateGroups }
            fields.field("surplusFiles", "Int!", "Files that say again what another one says.") { $0.surplusFiles }
            fields.field("surplusBytes", "Long!", "Bytes of those.") { Int($0.surplusBytes) }
            fields.field("nameGroups", "Int!", "Groups of paths that differ in case or Unicode form only.") {
                $0.nameGroups
            }
            fields.field("nameEntries", "Int!", "Files and folders in those groups.") { $0.nameEntries }
        })
}
