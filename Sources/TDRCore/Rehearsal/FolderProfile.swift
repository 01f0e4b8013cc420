public import Streams

/// What a folder holds as a whole: counts that do not grow with the number of files.
public struct FolderProfile: Sendable {
    /// Files and bytes of one kind.
    public struct Share: Sendable, Hashable {
        /// Files.
        public internal(set) var files = 0
        /// Bytes in them.
        public internal(set) var bytes: Int64 = 0

        /// Nothing.
        public init() {}

        /// Both together.
        public static func + (a: Share, b: Share) -> Share {
            var sum = a
            sum.files += b.files
            sum.bytes += b.bytes
            return sum
        }

        mutating func add(_ size: Int64) {
            files += 1
            bytes += size
        }
    }

    /// One kind of format. Every identified file is of exactly one.
    public enum Format: Sendable, Hashable {
        /// A single PRONOM format.
        case puid(String, name: String)
        /// Several formats match.
        case several
        /// No signature matches, and the bytes are plain text.
        case text
        /// No signature matches.
        case unknown
    }

    /// Files of one size class.
    public struct SizeClass: Sendable {
        /// The smallest size of this class and the first above it, bytes; the last class has no end.
        public let from: Int64
        /// See `from`.
        public let below: Int64?
        /// What is in it.
        public internal(set) var share = Share()
    }

    /// Entries that share a finding: the first ones kept, all counted.
    public struct Group: Sendable {
        /// How many entries are kept.
        public static let kept = 200
        /// What they share.
        public let kind: CheckFinding.Kind
        /// The first ``kept``, in the order of the walk, and why, where the finding alone does not tell.
        public internal(set) var first: [(path: BytePath, reason: String?)] = []
        /// All.
        public internal(set) var count = 0
    }

    /// Files, checked or not readable.
    public internal(set) var files = 0
    /// Folders, those that were named included.
    public internal(set) var folders = 0
    /// Bytes of the files that were looked at.
    public internal(set) var bytes: Int64 = 0
    /// Files for which a check has been made, by status and value; as a consignment would have them.
    public internal(set) var statuses: [FileStatusType: [FileStatusValue: Int]] = [:]
    /// Files by format.
    public internal(set) var formats: [Format: Share] = [:]
    /// Files by the UTC year of their last change.
    public internal(set) var years: [Int: Share] = [:]
    /// Files by size, in powers of ten.
    public internal(set) var sizes = FolderProfile.sizeClasses
    /// What was left out: the first ones, with what they are.
    public internal(set) var leftOut: [(path: BytePath, what: String)] = []
    /// All that was left out.
    public internal(set) var leftOutCount = 0
    /// Entries with findings.
    public internal(set) var entriesWithFindings = 0
    /// Files with remarks that stand in nobody's way, by remark.
    public internal(set) var remarks: [String: Int] = [:]
    /// Files that went through the checks.
    var checked = 0
    private var groups: [CheckFinding.Kind: Group] = [:]

    /// What stands in the way, the gravest first.
    public var findings: [Group] {
        groups.values.sorted { ($0.kind.rank, $0.kind.word) < ($1.kind.rank, $1.kind.word) }
    }

    /// Formats, the most frequent first.
    public var formatsByCount: [(format: Format, share: Share)] {
        formats.map { ($0.key, $0.value) }.sorted {
            ($1.1.files, $1.1.bytes, $0.0.sortKey) < ($0.1.files, $0.1.bytes, $1.0.sortKey)
        }
    }

    private static let sizeClasses: [SizeClass] = {
        var classes = [SizeClass(from: 0, below: 1), SizeClass(from: 1, below: 1000)]
        var from: Int64 = 1000
        for _ in 0..<9 {
            classes.append(SizeClass(from: from, below: from * 10))
            from *= 10
        }
        return classes + [SizeClass(from: from, below: nil)]
    }()

    mutating func count(_ file: CheckedFile) {
        if !file.findings.isEmpty { entriesWithFindings += 1 }
        for finding in file.findings { add(finding, of: file.path) }
        switch file.kind {
        case .folder, .refused: return
        case .leftOut:
            leftOutCount += 1
            if leftOut.count < Group.kept { leftOut.append((file.path, file.remarks.joined(separator: ", "))) }
            return
        case .file: break
        }
        files += 1
        if file.wasChecked { checked += 1 }
        for (type, value) in file.statuses { statuses[type, default: [:]][value, default: 0] += 1 }
        for remark in file.remarks where remarks[remark] != nil || remarks.count < Group.kept {
            remarks[remark, default: 0] += 1
        }
        guard let size = file.size else { return }
        bytes += size
        if let place = sizes.lastIndex(where: { size >= $0.from }) { sizes[place].share.add(size) }
        if let modified = file.modified { years[Timestamp(nanoseconds: modified).year, default: Share()].add(size) }
        if file.isIdentified { formats[Format(of: file), default: Share()].add(size) }
    }

    private mutating func add(_ finding: CheckFinding, of path: BytePath) {
        var group = groups[finding.kind] ?? Group(kind: finding.kind)
        group.count += 1
        if group.first.count < Group.kept { group.first.append((path, finding.reason)) }
        groups[finding.kind] = group
    }
}

extension FolderProfile.Format {
    init(of file: CheckedFile) {
        let puids = Set(file.formats.map(\.puid))
        if let first = file.formats.first, puids.count == 1 {
            self = .puid(first.puid, name: first.name)
        } else if file.formats.isEmpty {
            self = file.isText ? .text : .unknown
        } else {
            self = .several
        }
    }

    fileprivate var sortKey: String {
        switch self {
        case .puid(let puid, _): puid
        case .several: "~1"
        case .text: "~2"
        case .unknown: "~3"
        }
    }
}

/// Files of the same content.
public struct DuplicateGroup: Sendable {
    /// How many paths are kept.
    public static let kept = 20
    /// The content.
    public let sha256: SHA256Digest
    /// Bytes of each.
    public let size: Int64
    /// How many there are.
    public let count: Int
    /// The first ``kept``, in the order of the walk.
    public let paths: [BytePath]
}

/// All duplicates of a folder, empty files left aside.
public struct Duplicates: Sendable {
    /// How many groups are kept.
    public static let kept = 200
    /// The ``kept`` groups that take the most room.
    public internal(set) var groups: [DuplicateGroup] = []
    /// All groups.
    public internal(set) var groupCount = 0
    /// Files that say again what another one says: without them each content would be there once.
    public internal(set) var surplusFiles = 0
    /// Bytes of those.
    public internal(set) var surplusBytes: Int64 = 0
}
