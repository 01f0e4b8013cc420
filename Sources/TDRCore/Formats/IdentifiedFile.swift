import Pronom
public import Streams

/// What one file is, or why that cannot be told.
public struct IdentifiedFile: Sendable {
    /// What stands in the place of an answer.
    public enum Kind: Sendable, Hashable {
        /// A file with an answer, or with the reason why there is none in ``IdentifiedFile/failure``.
        case file
        /// A folder; what it holds follows.
        case folder
        /// A link or special file, which is not opened, and what it is.
        case leftOut(String)
    }

    /// What this is.
    public let kind: Kind
    /// The path: as it was given, and what lies below that. A member of an archive follows its archive after a `#`.
    public let path: BytePath
    /// The archive that holds it; nil for a file of the file system.
    public let archive: BytePath?
    /// Bytes; nil when the file could not be looked at.
    public var size: Int64?
    /// Time of the last change, nanoseconds since 1970 UTC.
    public var modified: Int64?
    /// All formats it has, as DROID finds them; empty for none.
    public var formats: [IdentifiedFormat] = []
    /// The extension that DROID would look at.
    public var fileExtension: String?
    /// How it is protected, when it cannot be read without a password.
    public var encryption: String?
    /// Its digests in hexadecimal by algorithm, as many as were asked for.
    public var digests: [(algorithm: String, hex: String)] = []
    /// libmagic's second opinion.
    public var magic: MagicOpinion?
    /// The answer as siegfried words it, where that was asked for.
    public var siegfried: SiegfriedOpinion?
    /// What led to the answer, where that was asked for.
    public var explanation: [String] = []
    /// Why there is no answer, or none to rely on: it cannot be read, changed meanwhile, or is a damaged archive.
    public var failure: String?
    /// Whether it was opened as an archive; its members follow.
    public var isOpenedArchive = false

    init(_ kind: Kind, _ path: BytePath, archive: BytePath? = nil) {
        self.kind = kind
        self.path = path
        self.archive = archive
    }

    /// Whether a match by content contradicts the file's extension.
    public var isExtensionMismatch: Bool { formats.contains { $0.isExtensionMismatch } }
}

/// One format of a file, as PRONOM names it.
public struct IdentifiedFormat: Sendable, Hashable {
    /// As `fmt/412`.
    public let puid: String
    /// The format's name.
    public let name: String
    /// The format's version, empty where it has none.
    public let version: String
    /// MIME types, separated by `, `; empty where PRONOM lists none.
    public let mimeType: String
    /// `Signature`, `Container` or `Extension`.
    public let basis: String
    /// The format has extensions and the file's is none of them.
    public let isExtensionMismatch: Bool

    init(_ match: FormatMatch) {
        puid = match.puid
        name = match.name
        version = match.version
        mimeType = match.mime
        basis = match.method.rawValue
        isExtensionMismatch = match.isExtensionMismatch
    }
}

/// What libmagic says.
public struct MagicOpinion: Sendable, Hashable {
    /// As `text/plain`.
    public let mimeType: String
    /// As `ASCII text`.
    public let description: String
}

/// The one answer that siegfried gives for a file.
public struct SiegfriedOpinion: Sendable, Hashable {
    /// The PUID, or `UNKNOWN`.
    public let identifier: String
    /// The format; nil for `UNKNOWN`.
    public let format: IdentifiedFormat?
    /// What the answer rests on.
    public let basis: String
    /// What is doubtful about it; empty for nothing.
    public let warning: String

    init(_ answer: SiegfriedAnswer) {
        identifier = answer.identifier
        format = answer.match.map(IdentifiedFormat.init)
        basis = answer.basis
        warning = answer.warning
    }
}
