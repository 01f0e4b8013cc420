/// The names of metadata properties, as the original spells them.
public enum PropertyName {
    /// Written for every file and folder at upload: see ``fileDefaults``.
    public static let rightsCopyright = "RightsCopyright"
    /// `Public Record(s)`, `Welsh Public Record(s)` or `Not Public Record(s)`.
    public static let legalStatus = "LegalStatus"
    /// Who keeps the records.
    public static let heldBy = "HeldBy"
    /// The language of the records.
    public static let language = "Language"
    /// `Open` or `Closed`.
    public static let closureType = "ClosureType"
    /// Whether the title is closed.
    public static let titleClosed = "TitleClosed"
    /// Whether the description is closed.
    public static let descriptionClosed = "DescriptionClosed"
    /// Whether custody was confirmed, on a consignment.
    public static let legalCustodyTransferConfirmed = "LegalCustodyTransferConfirmed"

    /// What every file and folder of a new consignment is taken to be until metadata says otherwise, in order.
    public static let fileDefaults: [(name: String, value: String)] = [
        (rightsCopyright, "Crown copyright"),
        (legalStatus, "Public Record(s)"),
        (heldBy, "The National Archives, Kew"),
        (language, "English"),
        (closureType, "Open"),
        (titleClosed, "false"),
        (descriptionClosed, "false"),
    ]
}

extension PropertyName {
    /// The path of the unredacted original, on a redacted file.
    public static let originalFilepath = "OriginalFilepath"
    /// The version of the schema by which metadata was applied, on a consignment.
    public static let metadataSchemaLibraryVersion = "MetadataSchemaLibraryVersion"
    /// Whether the records were appraised and selected, on a consignment.
    public static let appraisalSelectionSignOffConfirmed = "AppraisalSelectionSignOffConfirmed"
    /// Whether the records were reviewed for sensitivity, on a consignment.
    public static let sensitivityReviewSignOffConfirmed = "SensitivityReviewSignOffConfirmed"
    /// Whether all records are open at first, on a consignment.
    public static let initialOpenRecordsConfirmed = "InitialOpenRecordsConfirmed"
    /// Whether all records are public records, on a consignment.
    public static let publicRecordsConfirmed = "PublicRecordsConfirmed"
    /// The name of the table of metadata as the transferring person has it, on a consignment.
    public static let clientSideDraftMetadataFileName = "ClientSideDraftMetadataFileName"
    /// What the transferring body may say of a consignment as a whole.
    public static let ofConsignment: Set<String> = [
        legalStatus, publicRecordsConfirmed, appraisalSelectionSignOffConfirmed, sensitivityReviewSignOffConfirmed,
        initialOpenRecordsConfirmed, "JudgmentType", "JudgmentUpdate", "JudgmentUpdateType", "JudgmentUpdateDetails",
        "JudgmentNeutralCitation", "JudgmentNoNeutralCitation", "JudgmentReference",
    ]
    /// The words that the legal status of records may have.
    public static let legalStatuses = ["Public Record(s)", "Welsh Public Record(s)", "Not Public Record(s)"]
}
