/// The steps of a transfer, by the original's names.
public enum ConsignmentStatusType: String, Sendable, CaseIterable {
    case series = "Series"
    case transferAgreement = "TransferAgreement"
    case upload = "Upload"
    case clientChecks = "ClientChecks"
    case serverAntivirus = "ServerAntivirus"
    case serverChecksum = "ServerChecksum"
    case serverFFID = "ServerFFID"
    case serverRedaction = "ServerRedaction"
    case draftMetadata = "DraftMetadata"
    case draftMetadataUpload = "DraftMetadataUpload"
    case metadataReview = "MetadataReview"
    case confirmTransfer = "ConfirmTransfer"
    case export = "Export"

    /// The place of each in the order of the steps.
    static let order = Dictionary(uniqueKeysWithValues: allCases.enumerated().map { ($1, $0) })
}

/// How far a step is, by the original's names.
public enum ConsignmentStatusValue: String, Sendable, CaseIterable {
    case inProgress = "InProgress"
    case completed = "Completed"
    case completedWithIssues = "CompletedWithIssues"
    case failed = "Failed"
}

/// What is known of one file, by the original's names.
public enum FileStatusType: String, Sendable, CaseIterable {
    case upload = "Upload"
    case clientChecks = "ClientChecks"
    case clientChecksum = "ClientChecksum"
    case clientFilePath = "ClientFilePath"
    case antivirus = "Antivirus"
    case checksumMatch = "ChecksumMatch"
    case serverChecksum = "ServerChecksum"
    case ffid = "FFID"
    case redaction = "Redaction"
}

/// The values a file's statuses take, by the original's names.
public enum FileStatusValue: String, Sendable, CaseIterable {
    case success = "Success"
    case failed = "Failed"
    case mismatch = "Mismatch"
    case virusDetected = "VirusDetected"
    case nonJudgmentFormat = "NonJudgmentFormat"
    case zeroByteFile = "ZeroByteFile"
    case multipleFormats = "MultipleFormats"
    case unidentified = "Unidentified"
    case zip = "Zip"
    case passwordProtected = "PasswordProtected"
    case executable = "Executable"
    case shortcut = "Shortcut"
    case template = "Template"
    case backup = "Backup"
    case licenseContainsRegistrationInformation = "LicenseContainsRegistrationInformation"
    case operatingSystemMac = "OperatingSystemMac"
    case systemFile = "SystemFile"
    case desktopIni = "DesktopIni"
    case ambiguousOriginalFile = "AmbiguousOriginalFile"
    case duplicateFileName = "DuplicateFileName"
    case noOriginalFile = "NoOriginalFile"
    case completed = "Completed"
    case completedWithIssues = "CompletedWithIssues"

    /// Whether nothing needs to be done about it.
    public var isGood: Bool { self == .success || self == .completed }

    /// Whether an export may be allowed in spite of it, by name and with a reason. Never what is infected, altered
    /// or could not be checked.
    public var mayBeAllowed: Bool {
        switch self {
        case .success, .completed, .failed, .mismatch, .virusDetected: false
        default: true
        }
    }
}

/// The three checks of a file.
public enum CheckKind: String, Sendable, CaseIterable, Comparable {
    case checksum, format, antivirus

    /// The file statuses this check decides.
    public var statusTypes: [FileStatusType] {
        switch self {
        case .checksum: [.serverChecksum, .checksumMatch]
        case .format: [.ffid]
        case .antivirus: [.antivirus]
        }
    }

    /// The step of the consignment that stands for this check.
    public var consignmentStep: ConsignmentStatusType {
        switch self {
        case .checksum: .serverChecksum
        case .format: .serverFFID
        case .antivirus: .serverAntivirus
        }
    }

    /// In the order in which they are named to people.
    public static func < (a: CheckKind, b: CheckKind) -> Bool {
        let order: [CheckKind] = [.antivirus, .checksum, .format]
        return (order.firstIndex(of: a) ?? 0) < (order.firstIndex(of: b) ?? 0)
    }
}

/// The moves a step may make. Every change of a consignment's status passes here.
enum StatusRules {
    /// Whether `type` may go from `old` (nil: not begun) to `new`.
    ///
    /// A step begins as `InProgress` and ends from there. An ended check or export may begin again: checks can be
    /// repeated and a bag can be written twice. An upload that ended with issues may be continued; one that is
    /// complete may not, since its files have been counted and handed on. `Series` and `ConfirmTransfer` are acts of
    /// a moment and begin as `Completed`.
    static func allows(
        _ type: ConsignmentStatusType, from old: ConsignmentStatusValue?, to new: ConsignmentStatusValue
    ) -> Bool {
        switch (old, new) {
        case (nil, .inProgress): true
        case (nil, .completed): type == .series || type == .confirmTransfer || type == .transferAgreement
        case (nil, _): false
        case (.inProgress, .completed), (.inProgress, .completedWithIssues), (.inProgress, .failed): true
        case (.inProgress, .inProgress): true
        case (.completed, .inProgress):
            switch type {
            case .serverAntivirus, .serverChecksum, .serverFFID, .serverRedaction, .clientChecks, .export: true
            case .draftMetadata, .draftMetadataUpload, .metadataReview: true
            default: false
            }
        case (.completedWithIssues, .inProgress), (.failed, .inProgress): true
        // The steps that sum up files may be summed up anew when a single file was checked again.
        case (.completed, _), (.completedWithIssues, _), (.failed, _): old == new
        }
    }

    /// The consignment's status for a check, from its files' statuses: `counts` says how many files have each value,
    /// with nil for files that have none yet.
    ///
    /// As in the original but for one thing: a checksum that does not match is an issue there too.
    static func rollUp(_ check: CheckKind, counts: [FileStatusValue?: Int]) -> ConsignmentStatusValue {
        let present = counts.filter { $0.value > 0 }
        if present.keys.contains(nil) || present.keys.contains(.failed) { return .failed }
        return present.keys.allSatisfy { $0?.isGood ?? false } ? .completed : .completedWithIssues
    }
}

/// All statuses of one file.
public struct FileStatuses: Hashable, Sendable {
    private var values: [FileStatusType: FileStatusValue]

    /// Statuses by type; a type that is absent has none.
    public init(_ values: [FileStatusType: FileStatusValue] = [:]) { self.values = values }

    /// The status of one type.
    public subscript(type: FileStatusType) -> FileStatusValue? {
        get { values[type] }
        set { values[type] = newValue }
    }

    /// The statuses that need somebody to act, in the order of the types.
    public var problems: [(type: FileStatusType, value: FileStatusValue)] {
        FileStatusType.allCases.compactMap { type in
            guard let value = values[type], !value.isGood else { return nil }
            return (type, value)
        }
    }

    /// What the client's own checks come to once all others are known (`tdr-domain` 3.6).
    var clientChecks: FileStatusValue {
        let issues =
            values[.ffid] == .zeroByteFile || values[.ffid] == .multipleFormats
            || values[.clientChecksum] != .success || values[.clientFilePath] != .success
            || (values[.redaction].map { !$0.isGood } ?? false)
        return issues ? .completedWithIssues : .completed
    }
}
