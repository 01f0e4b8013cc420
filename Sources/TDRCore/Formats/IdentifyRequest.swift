import Archives
public import Streams

/// What to identify, and how.
public struct IdentifyRequest: Sendable {
    /// Where the bytes come from.
    public enum Place: Sendable, Hashable {
        /// A file, or a folder with everything below it.
        case path(BytePath)
        /// The standard input, under a name that its extension is taken from.
        case standardInput(name: [UInt8])
    }

    /// In this order.
    public var places: [Place]
    /// Digests to compute in the same read: `md5`, `sha1`, `sha224`, `sha256`, `sha384`, `sha512`.
    public var digests: [String] = []
    /// Whether libmagic is asked, too.
    public var asksMagic = false
    /// Whether siegfried's answer is wanted in place of DROID's.
    public var likeSiegfried = false
    /// Whether to tell what led to each answer.
    public var explains = false
    /// Whether to look into ZIP, tar and gzip files.
    public var opensArchives = false
    /// How much archives may unpack to.
    public var archiveLimits = UnpackLimits()
    /// Where streams that are too large for memory are put meanwhile.
    public var temporaryFolder = BytePath("/tmp")
    /// How many files are read at once.
    public var jobs: Int

    /// Identifies these places.
    public init(_ places: [Place], jobs: Int) {
        self.places = places
        self.jobs = jobs
    }

    /// Digests that can be asked for.
    public static let digestNames: [String] = DigestAlgorithm.allCases.map(\.rawValue)
}

/// How much one archive may be, with the archives in it: a small file can stand for more than any disk holds.
public struct UnpackLimits: Sendable, Hashable {
    /// Members.
    public var members: Int64 = 1_000_000
    /// Bytes of all members together.
    public var bytes: Int64 = 64 << 30
    /// Unpacked bytes for one packed byte, beyond 256 MiB.
    public var ratio: Int64 = 200
    /// Archives within archives.
    public var depth = 8

    /// The defaults.
    public init() {}
}

/// What an identification came to.
public struct IdentifySummary: Sendable, Hashable {
    /// Files with an answer or a failure, members of archives included.
    public var files = 0
    /// Files that no signature and no extension tells.
    public var unidentified = 0
    /// Files that could not be read, or changed meanwhile, or are damaged archives.
    public var failures = 0
    /// Links and special files, which were not opened.
    public var leftOut = 0
    /// Bytes of the files.
    public var bytes: Int64 = 0
}
