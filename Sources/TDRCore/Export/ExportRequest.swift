import S3
public import Streams

/// The shape of an exported bag.
public enum BagForm: String, Sendable, CaseIterable {
    /// A folder named by the reference.
    case folder
    /// One tar archive, with a `.sha256` beside it.
    case tar
    /// The same, compressed by gzip.
    case tarGz = "tar.gz"
    /// The same, compressed by Zstandard: smaller and faster, for archives that can read it.
    case tarZst = "tar.zst"
    /// One ZIP archive.
    case zip

    /// The name of the export of a consignment.
    func name(_ reference: ConsignmentReference) -> String {
        self == .folder ? "\(reference)" : "\(reference).\(rawValue)"
    }

    /// Whether it may take less room than the records.
    var isCompressed: Bool { self != .folder && self != .tar }
}

/// The version of BagIt that a bag follows.
public enum BagItVersion: String, Sendable, CaseIterable {
    /// The last draft, for receivers that know no other.
    case draft97 = "0.97"
    /// RFC 8493.
    case rfc8493 = "1.0"
}

/// A digest that a bag's manifests are written with. SHA-256 is always among them: it is what the checks recorded.
public enum ManifestAlgorithm: String, Sendable, CaseIterable {
    case sha256, sha512
}

/// Which bag to write, and where.
public struct ExportRequest: Sendable {
    /// The folder to write into, which must be there, or `s3://bucket/prefix`.
    public var target: BytePath
    /// Where judgments go instead; nil where they go to the same place.
    public var judgmentTarget: BytePath?
    /// How to reach S3, for such a target.
    public var s3 = S3Options()
    /// Folder or archive, and of which kind.
    public var form: BagForm = .tarGz
    /// How much effort compression makes, from 0 (none) to 9.
    public var compressionLevel = 6
    /// How many threads compress. It does not show in the bytes.
    public var jobs = 2
    /// Whether the records in the bag have their own modification times. Otherwise all have that of the export.
    public var keepsTimes = false
    /// The version of BagIt.
    public var bagItVersion: BagItVersion = .rfc8493
    /// The digests of the manifests beside SHA-256.
    public var furtherAlgorithms: Set<ManifestAlgorithm> = []
    /// The file of a BagIt profile that the bag must follow; it is named in the bag.
    public var profile: BytePath?
    /// Whether names that some system cannot hold have safe names in the bag, and `portable-names.csv` says which.
    public var portableNames = false
    /// The tag files to write beside those that every bag has.
    public var extraTagFiles: Set<ExtraTagFile> = []
    /// More elements for `bag-info.txt`, in order.
    public var bagInfo: [(label: String, value: String)] = []
    /// Findings in spite of which the consignment is exported, and why. Recorded in the bag and the history.
    public var allowed: Set<FileStatusValue> = []
    /// Why they are allowed.
    public var reason: String?
    /// Likenesses because of which nothing is exported; none by default.
    public var refusedLikeness: Set<LikenessKind> = []
    /// What must be recorded of a consignment beside its checks.
    public var requirements: Set<ExportRequirement> = []
    /// Who confirms custody by asking for the export.
    public var confirmedBy: String

    /// The request as it is for this consignment: a judgment has its own target.
    func request(for consignment: Consignment) -> ExportRequest {
        guard consignment.type == .judgment, let judgmentTarget else { return self }
        var request = self
        request.target = judgmentTarget
        return request
    }

    /// A tar.gz in `target`.
    public init(target: BytePath, confirmedBy: String) {
        self.target = target
        self.confirmedBy = confirmedBy
    }

    /// Whether a target is meant to be in S3.
    public static func isInS3(_ target: BytePath) -> Bool { S3Location.isMeant(by: target) }

    /// Whether a target is a well-formed place in S3.
    public static func isPlaceInS3(_ target: BytePath) -> Bool { S3Location(target) != nil }
}

/// What an export did.
public struct ExportSummary: Sendable {
    /// The consignment.
    public let consignment: Consignment
    /// The bag's place.
    public let location: BytePath
    /// SHA-256 of the archive; nil for a folder.
    public let sha256: SHA256Digest?
    /// Payload files.
    public let files: Int
    /// Payload bytes.
    public let bytes: Int64
    /// Whether the same bag was there already.
    public let wasThere: Bool
}

/// One reason why a consignment is not exported.
public struct ExportBlocker: Sendable, CustomStringConvertible {
    /// What is wrong.
    public let description: String
    /// The first files it is about.
    public internal(set) var examples: [RelativePath] = []
    /// All files it is about; 0 when it is about the consignment.
    public internal(set) var count = 0
}

/// Why an export was not made.
public enum ExportError: Error, CustomStringConvertible {
    /// The consignment is not ready: nothing was written.
    case notReady(ConsignmentReference, [ExportBlocker])
    /// The target cannot be used.
    case badTarget(BytePath, reason: String)
    /// Something else has the name of the export.
    case targetExists(BytePath)
    /// Another export writes there.
    case targetBusy(BytePath)
    /// A bag that came from elsewhere is not what it was there.
    case damaged(BytePath)
    /// There is too little room at the target.
    case tooLittleRoom(BytePath, needed: Int64, available: Int64)
    /// A file is not what the check saw.
    case altered(RelativePath, recorded: SHA256Digest, found: SHA256Digest)
    /// A file cannot be read, or has another size.
    case unreadable(RelativePath, reason: String)
    /// A file changed between the counting and the writing of the tag files.
    case inconsistent(String)
    /// Statuses that nobody may allow, or allowed without a reason.
    case badOverride(String)

    /// What was being done, to what, what was found, what to do next.
    public var description: String {
        switch self {
        case .notReady(let reference, let blockers):
            "cannot export \(reference): " + blockers.map(\.description).joined(separator: "; ")
        case .badTarget(let path, let reason): "cannot export to '\(path.display)': \(reason)"
        case .targetExists(let path):
            "cannot export: '\(path.display)' is there already and is not this bag; it is left as it is. Move it away"
                + " or choose another folder"
        case .targetBusy(let path): "cannot export: another process is writing '\(path.display)'; try again later"
        case .damaged(let path):
            "'\(path.display)' did not arrive as it was sent, and is not kept; give the same command again"
        case .tooLittleRoom(let path, let needed, let available):
            "cannot export to '\(path.display)': \(needed) bytes are needed and \(available) are free"
        case .altered(let path, let recorded, let found):
            "export stopped: the stored bytes of '\(path.display)' are not those that were checked: SHA-256 recorded"
                + " \(recorded), read now \(found). Run `tdr check` again and look after the disk of the store"
        case .unreadable(let path, let reason):
            "export stopped: '\(path.display)' cannot be read from the store: \(reason); run `tdr check` again"
        case .inconsistent(let file):
            "export stopped: '\(file)' came out differently when it was written; the store changed meanwhile. Try again"
        case .badOverride(let reason): "cannot export: \(reason)"
        }
    }
}
