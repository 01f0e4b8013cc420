public import Streams

/// A path as the file system has it: bytes.
public typealias BytePath = Streams.BytePath
/// A path below a folder that cannot leave it.
public typealias RelativePath = Streams.RelativePath
/// A SHA-256 value.
public typealias SHA256Digest = Streams.SHA256Digest

/// What kind of transfer it is.
public enum ConsignmentType: String, Sendable, CaseIterable {
    case standard, judgment
}

/// Where the bytes of a consignment are.
public enum StorageKind: String, Sendable {
    /// In the store, by id.
    case copied = "Copied"
    /// Where they lay when they were uploaded; the store has only what is known of them.
    case inPlace = "InPlace"
}

/// What happens to symbolic links, FIFOs, sockets and devices in a source folder: a bag holds files and folders only.
public enum LinkPolicy: String, Sendable, CaseIterable {
    /// Upload nothing and list them.
    case refuse
    /// Leave them out and report each.
    case skip
    /// Take what a link leads to as if it lay there, when that is inside the source; refuse everything else.
    case follow
}

/// Somebody who acts on a consignment.
public struct Person: Hashable, Sendable {
    /// The account's name.
    public var login: String
    /// First and last name, for the bag's Contact-Name.
    public var name: String
    /// For the bag's Contact-Email.
    public var email: String

    /// A person by account, name and e-mail address.
    public init(login: String, name: String, email: String) {
        self.login = login
        self.name = name
        self.email = email
    }
}

/// A transfer of one folder: what the store knows of it, without its files.
public struct Consignment: Sendable, Identifiable {
    /// The row in the store; not for use outside.
    let row: Int64
    /// The id that other systems know it by.
    public let id: RecordID
    /// The reference people know it by.
    public let reference: ConsignmentReference
    /// Standard or judgment.
    public let type: ConsignmentType
    /// The series' name, copied so that a later renaming does not rewrite history. Nil for judgments.
    public let seriesName: String?
    /// The transferring body's name, copied likewise.
    public let bodyName: String
    /// The transferring body's code, as in `TDR-CRAN`.
    public let bodyCode: String
    /// Who made the transfer.
    public let person: Person
    /// The folder that was uploaded, absolute.
    public let source: BytePath
    /// Copied or in place.
    public let storage: StorageKind
    /// What was to happen to symbolic links and special files in the source.
    public let links: LinkPolicy
    /// The name of the uploaded folder, the first component of every path.
    public let parentFolder: [UInt8]
    /// Whether the catalogue shows that name.
    public let includeTopLevelFolder: Bool
    /// When it was made.
    public let created: Timestamp
    /// When custody was confirmed by naming it in an export.
    public let transferInitiated: Timestamp?
    /// When it was first exported. Later exports repeat this time, so that they repeat the bag.
    public let exported: Timestamp?
    /// Where the last export went.
    public let exportLocation: String?
}

extension Consignment {
    /// One as a server tells of it: not for use with a store.
    package init(
        id: RecordID, reference: ConsignmentReference, type: ConsignmentType, seriesName: String?,
        body: (name: String, code: String), person: Person, source: BytePath, storage: StorageKind, links: LinkPolicy,
        parentFolder: [UInt8], includeTopLevelFolder: Bool, created: Timestamp, transferInitiated: Timestamp?,
        exported: Timestamp?,
        exportLocation: String?
    ) {
        row = -1
        self.id = id
        self.reference = reference
        self.type = type
        self.seriesName = seriesName
        (bodyName, bodyCode) = body
        self.person = person
        self.source = source
        self.storage = storage
        self.links = links
        self.parentFolder = parentFolder
        self.includeTopLevelFolder = includeTopLevelFolder
        self.created = created
        self.transferInitiated = transferInitiated
        self.exported = exported
        self.exportLocation = exportLocation
    }
}

/// A file or a folder.
public enum FileType: String, Sendable {
    case file = "File"
    case folder = "Folder"
}
