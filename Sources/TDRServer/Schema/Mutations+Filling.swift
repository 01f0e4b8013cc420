import GraphQL
import HTTPTypes
import Streams
import TDRCore

extension Mutations {
    /// Making and filling a consignment.
    static let filling: [Mutation] = [
        Mutation(
            "addConsignment", "Consignment!", "Begins a transfer of your body.", "addConsignmentInput",
            InputType(
                "AddConsignmentInput", "A transfer to begin.",
                fields: [
                    InputField("seriesid", "UUID", "The series; can be chosen later."),
                    InputField("consignmentType", "String!", "standard or judgment."),
                    InputField(
                        "requestId", "UUID",
                        "Your own id for this call: made again with it, it gives the consignment that was made first."),
                ])
        ) { change in
            let type = try Queries.consignmentType(try change.input.text("consignmentType"))
            let series = try change.input["seriesid"].flatMap { $0.isNull ? nil : try change.input.id("seriesid") }
            let act: Act = type == .standard ? .createStandard : .createJudgment
            guard Access.allows(change.principal, act, [.none]) else { throw APIError.notAuthorised }
            let request = try change.input["requestId"].flatMap { $0.isNull ? nil : try change.input.id("requestId") }
            let made = try change.store.createDelivery(
                type, series: series, by: change.principal, request: request, run: change.run)
            return .object(
                try change.archive.consignment(made.id.description, for: change.principal, .readConsignment))
        },
        Mutation(
            "updateConsignmentSeriesId", "Int", "Chooses the series that the records join; before the upload.",
            "updateConsignmentSeriesId",
            InputType(
                "UpdateConsignmentSeriesIdInput", "Which series a consignment joins.",
                fields: [.consignment, InputField("seriesId", "UUID!", "One of your body's series.")])
        ) { change in
            try change.store.chooseSeries(
                try change.input.id("seriesId"), for: try change.consignment(.chooseSeries).consignment,
                run: change.run)
            return .int(1)
        },
        Mutation(
            "startUpload", "String!", "Begins the upload, once for each consignment; gives the consignment's id.",
            "startUploadInput",
            InputType(
                "StartUploadInput", "An upload to begin.",
                fields: [
                    .consignment,
                    InputField("parentFolder", "String!", "The name of the folder; empty for a single file."),
                    InputField(
                        "includeTopLevelFolder", "Boolean", "Whether the catalogue shows that name.",
                        default: .bool(false)),
                ])
        ) { change in
            let facts = try change.consignment(.upload)
            try change.store.startDelivery(
                facts.consignment, parentFolder: try change.input.text("parentFolder"),
                includeTopLevelFolder: change.input["includeTopLevelFolder"]?.bool ?? false, run: change.run)
            return .string(facts.consignment.id.description)
        },
        Mutation(
            "updateParentFolder", "Int",
            "Names the folder of an upload that has begun, before any file of it was declared; gives 1.",
            "updateParentFolderInput",
            InputType(
                "UpdateParentFolderInput", "The name of the uploaded folder.",
                fields: [
                    .consignment, InputField("parentFolder", "String!", "The name; empty for a single file."),
                    .userIdOverride,
                ])
        ) { change in
            try change.store.renameParentFolder(
                of: try change.consignment(.upload).consignment, to: try change.input.text("parentFolder"),
                run: change.run)
            return .int(1)
        },
        Mutation(
            "addFilesAndMetadata", "[FileMatches!]!",
            """
            Declares files of an upload that has begun, at most \(DeliveryLimits.filesPerCall) in one call. The bytes of \
            each are then sent by PUT /consignments/{consignmentId}/files/{fileId}. Declaring a file again is no change.
            """, "addFilesAndMetadataInput",
            InputType(
                "AddFileAndMetadataInput", "Files that are going to be sent.",
                fields: [
                    .consignment, InputField("metadataInput", "[ClientSideMetadataInput!]!", "The files."),
                    InputField("emptyDirectories", "[String!]", "Paths of folders that hold nothing.", default: []),
                    InputField(
                        "more", "Boolean", "Whether further calls declare more; the upload is complete with the last.",
                        default: .bool(false)),
                    .userIdOverride,
                ]),
            parts: [
                InputType(
                    "ClientSideMetadataInput", "A file that is going to be sent.",
                    fields: [
                        InputField("originalPath", "String!", "Its path, beginning with the folder's name."),
                        InputField("checksum", "String!", "SHA-256 of its bytes, hexadecimal."),
                        InputField("lastModified", "Long!", "When its content last changed, milliseconds since 1970."),
                        InputField("fileSize", "Long!", "Bytes."),
                        InputField("matchId", "String!", "Your own name for it, which comes back with its id."),
                    ])
            ]
        ) { change in
            let facts = try change.consignment(.upload)
            let files = try (change.input["metadataInput"]?.list ?? []).map { try DeclaredFile($0.object ?? [:]) }
            let ids = try change.store.declare(
                files, emptyDirectories: (change.input["emptyDirectories"]?.list ?? []).compactMap(\.string),
                in: facts.consignment, more: change.input["more"]?.bool ?? false, sizes: change.archive.sizes,
                run: change.run)
            change.archive.checkBell.ring()
            return .objects(ids)
        },
    ]

    static let declared = TypeDefinition.object(
        ObjectType("FileMatches", of: DeclaredFileID.self, "The id of a declared file.") { fields in
            fields.field("fileId", "UUID!", "Under which its bytes are sent.") { $0.fileId.description }
            fields.field("matchId", "String!", "Your own name for it.") { $0.matchId }
            fields.field("isReceived", "Boolean!", "Whether its bytes are there already.") { $0.isReceived }
        })
}

extension DeclaredFile {
    fileprivate init(_ input: JSONObject) throws {
        self.init(
            originalPath: try input.text("originalPath"), checksum: try input.text("checksum"),
            lastModified: Int64(input["lastModified"]?.int ?? 0), fileSize: Int64(input["fileSize"]?.int ?? 0),
            matchId: try input.text("matchId"))
    }
}
