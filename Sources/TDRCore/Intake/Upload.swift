public import Streams

/// What to upload and as what.
public struct UploadRequest: Sendable {
    /// The folder of records.
    public var source: BytePath
    /// Standard or judgment.
    public var type: ConsignmentType = .standard
    /// The series' code; made when the store does not know it. Nil only for a judgment.
    public var series: String?
    /// The transferring body's name; made when the store does not know it.
    public var body: String
    /// The code for a body that is made now, as in `TDR-CRAN`; its initials when nil.
    public var bodyCode: String?
    /// Who transfers.
    public var person: Person
    /// Copy into the store, or leave the files where they lie.
    public var storage: StorageKind = .copied
    /// What to do with links and special files.
    public var links: LinkPolicy = .refuse
    /// Whether the catalogue shows the folder's own name.
    public var includeTopLevelFolder = false
    /// Begin anew even when an upload of the same folder was interrupted.
    public var fresh = false
    /// Who confirms beforehand that custody passes when the checks end clean; nil when nobody does.
    public var confirmedWhenCleanBy: String?
    /// What the transferring body agrees to.
    public var agreement = Agreement()
    /// What must be agreed before an export.
    public var requirements: Set<ExportRequirement> = []
    /// What is said of a judgment.
    public var judgment = JudgmentDetails()
    /// Whether the series and the body must be known already.
    public var isStrict = false
    /// How many files are read at once.
    public var jobs: Int

    /// A standard upload of `source` for `body`.
    public init(source: BytePath, series: String?, body: String, person: Person, jobs: Int) {
        self.source = source
        self.series = series
        self.body = body
        self.person = person
        self.jobs = jobs
    }
}

/// What an upload would take, or has to take: the outcome of a look through the folder.
public struct UploadPlan: Sendable {
    /// The folder, absolute, links resolved.
    public internal(set) var source: BytePath
    /// Regular files to take.
    public internal(set) var files = 0
    /// Folders, the top one included.
    public internal(set) var folders = 0
    /// Bytes in those files.
    public internal(set) var bytes: Int64 = 0
    /// Bytes they occupy on disk; less than `bytes` where files are sparse.
    public internal(set) var allocated: Int64 = 0
    /// System files left out.
    public internal(set) var excluded = PathList()
    /// Links and special files left out by policy.
    public internal(set) var skipped = PathList()
    /// Links and special files because of which nothing is uploaded.
    public internal(set) var refused = PathList()
    /// What could not be looked at.
    public internal(set) var unreadable = PathList()
    /// Names that are not valid UTF-8: carried in the store, but only a bag with portable names can have them.
    public internal(set) var notUTF8 = PathList()
    /// Whether the folder is itself a bag (it has a bagit.txt).
    public internal(set) var isBag = false
    /// The first file.
    public internal(set) var firstFile: RelativePath?
}

/// Paths with a remark each: the first ones kept, all counted, so that a million of them cost no memory.
public struct PathList: Sendable {
    /// How many are kept.
    public static let kept = 1000
    /// The first ``kept``.
    public private(set) var first: [(path: RelativePath, remark: String)] = []
    /// All.
    public private(set) var count = 0

    package init() {}

    package mutating func add(_ path: RelativePath, _ remark: String) {
        if first.count < PathList.kept { first.append((path, remark)) }
        count += 1
    }

    package mutating func add(_ other: PathList) {
        first += other.first.prefix(PathList.kept - first.count)
        count += other.count
    }
}

/// What an upload did.
public struct UploadSummary: Sendable {
    /// The consignment, with its reference.
    public let consignment: Consignment
    /// What the folder held.
    public let plan: UploadPlan
    /// Whether an interrupted upload was continued.
    public let resumed: Bool
    /// Files whose bytes are in the consignment now, those of earlier runs included.
    public let filesStored: Int
    /// Files that could not be taken, with the reason.
    public let failed: PathList
    /// Files taken in an earlier run that the folder no longer has; their stored bytes are kept.
    public let vanished: PathList
}

/// Why an upload was not begun or could not go on.
public enum UploadError: Error, CustomStringConvertible {
    /// The source is not a folder.
    case notAFolder(BytePath, reason: String)
    /// The source and the store contain one another.
    case overlapsStore(source: BytePath, store: BytePath)
    /// Links or special files, and the policy refuses them.
    case refused(PathList, policy: LinkPolicy)
    /// There is nothing to transfer.
    case empty(BytePath)
    /// The disk of the store has too little room.
    case tooLittleRoom(needed: Int64, available: Int64, store: BytePath)
    /// The series belongs to another body.
    case seriesOfAnotherBody(String, body: String)
    /// The store does not know the series or the body, and must.
    case unknown(what: String, String)
    /// A judgment is one file whose name ends in .docx.
    case notOneJudgment(files: Int, first: RelativePath?)
    /// What is said of a judgment does not hold together.
    case badJudgment(String)
    /// A standard consignment needs a series.
    case seriesMissing
    /// A name that no line of a bag's metadata can hold.
    case badName(what: String)
    /// What was a file when the upload began is a folder now, or the other way round.
    case kindChanged(RelativePath)
    /// The consignment is not in a state in which it can be continued.
    case notResumable(ConsignmentReference, ConsignmentStatusValue?)
    /// Its files come through the API.
    case sentByClient(ConsignmentReference)

    /// What was being done, to what, what was found, what to do next.
    public var description: String {
        switch self {
        case .notAFolder(let path, let reason):
            "cannot upload '\(path.display)': \(reason); name a folder of records"
        case .overlapsStore(let source, let store):
            "cannot upload '\(source.display)': it and the store '\(store.display)' contain one another;"
                + " choose another store with --store or TDR_STORE"
        case .refused(let list, let policy):
            "cannot upload: \(list.count) \(list.count == 1 ? "entry is" : "entries are") neither file nor folder"
                + (policy == .follow
                    ? " and cannot be followed; remove them or leave them out with --links skip"
                    : "; leave them out with --links skip, or take what links lead to with --links follow")
        case .empty(let path):
            "cannot upload '\(path.display)': it holds no files to transfer"
        case .tooLittleRoom(let needed, let available, let store):
            "cannot upload: the disk of the store '\(store.display)' has \(available) bytes free and \(needed) are"
                + " needed; free some space, choose another store with --store, or use --in-place"
        case .seriesOfAnotherBody(let series, let body):
            "cannot upload: the series '\(series)' belongs to '\(body)'; name that body or another series"
        case .unknown(let what, let name):
            "cannot upload: the store does not know the \(what) '\(displayName(of: Array(name.utf8)))', and --strict"
                + " makes none; `tdr series list` shows what it knows"
        case .notOneJudgment(let files, let first):
            "cannot upload: a judgment is exactly one file whose name ends in .docx, and the folder holds "
                + (files == 1 ? "'\(first?.display ?? "")'" : "\(files) files")
        case .badJudgment(let reason): "cannot upload: \(reason)"
        case .seriesMissing:
            "cannot upload: a standard consignment needs a series; name it with --series"
        case .badName(let what):
            "cannot upload: the \(what) is empty, has a line break or begins or ends with a blank"
        case .kindChanged(let path):
            "cannot continue the upload: '\(path.display)' was taken as a file and is a folder now, or the other way"
                + " round; begin anew with --new"
        case .notResumable(let reference, let status):
            "cannot continue the upload of \(reference): it is \(status?.rawValue ?? "not begun")"
        case .sentByClient(let reference):
            "cannot continue the upload of \(reference): its files come through the API, from the program that began it"
        }
    }
}
