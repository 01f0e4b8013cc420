import GraphQL
import HTTPTypes
import Streams
import TDRCore

/// The type `Consignment` and what hangs on it.
enum ConsignmentTypes {
    /// What the deprecated field `files` gives, at most.
    static let mostFiles = 10_000

    static let all: [TypeDefinition] =
        [consignment, status, statusCount, metadata, series, checks, PageInfo.type, metadataFilter]
        + ConsignmentDetailTypes.all + progress + Connection<ConsignmentFacts>.types("Consignment")

    private static let consignment = TypeDefinition.object(
        ObjectType("Consignment", of: ConsignmentFacts.self, "A transfer of one folder of records, or of one judgment.")
        {
            fields in
            addOwn(&fields)
            addCounts(&fields)
            addWork(&fields)
            addLists(&fields)
            ConsignmentDetailTypes.add(to: &fields)
        })

    private static func addOwn(_ fields: inout FieldList<ConsignmentFacts>) {
        fields.field("consignmentid", "UUID", "Its id.") { $0.consignment.id.description }
        fields.field("consignmentReference", "String!", "The reference that people know it by, as in TDR-2026-C73.") {
            $0.consignment.reference.description
        }
        fields.field("userid", "UUID", "Who made it; null when it was made on the command line.") {
            $0.owner?.description
        }
        fields.batch("seriesid", "UUID", "The series that the records join.") { call in
            try await call.ask { archive, _, parents in
                parents.map { .string(archive.store.seriesID(of: $0)?.description) }
            }
        }
        fields.field("createdDatetime", "ZonedDateTime", "When it was made.") { $0.consignment.created.json }
        fields.field("transferInitiatedDatetime", "ZonedDateTime", "When the export was first asked for.") {
            $0.consignment.transferInitiated?.json
        }
        fields.field("exportDatetime", "ZonedDateTime", "When it was first exported.") { $0.consignment.exported?.json }
        fields.field("exportLocation", "String", "Where the bag is.") { $0.consignment.exportLocation }
        fields.batch("exportFailure", "String", "Why the last export was not made; null where it was.") { call in
            try await call.ask { archive, _, parents in
                try archive.store.exportFailures(of: parents.map(\.consignment)).map { .string($0) }
            }
        }
        fields.field("consignmentType", "String", "standard or judgment.") { $0.consignment.type.rawValue }
        fields.field(
            "includeTopLevelFolder", "Boolean", "Whether the catalogue shows the name of the uploaded folder."
        ) { $0.consignment.includeTopLevelFolder }
        fields.field("seriesName", "String", "The series' name when it was chosen.") { $0.consignment.seriesName }
        fields.field("transferringBodyName", "String", "The body's name when the transfer began.") {
            $0.consignment.bodyName
        }
        fields.field("transferringBodyTdrCode", "String", "The body's code.") { $0.consignment.bodyCode }
        fields.field("parentFolder", "String", "The name of the uploaded folder.") { facts in
            facts.consignment.parentFolder.isEmpty ? nil : displayName(of: facts.consignment.parentFolder)
        }
        fields.batch("parentFolderId", "UUID", "The id of that folder.") { call in
            try await call.ask { archive, _, parents in
                try archive.store.topFolders(of: parents.map(\.consignment)).map { .string($0?.description) }
            }
        }
    }

    private static func addCounts(_ fields: inout FieldList<ConsignmentFacts>) {
        count("totalFiles", "Int!", "Files, without folders.", &fields) { .int($0.files) }
        count("totalFolders", "Int!", "Folders.", &fields) { .int($0.folders) }
        count("totalFileSize", "Long!", "Bytes of all files that have arrived.", &fields) { .int($0.bytes) }
        count("filesReceived", "Int!", "Files whose bytes have arrived.", &fields) { .int($0.received) }
        count("filesWithProblems", "Int!", "Files with a finding that somebody must act on.", &fields) {
            .int($0.filesWithProblems)
        }
        count("totalClosedRecords", "Int!", "Files that are closed to the public.", &fields) { .int($0.closedRecords) }
        fields.batch("allChecksSucceeded", "Boolean!", "Whether every file has passed every check.") { call in
            try await call.ask { archive, _, parents in
                try archive.store.counts(of: parents).map { .bool($0.allChecksSucceeded) }
            }
        }
        fields.batch("fileChecks", "FileChecks!", "How far the checks are.") { call in
            try await call.ask { archive, _, parents in
                try archive.store.counts(of: parents).map { .object($0) }
            }
        }
    }

    private static func addWork(_ fields: inout FieldList<ConsignmentFacts>) {
        fields.field("userLogin", "String!", "The account of who made it.") { $0.consignment.person.login }
        fields.field("contactName", "String!", "Who transfers, as the bag names them.") { $0.consignment.person.name }
        fields.field("contactEmail", "String!", "Their e-mail address.") { $0.consignment.person.email }
        fields.batch("withoutAntivirus", "Boolean!", "Whether it was decided to make no antivirus check.") { call in
            try await call.ask { archive, _, parents in
                try archive.store.counts(of: parents).map { .bool($0.withoutAntivirus) }
            }
        }
        fields.batch("isBeingWorkedOn", "Boolean!", "Whether a check or an export is at it now.") { call in
            try await call.ask { archive, _, parents in
                // It looks at files, and now: not where nobody may wait, nor where all is to be of one moment.
                if ReadTerms.current.lane != nil { throw ReadTerms.Passed() }
                return parents.map { .bool(archive.store.isBeingWorkedOn($0.consignment)) }
            }
        }
        fields.batch("fileStatusCounts", "[FileStatusCount!]!", "How many files have each value of each status.") {
            call in
            try await call.ask { archive, _, parents in
                try archive.store.counts(of: parents).map { counts in
                    .objects(counts.byStatus.map { StatusCount(type: $0.type, value: $0.value, count: $0.count) })
                }
            }
        }
    }

    struct StatusCount: Sendable {
        let type: FileStatusType
        let value: FileStatusValue
        let count: Int
    }

    private static let statusCount = TypeDefinition.object(
        ObjectType("FileStatusCount", of: StatusCount.self, "How many files have one value of one status.") { fields in
            fields.field("statusType", "String!", "The status, as in FFID.") { $0.type.rawValue }
            fields.field("statusValue", "String!", "The value, as in Success.") { $0.value.rawValue }
            fields.field("count", "Int!", "Files that have it.") { $0.count }
        })

    private static func count(
        _ name: String, _ type: TypeReference, _ description: String, _ fields: inout FieldList<ConsignmentFacts>,
        _ value: @escaping @Sendable (ConsignmentCounts) -> Resolved
    ) {
        fields.batch(name, type, description) { call in
            try await call.ask { archive, _, parents in
                try archive.store.counts(of: parents).map(value)
            }
        }
    }

    private static func addLists(_ fields: inout FieldList<ConsignmentFacts>) {
        fields.batch("consignmentStatuses", "[ConsignmentStatus!]!", "The steps that have begun.") { call in
            try await call.ask { archive, _, parents in
                let steps = try archive.store.steps(of: parents.map(\.consignment))
                return zip(parents, steps).map { facts, steps in
                    .objects(steps.map { Step(consignment: facts.consignment.id, step: $0) })
                }
            }
        }
        fields.batch(
            "consignmentMetadata", "[ConsignmentMetadata!]!", "What is said of the consignment as a whole.",
            arguments: [
                InputField(
                    "consignmentMetadataFiltersInput", "ConsignmentMetadataFilter", "Only properties of these names.")
            ]
        ) { call in
            let names = call.arguments.object("consignmentMetadataFiltersInput")?["propertyNames"]?.list?.compactMap(
                \.string)
            return try await call.ask { archive, _, parents in
                let all = try archive.store.consignmentMetadata(of: parents.map(\.consignment))
                return zip(parents, all).map { facts, all in
                    .objects(
                        all.filter { names?.contains($0.name) ?? true }.map {
                            Property(consignment: facts.consignment.id, name: $0.name, value: $0.value)
                        })
                }
            }
        }
        kept(
            "metadataSchemaLibraryVersion", "By which version of the schema its metadata was made.",
            PropertyName.metadataSchemaLibraryVersion, &fields)
        kept(
            "clientSideDraftMetadataFileName", "The name that the table of its metadata has where it was made.",
            PropertyName.clientSideDraftMetadataFileName, &fields)
        fields.batch("metadataReviewLogs", "[MetadataReviewLog!]!", "The reviews of its metadata, oldest first.") {
            call in
            try await call.ask { archive, _, parents in
                let logs = try archive.store.reviews(of: parents.map(\.consignment))
                return zip(parents, logs).map { facts, log in
                    .objects(log.map { ReviewTypes.Log(consignment: facts.consignment.id, entry: $0) })
                }
            }
        }
        fields.batch(
            "paginatedFiles", "FileConnection!",
            "A page of the files and folders, in the order of their paths as bytes.",
            arguments: [
                InputField(
                    "paginationInput", "PaginationInput",
                    "Which page; the first \(FileTypes.pageLimit) when it is not said.")
            ], multiplier: .factor(10)
        ) { call in
            let given = call.arguments.object("paginationInput")
            let wanted = try FilesPage(given)
            return try await call.ask { archive, _, parents in
                // A consignment that was asked for by itself may have come with a page.
                if given == nil, parents.contains(where: { $0.filesPage != nil }) {
                    return try parents.flatMap {
                        try FilePage.connections(of: [$0], $0.filesPage ?? wanted, in: archive)
                    }.map { .object($0) }
                }
                return try FilePage.connections(of: parents, wanted, in: archive).map { .object($0) }
            }
        }
        fields.batch(
            "files", "[File!]!", "All files and folders, where they are no more than \(mostFiles).",
            arguments: [InputField("fileFiltersInput", "FileFilters", "Only some of them.")],
            deprecated: "paginatedFiles has no bound.", multiplier: .factor(10)
        ) { call in
            var page = FilesPage(limit: mostFiles)
            page.selection = try FilePage.selection(call.arguments.object("fileFiltersInput"))
            let wanted = page
            return try await call.ask { archive, _, parents in
                try FilePage.connections(of: parents, wanted, in: archive).map { found in
                    if found.hasNextPage {
                        throw APIError(
                            .contentTooLarge, .tooLarge,
                            "the consignment has more than \(mostFiles) files: use paginatedFiles")
                    }
                    return .objects(found.edges.map(\.node))
                }
            }
        }
    }

    /// A field that gives a property of the consignment.
    private static func kept(
        _ name: String, _ description: String, _ property: String, _ fields: inout FieldList<ConsignmentFacts>
    ) {
        fields.batch(name, "String", description) { call in
            try await call.ask { archive, _, parents in
                try archive.store.consignmentMetadata(of: parents.map(\.consignment)).map { all in
                    .string(all.first { $0.name == property }?.value)
                }
            }
        }
    }

    // MARK: What hangs on it

    struct Step: Sendable {
        let consignment: RecordID
        let step: StepReport
    }

    private static let status = TypeDefinition.object(
        ObjectType("ConsignmentStatus", of: Step.self, "How far one step of the transfer is.") { fields in
            fields.field("consignmentStatusId", "UUID!", "Its id.") { $0.step.id.description }
            fields.field("consignmentId", "UUID!", "Whose step it is.") { $0.consignment.description }
            fields.field("statusType", "String!", "The step, as in Upload or ServerFFID.") { $0.step.type.rawValue }
            fields.field("value", "String!", "InProgress, Completed, CompletedWithIssues or Failed.") {
                $0.step.value.rawValue
            }
            fields.field("createdDatetime", "ZonedDateTime!", "When it began.") { $0.step.created.json }
            fields.field("modifiedDatetime", "ZonedDateTime", "When it last changed.") { $0.step.modified.json }
        })

    struct Property: Sendable {
        let consignment: RecordID
        let name: String
        let value: String
    }

    private static let metadata = TypeDefinition.object(
        ObjectType("ConsignmentMetadata", of: Property.self, "One property of a consignment.") { fields in
            fields.field("consignmentId", "UUID!", "Whose property it is.") { $0.consignment.description }
            fields.field("propertyName", "String!", "Its name.") { $0.name }
            fields.field("value", "String!", "Its value.") { $0.value }
        })

    private static let metadataFilter = TypeDefinition.input(
        InputType(
            "ConsignmentMetadataFilter", "Which properties of a consignment.",
            fields: [InputField("propertyNames", "[String!]!", "Their names.")]))

    private static let series = TypeDefinition.object(
        ObjectType("Series", of: StoredSeries.self, "A series of the archive.") { fields in
            fields.field("seriesid", "UUID!", "Its id.") { $0.id.description }
            fields.field("bodyid", "UUID!", "That of its transferring body.") { $0.bodyId.description }
            fields.field("name", "String!", "Its name.") { $0.name }
            fields.field("code", "String!", "Its code, as in CRAN 1.") { $0.code }
            fields.field("description", "String", "What it holds.") { _ in Resolved.null }
        })

    private static let checks = TypeDefinition.object(
        ObjectType("FileChecks", of: ConsignmentCounts.self, "How far the checks are.") { fields in
            fields.field("antivirusProgress", "AntivirusProgress!", "How far the antivirus check is.") {
                Resolved.object(Processed(files: $0.antivirusProcessed))
            }
            fields.field("checksumProgress", "ChecksumProgress!", "How far the checksum check is.") {
                Resolved.object(Processed(files: $0.checksumProcessed))
            }
            fields.field("ffidProgress", "FFIDProgress!", "How far the format check is.") {
                Resolved.object(Processed(files: $0.ffidProcessed))
            }
        })

    struct Processed: Sendable { let files: Int }

    private static let progress: [TypeDefinition] = [
        "AntivirusProgress", "ChecksumProgress", "FFIDProgress",
    ].map { name in
        .object(
            ObjectType(name, of: Processed.self, "How far one check is.") { fields in
                fields.field("filesProcessed", "Int!", "Files that have an answer, whatever it is.") { $0.files }
            })
    }
}
