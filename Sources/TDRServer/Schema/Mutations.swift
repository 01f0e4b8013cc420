import GraphQL
import Streams
import TDRCore

/// The fields of `Mutation`: first making and filling a consignment; the steps after that stand in `Mutations+Steps`.
enum Mutations {
    static let types: [TypeDefinition] = uploadTypes + stepTypes

    static let root = ObjectType("Mutation", of: Root.self, "What can be done.") { fields in
        addUpload(&fields)
        addSteps(&fields)
    }

    private static func addUpload(_ fields: inout FieldList<Root>) {
        fields.each(
            "addConsignment", "Consignment!", "Begins a transfer of your body.",
            arguments: [InputField("addConsignmentInput", "AddConsignmentInput!", "Of which kind.")]
        ) { _, call in
            let input = try call.arguments.input("addConsignmentInput")
            let type = try Queries.consignmentType(try input.text("consignmentType"))
            let series = try input["seriesid"].flatMap { $0.isNull ? nil : try input.id("seriesid") }
            return try await call.asker.ask { archive, principal in
                guard Access.allows(principal, type == .standard ? .createStandard : .createJudgment, [.none]) else {
                    throw APIError.notAuthorised
                }
                let made = try archive.store.createDelivery(
                    type, series: series, by: principal, run: archive.run(principal, "addConsignment"))
                return .object(try archive.consignment(made.id.description, for: principal, .readConsignment))
            }
        }
        fields.each(
            "updateConsignmentSeriesId", "Int", "Chooses the series that the records join; before the upload.",
            arguments: [InputField("updateConsignmentSeriesId", "UpdateConsignmentSeriesIdInput!", "Which.")]
        ) { _, call in
            let input = try call.arguments.input("updateConsignmentSeriesId")
            let id = try input.text("consignmentId")
            let series = try input.id("seriesId")
            return try await call.asker.ask { archive, principal in
                let facts = try archive.consignment(id, for: principal, .chooseSeries)
                try archive.store.chooseSeries(
                    series, for: facts.consignment, run: archive.run(principal, "updateConsignmentSeriesId"))
                return .int(1)
            }
        }
        fields.each(
            "startUpload", "String!", "Begins the upload, once for each consignment; gives the consignment's id.",
            arguments: [InputField("startUploadInput", "StartUploadInput!", "Of what.")]
        ) { _, call in
            let input = try call.arguments.input("startUploadInput")
            let id = try input.text("consignmentId")
            let parent = try input.text("parentFolder")
            let shows = input["includeTopLevelFolder"]?.bool ?? false
            return try await call.asker.ask { archive, principal in
                let facts = try archive.consignment(id, for: principal, .upload)
                try archive.store.startDelivery(
                    facts.consignment, parentFolder: parent, includeTopLevelFolder: shows,
                    run: archive.run(principal, "startUpload"))
                return .string(facts.consignment.id.description)
            }
        }
        fields.each(
            "addFilesAndMetadata", "[FileMatches!]!",
            """
            Declares files of an upload that has begun, at most \(DeliveryLimits.filesPerCall) in one call. The bytes of \
            each are then sent by PUT /consignments/{consignmentId}/files/{fileId}. Declaring a file again is no change.
            """,
            arguments: [InputField("addFilesAndMetadataInput", "AddFileAndMetadataInput!", "Which files.")]
        ) { _, call in
            let input = try call.arguments.input("addFilesAndMetadataInput")
            let id = try input.text("consignmentId")
            let files = try (input["metadataInput"]?.list ?? []).map { try declared($0.object ?? [:]) }
            let folders = (input["emptyDirectories"]?.list ?? []).compactMap(\.string)
            let more = input["more"]?.bool ?? false
            return try await call.asker.ask { archive, principal in
                let facts = try archive.consignment(id, for: principal, .upload)
                let ids = try archive.store.declare(
                    files, emptyDirectories: folders, in: facts.consignment, more: more,
                    run: archive.run(principal, "addFilesAndMetadata"))
                archive.checkBell.ring()
                return .objects(ids)
            }
        }
    }

    private static func declared(_ input: JSONObject) throws -> DeclaredFile {
        DeclaredFile(
            originalPath: try input.text("originalPath"), checksum: try input.text("checksum"),
            lastModified: Int64(input["lastModified"]?.int ?? 0), fileSize: Int64(input["fileSize"]?.int ?? 0),
            matchId: try input.text("matchId"))
    }

    private static let uploadTypes: [TypeDefinition] = [
        .input(
            InputType(
                "AddConsignmentInput", "A transfer to begin.",
                fields: [
                    InputField("seriesid", "UUID", "The series; can be chosen later."),
                    InputField("consignmentType", "String!", "standard or judgment."),
                ])),
        .input(
            InputType(
                "UpdateConsignmentSeriesIdInput", "Which series a consignment joins.",
                fields: [
                    InputField("consignmentId", "UUID!", "The consignment."),
                    InputField("seriesId", "UUID!", "One of your body's series."),
                ])),
        .input(
            InputType(
                "StartUploadInput", "An upload to begin.",
                fields: [
                    InputField("consignmentId", "UUID!", "The consignment."),
                    InputField("parentFolder", "String!", "The name of the folder; empty for a single file."),
                    InputField(
                        "includeTopLevelFolder", "Boolean", "Whether the catalogue shows that name.",
                        default: .bool(false)),
                ])),
        .input(
            InputType(
                "ClientSideMetadataInput", "A file that is going to be sent.",
                fields: [
                    InputField("originalPath", "String!", "Its path, beginning with the folder's name."),
                    InputField("checksum", "String!", "SHA-256 of its bytes, hexadecimal."),
                    InputField("lastModified", "Long!", "When its content last changed, milliseconds since 1970."),
                    InputField("fileSize", "Long!", "Bytes."),
                    InputField("matchId", "String!", "Your own name for it, which comes back with its id."),
                ])),
        .input(
            InputType(
                "AddFileAndMetadataInput", "Files that are going to be sent.",
                fields: [
                    InputField("consignmentId", "UUID!", "The consignment."),
                    InputField("metadataInput", "[ClientSideMetadataInput!]!", "The files."),
                    InputField("emptyDirectories", "[String!]", "Paths of folders that hold nothing.", default: []),
                    InputField(
                        "more", "Boolean", "Whether further calls declare more; the upload is complete with the last.",
                        default: .bool(false)),
                ])),
        .object(
            ObjectType("FileMatches", of: DeclaredFileID.self, "The id of a declared file.") { fields in
                fields.field("fileId", "UUID!", "Under which its bytes are sent.") { $0.fileId.description }
                fields.field("matchId", "String!", "Your own name for it.") { $0.matchId }
                fields.field("isReceived", "Boolean!", "Whether its bytes are there already.") { $0.isReceived }
            }),
    ]
}
