public import Streams

/// What files of a consignment have in common that they perhaps should not.
public enum LikenessKind: String, Sendable, CaseIterable {
    /// The same bytes.
    case content
    /// The same path in another case or another Unicode form: some systems hold only one of them.
    case name
}

/// How many entries of a consignment are like others.
public struct LikenessCounts: Hashable, Sendable {
    /// Contents that several files have.
    public internal(set) var duplicateGroups = 0
    /// Files that say again what another one says.
    public internal(set) var surplusFiles = 0
    /// Bytes of those.
    public internal(set) var surplusBytes: Int64 = 0
    /// Groups of paths that differ in case or Unicode form only.
    public internal(set) var nameGroups = 0
    /// Files and folders in those groups.
    public internal(set) var nameEntries = 0

    /// Counts as a server tells of them.
    package init(
        duplicateGroups: Int = 0, surplusFiles: Int = 0, surplusBytes: Int64 = 0, nameGroups: Int = 0,
        nameEntries: Int = 0
    ) {
        self.duplicateGroups = duplicateGroups
        self.surplusFiles = surplusFiles
        self.surplusBytes = surplusBytes
        self.nameGroups = nameGroups
        self.nameEntries = nameEntries
    }

    /// How many groups there are of one kind.
    public func groups(_ kind: LikenessKind) -> Int { kind == .content ? duplicateGroups : nameGroups }
}

/// One entry that is like others of its group.
public struct LikeEntry: Sendable {
    /// In what they are alike.
    public let kind: LikenessKind
    /// The number of the group within its kind, from 1.
    public let group: Int
    /// The path in the consignment.
    public let path: RelativePath
    /// Bytes; nil for a folder.
    public let size: Int64?
    /// The digest of a file's bytes.
    public let sha256: SHA256Digest?
}

/// A number for a path that is the same for paths that differ in case or Unicode form only, and as good as never for
/// others. It holds within one process.
enum FoldedPath {
    static func key(_ path: [UInt8]) -> (Int64, Int64) {
        if path.allSatisfy({ $0 < 0x80 }) {
            let lower = path.map { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? $0 | 0x20 : $0 }
            return hashes(of: String(decoding: lower, as: UTF8.self))
        }
        // What is not UTF-8 is like nothing but itself.
        guard let text = String(validating: path, as: UTF8.self) else { return hashes(of: path) }
        // Up and down: ß and ss, ς and σ. `String` hashes by canonical equivalence.
        return hashes(of: text.uppercased().lowercased())
    }

    private static func hashes(of value: some Hashable) -> (Int64, Int64) {
        func hash(_ salt: Int) -> Int64 {
            var hasher = Hasher()
            hasher.combine(salt)
            hasher.combine(value)
            return Int64(hasher.finalize())
        }
        return (hash(1), hash(2))
    }
}
