import GraphQL
import Streams
import TDRCore

/// A file or folder of a consignment.
struct FileNode: Sendable {
    let facts: ConsignmentFacts
    let file: FileReport
    /// Which of its properties `fileMetadata` gives; nil for all.
    var properties: Set<String>?
}

/// The type `File` and what hangs on it.
enum FileTypes {
    /// Files of a page when it is not said how many.
    static let pageLimit = 100
    /// Files of a page, at most.
    static let largestPage = 1000

    static let all: [TypeDefinition] =
        [file, status, property, values, format, match, scan, filters, metadataFilters, consignmentFilters, pagination]
        + Connection<FileNode>.types("File")

    private static let file = TypeDefinition.object(
        ObjectType("File", of: FileNode.self, "A file or a folder of a consignment.") { fields in
            fields.field("fileId", "UUID!", "Its id.") { $0.file.id.description }
            fields.field("fileType", "String", "File or Folder.") { $0.file.type.rawValue }
            fields.field("fileName", "String", "The last part of its path.") { displayName(of: $0.file.path.name) }
            fields.field("fileReference", "String", "The catalogue's reference, as in Z6V.") {
                $0.file.reference.description
            }
            fields.field("parentReference", "String", "That of the folder that holds it.") {
                $0.file.parentReference?.description
            }
            fields.field("originalFilePath", "String", "Its path in the consignment.") { $0.file.path.display }
            fields.field("fileStatuses", "[FileStatus!]!", "What is known of it.") { node in
                Resolved.objects(FileTypes.statuses(of: node.file))
            }
            fields.field("fileStatus", "String", "What the format check says.", deprecated: "Ask for fileStatuses.") {
                $0.file.statuses[.ffid]?.rawValue
            }
            fields.batch("uploadMatchId", "String", "The client's own name for it.") { call in
                try await call.ask { archive, _, parents in
                    try archive.store.matchIDs(of: parents.map(\.file)).map { .string($0) }
                }
            }
            fields.batch("parentId", "UUID", "The id of the folder that holds it.") { call in
                try await call.ask { archive, _, parents in
                    try archive.store.parentIDs(of: parents.map(\.file)).map { .string($0?.description) }
                }
            }
            fields.batch("fileMetadata", "[FileMetadata!]!", "All its properties, by name.") { call in
                try await call.ask { archive, _, parents in
                    let own = try archive.store.properties(of: parents.map(\.file))
                    return zip(parents, own).map { node, own in
                        let all = FileTypes.properties(of: node.file, own)
                        return .objects(
                            node.properties.map { wanted in all.filter { wanted.contains($0.name) } } ?? all)
                    }
                }
            }
            fields.batch("metadata", "FileMetadataValues!", "Those that every file has.") { call in
                try await call.ask { archive, _, parents in
                    let own = try archive.store.properties(of: parents.map(\.file))
                    return zip(parents, own).map { node, own in .object(Values(file: node.file, own: own)) }
                }
            }
            fields.batch("ffidMetadata", "FFIDMetadata", "What the format check found; null before it.") { call in
                try await call.ask { archive, _, parents in
                    let formats = try archive.store.formats(of: parents.map(\.file))
                    return zip(parents, formats).map { node, matches in
                        .object(optional: matches.isEmpty ? nil : Format(file: node.file.id, matches: matches))
                    }
                }
            }
            fields.batch(
                "antivirusMetadata", "AntivirusMetadata",
                "The answer of the antivirus engine; of several the one that found something. Null before the check."
            ) { call in
                try await call.ask { archive, _, parents in
                    let scans = try archive.store.scans(of: parents.map(\.file))
                    return zip(parents, scans).map { node, scans in
                        let worst = scans.first { $0.result != "" } ?? scans.first
                        return .object(optional: worst.map { Scan(file: node.file.id, scan: $0) })
                    }
                }
            }
            fields.batch("antivirusResults", "[AntivirusMetadata!]!", "The answer of every antivirus engine.") { call in
                try await call.ask { archive, _, parents in
                    let scans = try archive.store.scans(of: parents.map(\.file))
                    return zip(parents, scans).map { node, scans in
                        .objects(scans.map { Scan(file: node.file.id, scan: $0) })
                    }
                }
            }
        })

    // MARK: Statuses and properties

    struct Status: Sendable {
        let file: RecordID
        let type: String
        let value: String
        /// What is known of the file; nil for a status that was said just now.
        var report: FileReport?
    }

    private static func statuses(of file: FileReport) -> [Status] {
        FileStatusType.allCases.compactMap { type in
            file.statuses[type].map {
                Status(file: file.id, type: type.rawValue, value: $0.rawValue, report: file)
            }
        }
    }

    private static let status = TypeDefinition.object(
        ObjectType("FileStatus", of: Status.self, "One thing that is known of a file.") { fields in
            fields.field("fileId", "UUID!", "Of which file.") { $0.file.description }
            fields.field("statusType", "String!", "What it is about, as in Antivirus or FFID.") { $0.type }
            fields.field("statusValue", "String!", "What is known, as in Success or VirusDetected.") { $0.value }
            fields.batch("reason", "String", "Why, where the word alone does not tell.") { call in
                try await call.ask { archive, _, parents in
                    // Each file once, however many statuses it has.
                    var files: [RecordID: FileReport] = [:]
                    for status in parents { if let report = status.report { files[status.file] = report } }
                    let list = Array(files.values)
                    let reasons = Dictionary(
                        uniqueKeysWithValues: zip(list.map(\.id), try archive.store.reasons(of: list)))
                    return parents.map { status in
                        .string(FileStatusType(rawValue: status.type).flatMap { reasons[status.file]?[$0] })
                    }
                }
            }
        })

    struct Property: Sendable {
        let name: String
        let value: String
    }

    /// The original's properties: what stands in the file's row, and what was said of it, by name.
    private static func properties(of file: FileReport, _ said: FileProperties) -> [Property] {
        // In the order of their names.
        var own: [FileProperties.Property] = []
        own.reserveCapacity(10)
        if let modified = file.modified {
            own.append(("ClientSideFileLastModifiedDate", Timestamp(nanoseconds: modified).description))
        }
        if let size = file.size { own.append(("ClientSideFileSize", "\(size)")) }
        own.append(("ClientSideOriginalFilepath", file.path.display))
        own.append(("FileReference", file.reference.description))
        own.append(("FileType", file.type.rawValue))
        own.append(("Filename", displayName(of: file.path.name)))
        own.append(("ParentReference", file.parentReference?.description ?? ""))
        if let digest = file.sha256 { own.append(("SHA256ClientSideChecksum", digest.hex)) }
        if let digest = file.serverSHA256 { own.append(("SHA256ServerSideChecksum", digest.hex)) }
        own.append(("UUID", file.id.description))
        return said.merged(with: own).map { Property(name: $0.name, value: $0.value) }
    }

    private static let property = TypeDefinition.object(
        ObjectType("FileMetadata", of: Property.self, "One property of a file.") { fields in
            fields.field("name", "String!", "Its name.") { $0.name }
            fields.field("value", "String!", "Its value.") { $0.value }
        })

    struct Values: Sendable {
        let file: FileReport
        let own: FileProperties
    }

    private static let values = TypeDefinition.object(
        ObjectType("FileMetadataValues", of: Values.self, "The properties that every file has.") { fields in
            fields.field("clientSideFileSize", "Long", "Bytes.") { values in
                values.file.size.map { JSONValue.int(Int($0)) }
            }
            fields.field("clientSideLastModifiedDate", "LocalDateTime", "When its content last changed, UTC.") {
                values in
                values.file.modified.map { Timestamp(nanoseconds: $0).local }
            }
            fields.field("clientSideOriginalFilePath", "String", "Its path in the consignment.") {
                $0.file.path.display
            }
            fields.field("sha256ClientSideChecksum", "String", "SHA-256 of the bytes that arrived.") {
                $0.file.sha256?.hex
            }
            fields.field("sha256ServerSideChecksum", "String", "SHA-256 of the bytes that are kept, by the last check.")
            {
                $0.file.serverSHA256?.hex
            }
            for (name, property, description) in [
                ("rightsCopyright", "RightsCopyright", "Whose copyright it is."),
                ("legalStatus", "LegalStatus", "Whether it is a public record."),
                ("heldBy", "HeldBy", "Who keeps it."), ("language", "Language", "In which language it is."),
                ("foiExemptionCode", "FoiExemptionCode", "Why it is closed."),
                ("closureType", "ClosureType", "Open or Closed."),
                ("closurePeriod", "ClosurePeriod", "For how many years it is closed."),
                ("closureStartDate", "ClosureStartDate", "Since when."),
                ("foiExemptionAsserted", "FoiExemptionAsserted", "When that was decided."),
                ("titleClosed", "TitleClosed", "Whether its name is closed."),
                ("descriptionClosed", "DescriptionClosed", "Whether its description is closed."),
            ] {
                fields.field(name, "String", description) { $0.own[property] }
            }
        })

    // MARK: What the checks found

    struct Format: Sendable {
        let file: RecordID
        let matches: [FormatReport]
    }

    private static let format = TypeDefinition.object(
        ObjectType("FFIDMetadata", of: Format.self, "What the format check found.") { fields in
            fields.field("fileId", "UUID!", "Of which file.") { $0.file.description }
            fields.field("software", "String!", "The program.") { $0.matches.first?.engine.software ?? "" }
            fields.field("softwareVersion", "String!", "Its version.") {
                $0.matches.first?.engine.softwareVersion ?? ""
            }
            fields.field("binarySignatureFileVersion", "String!", "PRONOM's signatures.") {
                $0.matches.first?.engine.databaseVersion ?? ""
            }
            fields.field("containerSignatureFileVersion", "String!", "PRONOM's signatures of containers.") {
                $0.matches.first?.containerVersion ?? ""
            }
            fields.field("method", "String!", "How formats are identified.") { _ in "pronom" }
            fields.field("matches", "[FFIDMetadataMatches!]!", "The formats that it may be.") {
                Resolved.objects($0.matches)
            }
            fields.field("datetime", "Long!", "When, milliseconds since 1970.") {
                Int($0.matches.first?.datetime?.milliseconds ?? 0)
            }
        })

    private static let match = TypeDefinition.object(
        ObjectType("FFIDMetadataMatches", of: FormatReport.self, "One format that a file may be.") { fields in
            fields.field("extension", "String", "The extension that was looked at.") { $0.fileExtension }
            fields.field("identificationBasis", "String!", "Signature, Container, Extension, or nothing.") {
                $0.identificationBasis
            }
            fields.field("puid", "String", "PRONOM's id of the format.") { $0.puid }
            fields.field("fileExtensionMismatch", "Boolean", "Whether the extension is not one of the format's.") {
                $0.extensionMismatch
            }
            fields.field("formatName", "String", "PRONOM's name of the format.") { $0.formatName }
            fields.field("mimeType", "String", "libmagic's opinion.") { $0.mimeType }
            fields.field("description", "String", "The same in words.") { $0.description }
        })

    struct Scan: Sendable {
        let file: RecordID
        let scan: AntivirusReport
    }

    private static let scan = TypeDefinition.object(
        ObjectType("AntivirusMetadata", of: Scan.self, "The answer of an antivirus engine.") { fields in
            fields.field("fileId", "UUID!", "On which file.") { $0.file.description }
            fields.field("software", "String!", "The engine.") { $0.scan.engine.software }
            fields.field("softwareVersion", "String!", "Its version.") { $0.scan.engine.softwareVersion }
            fields.field("databaseVersion", "String!", "That of its database.") { $0.scan.engine.databaseVersion }
            fields.field(
                "result", "String", "Empty when it is clean, else what was found; null when it could not be scanned."
            ) { $0.scan.result }
            fields.field("datetime", "Long!", "When, milliseconds since 1970.") { Int($0.scan.datetime.milliseconds) }
        })

    // MARK: Inputs

    private static let filters = TypeDefinition.input(
        InputType(
            "FileFilters", "Which files and folders of a consignment.",
            fields: [
                InputField("fileTypeIdentifier", "String", "File or Folder."),
                InputField("selectedFileIds", "[UUID!]", "Only these; at most \(largestPage)."),
                InputField("parentId", "UUID", "Only those directly in this folder."),
                InputField("paths", "[String!]", "Only those of these paths; at most \(largestPage)."),
                InputField("fileName", "String", "Only those whose path ends with this name."),
                InputField(
                    "metadataFilters", "FileMetadataFilters",
                    "Which properties fileMetadata gives of each; the files are the same."),
                InputField("withProblems", "Boolean", "Only those with a finding that somebody must act on."),
            ]))

    private static let metadataFilters = TypeDefinition.input(
        InputType(
            "FileMetadataFilters", "Which properties of files.",
            fields: [InputField("properties", "[String!]", "Their names, as fileMetadata has them.")]))

    private static let consignmentFilters = TypeDefinition.input(
        InputType(
            "ConsignmentFilters", "Which consignments.",
            fields: [
                InputField("userId", "UUID", "Only those of this user."),
                InputField("consignmentType", "String", "standard or judgment."),
            ]))

    private static let pagination = TypeDefinition.input(
        InputType(
            "PaginationInput", "Which page of files.",
            fields: [
                InputField(
                    "limit", "Int", "Files of the page, at most \(largestPage).", default: .int(pageLimit)),
                InputField("currentCursor", "String", "The endCursor of the page before."),
                InputField("currentPage", "Int", "How many pages to pass over, instead of a cursor."),
                InputField("fileFilters", "FileFilters", "Only some of them."),
            ]))
}
