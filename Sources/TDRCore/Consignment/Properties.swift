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
