public import Streams

/// What the check of one entry of a folder found, where it lies.
public struct CheckedFile: Sendable {
    /// What kind of entry.
    public enum Kind: String, Sendable {
        /// A file that was checked, or should have been.
        case file
        /// A folder about which there is something to say.
        case folder
        /// A system file, link or special file that an upload would leave out.
        case leftOut
        /// A link or special file because of which an upload would refuse the folder.
        case refused
    }

    /// The path, beginning as the user wrote it.
    public let path: BytePath
    /// What it is.
    public let kind: Kind
    /// Bytes; nil when it was not looked at.
    public internal(set) var size: Int64?
    /// When its content last changed, nanoseconds since 1970 UTC.
    public internal(set) var modified: Int64?
    /// SHA-256 of its bytes; nil when it could not be read, or the checksum was not wanted.
    public internal(set) var sha256: SHA256Digest?
    /// Every PRONOM match that is not outranked.
    public internal(set) var formats: [CheckedFormat] = []
    /// Whether the bytes were looked at for their format.
    public internal(set) var isIdentified = false
    /// Whether the bytes could be plain text.
    public internal(set) var isText = false
    /// libmagic's MIME type and description.
    public internal(set) var magic: MagicOpinion?
    /// What the antivirus engines say together: empty when clean, the names found, nil when not scanned.
    public internal(set) var antivirusResult: String?
    /// The statuses the file would have after a check of a consignment.
    public internal(set) var statuses: [FileStatusType: FileStatusValue] = [:]
    /// What stands in the way of a transfer.
    public internal(set) var findings: [CheckFinding] = []
    /// What to know, though it stands in nobody's way: why it was left out, names that are awkward elsewhere.
    public internal(set) var remarks: [String] = []

    /// Whether it went through the checks, whatever came of it.
    var wasChecked = false

    init(_ kind: Kind, _ path: BytePath) { (self.kind, self.path) = (kind, path) }
}

/// A PRONOM match.
public struct CheckedFormat: Sendable, Hashable {
    /// As in `fmt/18`.
    public let puid: String
    /// The name in PRONOM.
    public let name: String
    /// `Signature`, `Container` or `Extension`.
    public let basis: String
    /// Whether the extension is not one of the format's.
    public let isExtensionMismatch: Bool
}

/// Something that stands in the way of a transfer.
public struct CheckFinding: Sendable, Hashable {
    /// What it is about.
    public enum Kind: Sendable, Hashable {
        /// A status that a check gives.
        case status(FileStatusType, FileStatusValue)
        /// The name is not UTF-8.
        case name
        /// A link or special file.
        case link
        /// It cannot be read.
        case unreadable
    }

    /// What it is about.
    public let kind: Kind
    /// Why, where the word alone does not tell.
    public let reason: String?

    init(_ kind: Kind, _ reason: String? = nil) { (self.kind, self.reason) = (kind, reason) }
}

extension CheckFinding.Kind {
    /// One word for scripts, by the names of the statuses where there is one: `FFID Zip`, `Antivirus VirusDetected`.
    public var word: String {
        switch self {
        case .status(let type, let value): "\(type.rawValue) \(value.rawValue)"
        case .name: "Name NotUTF8"
        case .link: "Link Refused"
        case .unreadable: "Read Failed"
        }
    }

    /// What it means and what to do about it before the transfer, in plain words.
    public var advice: String {
        switch self {
        case .status(.antivirus, .virusDetected):
            "contains malware; do not open or copy it, tell whoever looks after the computer it comes from"
        case .status(.ffid, .zeroByteFile): "is empty; leave it out unless the empty file itself is the record"
        case .status(.ffid, .unidentified):
            "has no format that is known and is not text; ask the archive before you transfer it"
        case .status(.ffid, .multipleFormats): "matches several formats; ask the archive before you transfer it"
        case .status(let type, let value): ProblemAdvice.text(type, value)
        case .name: "has a name that is not UTF-8, which no bag can hold; rename it"
        case .link: "is neither file nor folder; remove it, or leave it out (or follow links) with `--links`"
        case .unreadable: "cannot be read; see the reason, mend the file or its permissions, then check again"
        }
    }

    /// The gravest first: the order in which they are told.
    var rank: Int {
        switch self {
        case .status(.antivirus, .virusDetected): 0
        case .unreadable: 1
        case .status(.antivirus, _): 2
        case .link: 3
        case .name: 4
        case .status: 5
        }
    }
}
