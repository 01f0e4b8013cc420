import Glibc
public import Streams

/// What to check where it lies, and how.
public struct FolderCheckRequest: Sendable {
    /// Folders and files, in the order in which they are checked.
    public var places: [BytePath]
    /// The checks to make.
    public var checks: Set<CheckKind> = Set(CheckKind.allCases)
    /// What to do with links and special files: a refused one is a finding here.
    public var links: LinkPolicy = .refuse
    /// What the files would be transferred as: a judgment has its own short list of formats.
    public var type: ConsignmentType = .standard
    /// What is wanted of the antivirus check.
    public var antivirus: AntivirusPolicy = .automatic
    /// Which formats are refused.
    public var policy = FormatPolicy.standard
    /// Whether libmagic is asked for its opinion beside PRONOM's.
    public var asksMagic = true
    /// How many files are read at once.
    public var jobs: Int
    /// Whether to walk the places once before, only to know how much there is to do.
    public var countsFirst = false
    /// Where bytes may lie for as long as the check runs; never within a place.
    public var temporaryFolder = BytePath("/tmp")

    /// All checks of these places.
    public init(_ places: [BytePath], jobs: Int) {
        self.places = places
        self.jobs = jobs
    }

    /// Whether a file at `path` would lie in one of the places, whatever links lead there.
    public func contains(_ path: BytePath) -> Bool {
        let wanted = path.directory.resolvedAsFarAsItIsThere().appending(path.lastComponent)
        return places.contains { place in
            guard let place = place.resolved() else { return false }
            return wanted.isWithin(place)
        }
    }

    /// The checks that are really made: without engines there is no antivirus check.
    var checksMade: Set<CheckKind> { antivirus.engines.isEmpty ? checks.subtracting([.antivirus]) : checks }
}

/// Why a folder cannot be checked where it lies.
public enum FolderCheckError: Error, CustomStringConvertible {
    /// What was named cannot be looked at.
    case notThere(BytePath, reason: String)
    /// What was named is neither file nor folder.
    case special(BytePath)
    /// One place lies within the other: its files would be told twice, and as duplicates of themselves.
    case overlap(BytePath, BytePath)
    /// Bytes that lie somewhere for a moment would lie within the folder.
    case temporaryFolderInside(BytePath, place: BytePath)
    /// A file came out of the walk and has no result: an error of ours.
    case lostFiles(expected: Int, reported: Int)

    /// What was being done, to what, what was found, what to do next.
    public var description: String {
        switch self {
        case .notThere(let path, let reason):
            "cannot check '\(path.display)': \(reason); name a folder, a file, or a reference as `tdr status` lists them"
        case .special(let path):
            "cannot check '\(path.display)': it is neither a file nor a folder"
        case .overlap(let one, let other):
            "cannot check '\(one.display)' and '\(other.display)' together: one lies within the other; name the outer one"
        case .temporaryFolderInside(let folder, let place):
            "cannot check '\(place.display)': nothing is written there, and the temporary folder '\(folder.display)' lies"
                + " within it; set TMPDIR to a folder elsewhere"
        case .lostFiles(let expected, let reported):
            "the check lost count: \(expected) files were met and \(reported) have results; report this as an error of"
                + " tdr"
        }
    }
}
