public import Streams

/// What `status`, the API and the pages say of a consignment: read in one snapshot, without walking its files.
public struct ConsignmentReport: Sendable {
    /// The consignment.
    public let consignment: Consignment
    /// The steps that have begun, with their values.
    public let statuses: [ConsignmentStatusType: ConsignmentStatusValue]
    /// Files, without folders.
    public let files: Int
    /// Folders, the top one included.
    public let folders: Int
    /// Bytes of all files taken.
    public let bytes: Int
    /// Files with a status that needs somebody to act.
    public let filesWithProblems: Int
    /// How many files have each value of each status; files without one are not counted.
    public let fileCounts: [FileStatusType: [FileStatusValue: Int]]
    /// Whether a process works on it now.
    public let isBeingWorkedOn: Bool
    /// Whether it was decided to make no antivirus check.
    public let withoutAntivirus: Bool
    /// What is seldom there.
    package let details: ConsignmentDetails

    /// System files left out.
    public var excluded: Int { details.excluded }
    /// Links and special files left out.
    public var skipped: Int { details.skipped }
    /// The login of whoever wished that the transfer is confirmed when the checks end clean; nil where nobody did.
    public var confirmsWhenClean: String? { details.confirmsWhenClean }
    /// Where its bags are, as far as they are looked after.
    public var exports: [ExportCopy] { details.exports }
    /// Uploads of its bags that have not ended.
    public var unfinishedUploads: [UnfinishedUpload] { details.unfinishedUploads }
    /// Files that were taken out of it.
    public var withdrawnFiles: Int { details.withdrawnFiles }
    /// When and why it was cancelled; nil when it was not.
    public var cancellation: Cancellation? { details.cancellation }
    /// How many files are like others; nil when not counted since the last change.
    public var likeness: LikenessCounts? { details.likeness }

    /// A report of these facts.
    package init(
        consignment: Consignment, statuses: [ConsignmentStatusType: ConsignmentStatusValue], files: Int, folders: Int,
        bytes: Int, filesWithProblems: Int,
        fileCounts: [FileStatusType: [FileStatusValue: Int]], isBeingWorkedOn: Bool, withoutAntivirus: Bool,
        details: ConsignmentDetails = ConsignmentDetails()
    ) {
        self.consignment = consignment
        self.statuses = statuses
        self.files = files
        self.folders = folders
        self.bytes = bytes
        self.filesWithProblems = filesWithProblems
        self.fileCounts = fileCounts
        self.isBeingWorkedOn = isBeingWorkedOn
        self.withoutAntivirus = withoutAntivirus
        self.details = details
    }

    /// Files whose check of `kind` has a complete result.
    public func checked(_ kind: CheckKind) -> Int {
        kind.statusTypes.map { type in
            (fileCounts[type] ?? [:]).reduce(0) { $0 + ($1.key == .failed ? 0 : $1.value) }
        }.min() ?? 0
    }

    /// The transfer in one word, as the original's list of transfers has it.
    public var state: String {
        if cancellation != nil { return "Cancelled" }
        switch statuses[.export] {
        case .completed: return "Transferred"
        case .inProgress: return isBeingWorkedOn ? "Exporting" : "Interrupted"
        case .failed, .completedWithIssues: return "Failed"
        case nil: break
        }
        let steps: [ConsignmentStatusType] = [
            .upload, .serverAntivirus, .serverChecksum, .serverFFID, .serverRedaction, .clientChecks,
        ]
        let values = steps.compactMap { wantedStatuses[$0] }
        if values.contains(.inProgress) { return isBeingWorkedOn ? "In Progress" : "Interrupted" }
        if values.contains(.failed) || values.contains(.completedWithIssues) { return "Failed" }
        if statuses[.metadataReview] == .inProgress { return "In Review" }
        return areChecksComplete ? "Checked" : "Uploaded"
    }

    /// The steps that count: what an antivirus check came to does not where it was decided to make none.
    public var wantedStatuses: [ConsignmentStatusType: ConsignmentStatusValue] {
        withoutAntivirus ? statuses.filter { $0.key != .serverAntivirus } : statuses
    }

    /// Whether every check that is wanted was made for every file and found nothing.
    public var areChecksComplete: Bool {
        var steps: [ConsignmentStatusType] = [.upload, .serverChecksum, .serverFFID]
        if !withoutAntivirus { steps.append(.serverAntivirus) }
        return steps.allSatisfy { statuses[$0] == .completed }
    }

    /// What to do next, as a command where there is one.
    public var nextAction: String {
        let reference = consignment.reference
        if isBeingWorkedOn { return "wait: a process is working on it" }
        if cancellation != nil { return "nothing: it was cancelled" }
        switch statuses[.upload] {
        case .inProgress, nil:
            if consignment.source.bytes.isEmpty { return "wait: its files come through the API" }
            return "tdr upload --resume \(reference)"
        case .completedWithIssues, .failed:
            return "look at tdr status \(reference) --failed, mend the source, then tdr upload --resume \(reference)"
        case .completed: break
        }
        let checks: [CheckKind] = withoutAntivirus ? [.checksum, .format] : CheckKind.allCases
        if checks.contains(where: { checked($0) < files }) { return "tdr check \(reference)" }
        if let copy = exports.first(where: \.isAmiss) {
            return "look after \(copy.location.display), which is \(copy.result?.rawValue ?? ""); then"
                + " tdr verify --exports \(reference)"
        }
        if statuses[.export] == .completed { return "nothing: exported to \(consignment.exportLocation ?? "")" }
        if filesWithProblems > 0 { return "tdr status \(reference) --failed" }
        switch statuses[.metadataReview] {
        case .inProgress: return "tdr review approve \(reference), or reject it with --notes"
        case .completedWithIssues:
            return "mend the metadata (tdr review log \(reference)), then tdr review request \(reference)"
        default: break
        }
        return "tdr export \(reference) --to DIR"
    }
}

/// One file or folder, with everything that is known of it.
public struct FileReport: Sendable {
    /// The row in the store; not for use outside.
    var row: Int64 = 0
    /// The path in the consignment.
    public let path: RelativePath
    /// File or folder.
    public let type: FileType
    /// The id that other systems know it by.
    public let id: RecordID
    /// The catalogue's reference.
    public let reference: FileReference
    /// The catalogue's reference of the folder that holds it; nil for the top folder.
    public let parentReference: FileReference?
    /// Bytes; nil for a folder and for a file that could not be read.
    public let size: Int64?
    /// When its content last changed at the source, nanoseconds since 1970 UTC.
    public let modified: Int64?
    /// SHA-256 of the bytes taken at upload.
    public let sha256: SHA256Digest?
    /// SHA-256 of the stored bytes at the last check.
    public let serverSHA256: SHA256Digest?
    /// Its statuses.
    public let statuses: FileStatuses
    /// Why, for statuses whose word alone does not tell.
    public internal(set) var reasons: [FileStatusType: String] = [:]
    /// The format, as far as it is known.
    public internal(set) var formats: [FormatReport] = []
    /// What each antivirus engine said.
    public internal(set) var antivirus: [AntivirusReport] = []
    /// Metadata of its own, by property name; the consignment's defaults are not repeated here.
    public internal(set) var properties: [String: String] = [:]
}

extension FileReport {
    /// What a server tells of a file.
    package init(
        path: RelativePath, type: FileType, id: RecordID, reference: FileReference, parentReference: FileReference?,
        size: Int64?, modified: Int64?, sha256: SHA256Digest?, serverSHA256: SHA256Digest?,
        statuses: FileStatuses, reasons: [FileStatusType: String], formats: [FormatReport],
        antivirus: [AntivirusReport]
    ) {
        self.path = path
        self.type = type
        self.id = id
        self.reference = reference
        self.parentReference = parentReference
        self.size = size
        self.modified = modified
        self.sha256 = sha256
        self.serverSHA256 = serverSHA256
        self.statuses = statuses
        self.reasons = reasons
        self.formats = formats
        self.antivirus = antivirus
    }
}

/// One match of the format check.
public struct FormatReport: Sendable {
    /// The PRONOM id.
    public let puid: String?
    /// The name of the format in PRONOM.
    public let formatName: String?
    /// How it was found: `Signature`, `Container`, `Extension`, `Magic`, or empty.
    public let identificationBasis: String
    /// The extension of the name that was looked at.
    public let fileExtension: String?
    /// Whether the extension is not one of the format's.
    public let extensionMismatch: Bool?
    /// libmagic's MIME type.
    public let mimeType: String?
    /// libmagic's description.
    public let description: String?
    /// The program that found it.
    public let engine: EngineVersion
    /// The version of the container signatures.
    public let containerVersion: String
    /// When it was found; nil where that was not asked for.
    public let datetime: Timestamp?

    /// A match with all that is known of it.
    package init(
        puid: String?, formatName: String?, identificationBasis: String, fileExtension: String?,
        extensionMismatch: Bool?, mimeType: String?, description: String?, engine: EngineVersion,
        containerVersion: String, datetime: Timestamp? = nil
    ) {
        self.puid = puid
        self.formatName = formatName
        self.identificationBasis = identificationBasis
        self.fileExtension = fileExtension
        self.extensionMismatch = extensionMismatch
        self.mimeType = mimeType
        self.description = description
        self.engine = engine
        self.containerVersion = containerVersion
        self.datetime = datetime
    }
}

/// The answer of one antivirus engine.
public struct AntivirusReport: Sendable {
    /// The engine.
    public let engine: EngineVersion
    /// Empty when clean, the names found otherwise; nil when not scanned.
    public let result: String?
    /// When.
    public let datetime: Timestamp

    /// An answer of `engine`.
    package init(engine: EngineVersion, result: String?, datetime: Timestamp) {
        self.engine = engine
        self.result = result
        self.datetime = datetime
    }
}
