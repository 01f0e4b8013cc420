public import Streams

/// Why metadata was not read or changed.
public enum MetadataError: Error, CustomStringConvertible {
    /// The schema cannot be used.
    case badSchema(BytePath, reason: String)
    /// The table cannot be read.
    case unreadable(BytePath, reason: String)
    /// A property that nobody gives, or that there is not.
    case protected(String)
    /// A file that the consignment does not have.
    case unknownFile(RecordID)
    /// The state of the consignment does not allow it.
    case notNow(ConsignmentReference, reason: String)

    /// What was being done, to what, what was found, what to do next.
    public var description: String {
        switch self {
        case .badSchema(let path, let reason):
            "cannot use the metadata schema '\(path.display)': \(reason); see metadata-schema.json of the distribution"
        case .unreadable(let path, let reason): "cannot read the metadata '\(path.display)': \(reason)"
        case .protected(let name):
            "Protected metadata property found: \(displayName(of: Array(name.utf8.prefix(100))))"
        case .unknownFile(let id):
            "Input contains directory id or contains non-existing file id or consignment id is incorrect: \(id)"
        case .notNow(let reference, let reason): "cannot change the metadata of \(reference): \(reason)"
        }
    }
}

/// One thing that is wrong with a table of metadata; as JSON its keys are the names here.
public struct MetadataFinding: Sendable, Hashable, Codable {
    /// The record of the table, its titles being 1; nil for a row that is missing.
    public let row: Int?
    /// The title of the column; nil where it is about the row or the table.
    public let column: String?
    /// The name of the property.
    public let property: String?
    /// The file, as the table names it.
    public let path: String?
    /// What stands there.
    public let value: String
    /// The rule that is broken.
    public let rule: String
    /// What was found.
    public let message: String
    /// What to do.
    public let remedy: String
}

/// What came of a table of metadata.
public struct MetadataSummary: Sendable {
    /// Rows of the table, without its titles.
    public internal(set) var rows = 0
    /// What is wrong with it. When anything is, nothing was changed.
    public internal(set) var findings = 0
    /// Files whose metadata is another now, or would be.
    public internal(set) var changed = 0
    /// The version of the schema.
    public internal(set) var schemaVersion: String
}
