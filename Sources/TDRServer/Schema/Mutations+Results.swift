import GraphQL
import HTTPTypes
import Streams
import TDRCore

extension Mutations {
    /// What programs outside say of files: those that make checks of their own, and those that send.
    static let results: [Mutation] = [
        Mutation(
            "addBulkAntivirusMetadata", "[AntivirusMetadata!]!",
            """
            Records what an antivirus program has found in files, at most \(Change.mostItems) in one call. The status \
            Antivirus follows from that: clean is what every engine calls clean that has looked at the file.
            """, "addBulkAntivirusMetadataInput",
            InputType(
                "AddAntivirusMetadataInput", "What an antivirus program has found.",
                fields: [
                    InputField("antivirusMetadata", "[AddAntivirusMetadataInputValues!]!", "An answer for each file.")
                ]),
            parts: [
                InputType(
                    "AddAntivirusMetadataInputValues", "The answer of an antivirus program on one file.",
                    fields: program + [
                        InputField("databaseVersion", "String!", "The version of what it judges by."),
                        InputField(
                            "result", "String",
                            "Empty or NO_THREATS_FOUND when it is clean; null, UNSUPPORTED, ACCESS_DENIED or FAILED when it "
                                + "could not be scanned; else what was found."),
                        InputField("datetime", "Long!", "When, milliseconds since 1970."),
                    ])
            ]
        ) { change in
            let entries = try change.objects("antivirusMetadata").map { entry in
                FileTypes.Scan(
                    file: try entry.id("fileId"),
                    scan: AntivirusReport(
                        engine: try engine(entry, database: "databaseVersion"), result: entry["result"]?.string,
                        datetime: Timestamp(milliseconds: Int64(entry["datetime"]?.int ?? 0))))
            }
            try record(entries.map { ReportedResult($0.file, .antivirus($0.scan)) }, change)
            return .objects(entries)
        },
        Mutation(
            "addBulkFFIDMetadata", "[FFIDMetadata!]!",
            """
            Records what formats a program has identified, at most \(Change.mostItems) files in one call. The status FFID \
            follows from that by the rules of this archive.
            """, "addBulkFFIDMetadataInput",
            InputType(
                "FFIDMetadataInput", "What formats were identified.",
                fields: [InputField("metadataInputValues", "[FFIDMetadataInputValues!]!", "An answer for each file.")]),
            parts: [
                InputType(
                    "FFIDMetadataInputValues", "The formats that one file may be.",
                    fields: program + [
                        InputField("binarySignatureFileVersion", "String!", "PRONOM's signatures."),
                        InputField("containerSignatureFileVersion", "String!", "PRONOM's signatures of containers."),
                        InputField("method", "String!", "How formats are identified: pronom."),
                        InputField(
                            "matches", "[FFIDMetadataInputMatches!]!",
                            "At least one; one without a PUID when nothing was identified."),
                    ]),
                InputType(
                    "FFIDMetadataInputMatches", "One format that a file may be.",
                    fields: [
                        InputField("extension", "String", "The extension that was looked at."),
                        InputField("identificationBasis", "String!", "Signature, Container, Extension, or nothing."),
                        InputField("puid", "String", "PRONOM's id of the format."),
                        InputField(
                            "fileExtensionMismatch", "Boolean", "Whether the extension is not one of the format's."),
                        InputField("formatName", "String", "PRONOM's name of the format."),
                    ]),
            ]
        ) { change in
            let entries = try change.objects("metadataInputValues").map(Identified.init)
            try record(entries.map { ReportedResult($0.file, $0.finding) }, change)
            let now = change.store.now
            return .objects(entries.map { FileTypes.Format(file: $0.file, matches: $0.reports(at: now)) })
        },
        Mutation(
            "addMultipleFileMetadata", "[FileMetadataWithFileId!]!",
            """
            Records the checksums that a program has computed of the bytes that are kept, as SHA256ServerSideChecksum, at \
            most \(Change.mostItems) in one call. The statuses ServerChecksum and ChecksumMatch follow from that.
            """, "addMultipleFileMetadataInput",
            InputType(
                "AddFileMetadataWithFileIdInput", "What was computed.",
                fields: [
                    InputField(
                        "metadataInputValues", "[AddFileMetadataWithFileIdInputValues!]!", "A value for each file.")
                ]),
            parts: [
                InputType(
                    "AddFileMetadataWithFileIdInputValues", "One property of one file.",
                    fields: [
                        InputField("filePropertyName", "String!", "Its name: SHA256ServerSideChecksum."),
                        InputField("fileId", "UUID!", "Of which file."), InputField("value", "String!", "Its value."),
                    ])
            ]
        ) { change in
            let entries = try change.objects("metadataInputValues").map { entry in
                let name = try entry.text("filePropertyName")
                guard name == "SHA256ServerSideChecksum" else {
                    throw FieldError.input("Protected metadata property found: \(name.prefix(60))")
                }
                return FileProperty(file: try entry.id("fileId"), name: name, value: try entry.text("value"))
            }
            try record(
                entries.map { entry in
                    guard let digest = SHA256Digest(hex: Array(entry.value.utf8)) else {
                        throw FieldError.input("the checksum of \(entry.file) is not 64 hexadecimal digits")
                    }
                    return ReportedResult(entry.file, .checksum(digest))
                }, change)
            return .objects(entries)
        },
        Mutation(
            "addMultipleFileStatuses", "[FileStatus!]!",
            """
            Says that files could not be sent (Upload Failed, by who sends them) or not be checked (Antivirus, \
            ServerChecksum, ChecksumMatch or FFID Failed, by the program that makes the check), at most \
            \(Change.mostItems) in one call. All other statuses follow from what arrives and from the results of checks.
            """, "addMultipleFileStatusesInput",
            InputType(
                "AddMultipleFileStatusesInput", "What is known of files.",
                fields: [InputField("statuses", "[AddFileStatusInput!]!", "A status for each file.")]),
            parts: [
                InputType(
                    "AddFileStatusInput", "One status of one file.",
                    fields: [
                        InputField("fileId", "UUID!", "Of which file."),
                        InputField("statusType", "String!", "Which status, as in Upload."),
                        InputField("statusValue", "String!", "Failed."),
                    ])
            ]
        ) { change in
            let entries = try change.objects("statuses").map(SaidStatus.init)
            let unsent = entries.filter { $0.check == nil }.map(\.file)
            for (facts, files) in try consignments(of: unsent, change, .upload) {
                try change.store.recordNotSent(files, in: facts.consignment, run: change.run)
            }
            for check in CheckKind.allCases {
                let failed = Set(entries.filter { $0.check == check }.map(\.file))
                try record(failed.map { ReportedResult($0, .failed(check)) }, change)
            }
            return .objects(
                entries.map { FileTypes.Status(file: $0.file, type: $0.type.rawValue, value: $0.value.rawValue) })
        },
    ]

    /// The fields that name a file and the program that has looked at it.
    private static let program = [
        InputField("fileId", "UUID!", "Of which file."), InputField("software", "String!", "The program."),
        InputField("softwareVersion", "String!", "Its version."),
    ]

    private static func engine(_ entry: JSONObject, database: String) throws -> EngineVersion {
        let words = try ["software", "softwareVersion", database].map { field in
            let text = try entry.text(field)
            guard text.isEmpty && field == database || text.isOneLine(atMost: 256) else {
                throw FieldError.input("\(field) is empty, has line breaks or more than 256 bytes")
            }
            return text
        }
        return EngineVersion(software: words[0], softwareVersion: words[1], databaseVersion: words[2])
    }

    /// Records results, each in its consignment, when the asker is the program that makes these checks.
    private static func record(_ results: [ReportedResult], _ change: Change) throws {
        guard let check = results.first?.finding.check else { return }
        for (facts, files) in try consignments(
            of: results.map(\.file), change, try Mutations.check(check, change.principal))
        {
            try change.store.record(
                results.filter { files.contains($0.file) }, in: facts.consignment, policy: change.archive.formatPolicy,
                run: change.run)
        }
    }

    /// The consignments of files, when the asker may do this to every one of them.
    ///
    /// - Throws: ``APIError/notFound``.
    private static func consignments(
        of files: [RecordID], _ change: Change, _ act: Act
    ) throws -> [(ConsignmentFacts, Set<RecordID>)] {
        if files.isEmpty { return [] }
        let found = try change.store.consignments(ofFiles: files)
        guard found.reduce(0, { $0 + $1.files.count }) == Set(files).count,
            found.allSatisfy({
                Access.allows(
                    change.principal, act, Access.relations(of: change.principal, to: $0.consignment))
            })
        else { throw APIError.notFound }
        return found.map { ($0.consignment, $0.files) }
    }

    /// What a program has identified in one file.
    private struct Identified {
        let file: RecordID
        let engine: EngineVersion
        let container: String
        let matches: [ReportedMatch]

        init(_ entry: JSONObject) throws {
            file = try entry.id("fileId")
            engine = try Mutations.engine(entry, database: "binarySignatureFileVersion")
            container = try entry.text("containerSignatureFileVersion")
            guard try entry.text("method") == "pronom" else { throw FieldError.input("the method is pronom") }
            guard container.isEmpty || container.isOneLine(atMost: 256) else {
                throw FieldError.input("containerSignatureFileVersion has line breaks or more than 256 bytes")
            }
            matches = try (entry["matches"]?.list ?? []).prefix(100).map { value in
                let object = value.object ?? [:]
                var match = ReportedMatch(identificationBasis: try object.text("identificationBasis"))
                match.puid = object["puid"]?.string
                match.formatName = object["formatName"]?.string
                match.fileExtension = object["extension"]?.string
                match.extensionMismatch = object["fileExtensionMismatch"]?.bool
                return match
            }
        }

        var finding: ReportedResult.Finding { .format(engine, containerVersion: container, matches: matches) }

        func reports(at time: Timestamp) -> [FormatReport] {
            matches.map {
                FormatReport(
                    puid: $0.puid, formatName: $0.formatName, identificationBasis: $0.identificationBasis,
                    fileExtension: $0.fileExtension, extensionMismatch: $0.extensionMismatch, mimeType: nil,
                    description: nil, engine: engine, containerVersion: container, datetime: time)
            }
        }
    }

    /// A status that is said and not found.
    private struct SaidStatus {
        let file: RecordID
        let type: FileStatusType
        let value: FileStatusValue
        /// The check that could not be made; nil for a file that could not be sent.
        let check: CheckKind?

        init(_ entry: JSONObject) throws {
            file = try entry.id("fileId")
            let (type, value) = (try entry.text("statusType"), try entry.text("statusValue"))
            guard let type = FileStatusType(rawValue: type), let value = FileStatusValue(rawValue: value) else {
                throw FieldError.input(
                    "Invalid FileStatus input: either '\(type.prefix(60))' or '\(value.prefix(60))'")
            }
            check = CheckKind.allCases.first { $0.statusTypes.contains(type) }
            guard value == .failed, check != nil || type == .upload else {
                throw FieldError.input(
                    "\(type.rawValue) \(value.rawValue) cannot be said: it follows from the bytes and the results of checks"
                )
            }
            (self.type, self.value) = (type, value)
        }
    }
}
