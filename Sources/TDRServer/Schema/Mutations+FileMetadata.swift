import GraphQL
import HTTPTypes
import Streams
import TDRCore

extension Mutations {
    /// Metadata of files, and what goes with a table of it.
    static let fileMetadata: [Mutation] = [
        Mutation(
            "addOrUpdateBulkFileMetadata", "[FileMetadataWithFileId!]!",
            """
            Sets properties of at most \(Change.mostItems) files, all of them or, when anything is wrong, none; an empty \
            value removes one. Values must be as the schema of the metadata has them. Tables go to \
            /consignments/{consignmentId}/metadata.
            """, "addOrUpdateBulkFileMetadataInput",
            InputType(
                "AddOrUpdateBulkFileMetadataInput", "What is said of files.",
                fields: [
                    .consignment, InputField("fileMetadata", "[AddOrUpdateFileMetadata!]!", "The files."),
                ]),
            parts: [
                InputType(
                    "AddOrUpdateFileMetadata", "What is said of one file.",
                    fields: [
                        InputField("fileId", "UUID!", "The file; no folder."),
                        InputField("metadata", "[AddOrUpdateMetadata!]!", "The properties."),
                    ]),
                InputType(
                    "AddOrUpdateMetadata", "One property.",
                    fields: [
                        InputField("filePropertyName", "String!", "Its name, as in ClosureType."),
                        InputField("value", "String!", "Its value, several separated by ;."),
                    ]),
            ]
        ) { change in
            let facts = try change.consignment(.writeFileMetadata)
            let entries = try change.objects("fileMetadata").flatMap { entry in
                let file = try entry.id("fileId")
                return try (entry["metadata"]?.list ?? []).compactMap(\.object).map {
                    FileProperty(file: file, name: try $0.text("filePropertyName"), value: try $0.text("value"))
                }
            }
            let run = MetadataRun(store: change.store, run: change.run, schema: change.archive.metadataSchema)
            var findings: [MetadataFinding] = []
            _ = try run.change(
                entries.map { .init(file: $0.file, property: $0.name, value: $0.value) }, of: facts.consignment
            ) { if findings.count < 10 { findings.append($0) } }
            guard findings.isEmpty else {
                throw FieldError.input(
                    findings.map { "\($0.path ?? ""): \($0.property ?? ""): \($0.message): \($0.remedy)" }
                        .joined(separator: "; "))
            }
            return .objects(entries)
        },
        Mutation(
            "updateClientSideDraftMetadataFileName", "Int",
            "Keeps the name that the transferring person's table of metadata has; gives 1.",
            "updateClientSideDraftMetadataFileName",
            InputType(
                "UpdateClientSideDraftMetadataFileNameInput", "The name of a table of metadata.",
                fields: [.consignment, InputField("clientSideDraftMetadataFileName", "String!", "The name.")])
        ) { try keep("clientSideDraftMetadataFileName", as: PropertyName.clientSideDraftMetadataFileName, $0) },
        Mutation(
            "updateConsignmentMetadataSchemaLibraryVersion", "Int",
            "Keeps by which version of the schema the metadata was made; gives 1.",
            "updateMetadataSchemaLibraryVersion",
            InputType(
                "UpdateMetadataSchemaLibraryVersionInput", "A version of the schema of the metadata.",
                fields: [.consignment, InputField("metadataSchemaLibraryVersion", "String!", "The version.")])
        ) { try keep("metadataSchemaLibraryVersion", as: PropertyName.metadataSchemaLibraryVersion, $0) },
    ]

    private static func keep(_ field: String, as property: String, _ change: Change) throws -> Resolved {
        let facts = try change.consignment(.writeFileMetadata)
        let text = try change.input.text(field)
        guard text.isEmpty || isPlainLine(text) else {
            throw FieldError.input("\(field) has line breaks or more than 256 bytes")
        }
        try change.store.setConsignmentMetadata([(property, text)], of: facts.consignment, run: change.run)
        return .int(1)
    }

    /// A property of a file.
    struct FileProperty: Sendable {
        let file: RecordID
        let name: String
        let value: String
    }

    static let fileProperty = TypeDefinition.object(
        ObjectType("FileMetadataWithFileId", of: FileProperty.self, "One property of one file.") { fields in
            fields.field("filePropertyName", "String!", "Its name.") { $0.name }
            fields.field("fileId", "UUID!", "Of which file.") { $0.file.description }
            fields.field("value", "String!", "Its value.") { $0.value }
        })
}
