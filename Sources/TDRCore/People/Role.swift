/// What somebody is to the archive. Names are those of the original's claims and client roles, but for `administrator`.
public enum Role: String, Sendable, CaseIterable {
    /// Somebody of a transferring body, with records of any kind.
    case standardUser = "standard_user"
    /// Somebody of a transferring body, with court judgments.
    case judgmentUser = "judgment_user"
    /// Somebody of the archive.
    case archiveUser = "tna_user"
    /// Somebody of the archive who may look at metadata under review.
    case metadataViewer = "metadata_viewer"
    /// Somebody of the archive who decides reviews.
    case transferAdviser = "transfer_adviser"
    /// The program that scans files.
    case antivirus
    /// The program that computes checksums.
    case checksum
    /// The program that identifies formats.
    case fileFormat = "file_format"
    /// The program that writes bags.
    case export
    /// The program that reads metadata out of spreadsheets.
    case updateMetadata = "update_metadata"
    /// The program that transfers for other people.
    case dataLoad = "data-load"
    /// The program that tells others of exports.
    case notifyExport = "notify_export_details"
    /// The program that makes reports.
    case reporting
    /// Whoever runs the archive's store.
    case administrator
}

/// What a token may be used for, at most: its owner's roles still decide.
public enum Scope: String, Sendable, CaseIterable {
    /// Look at consignments.
    case read
    /// Make consignments, upload, describe and confirm them.
    case transfer
    /// Start checks.
    case check
    /// Start exports.
    case export
    /// Decide reviews.
    case review
    /// Write what only the archive's own programs write.
    case service
    /// Look after users, and see how the server is.
    case admin
}
