package import Streams

/// What a check found out about a bag, from best to worst.
package enum BagVerdict: String, Sendable, Comparable, CaseIterable {
    /// Complete, and every digest in every manifest is right (RFC 8493 §3).
    case valid
    /// Well-formed and no digest is wrong, but what is listed and what is there do not agree: files are missing, still to be
    /// fetched, or not listed.
    case incomplete
    /// Something could not be read, so nothing is proved.
    case unreadable
    /// A rule is broken or a digest is wrong.
    case invalid

    /// Worse is greater.
    package static func < (a: BagVerdict, b: BagVerdict) -> Bool {
        (allCases.firstIndex(of: a) ?? 0) < (allCases.firstIndex(of: b) ?? 0)
    }
}

/// The rules a bag can break, by their numbers in the project's list; each cites its clause of RFC 8493.
package enum BagRule: String, Sendable {
    /// Required elements are there, files can be read, lines are well-formed (§3).
    case required = "V1"
    /// The Payload-Oxum agrees with the payload (§2.2.2).
    case oxumAgrees = "V2"
    /// The bag declaration (§2.1.1).
    case declaration = "V3"
    /// Lines of tag files (§2.1.3, §2.2.2).
    case lines = "V4"
    /// The encoding of tag files (§2.1.1).
    case encoding = "V5"
    /// Percent-encoding of paths (§2.1.3).
    case percentEncoding = "V6"
    /// A path stays inside the bag (§5.2).
    case pathSafety = "V7"
    /// Spellings of a path that other tools make (§5.1).
    case pathSpelling = "V8"
    /// A path is listed once (§2.1.3).
    case listedOnce = "V9"
    /// Names that one file system keeps apart and another does not (§5.1.2, §6.1).
    case nameForms = "V10"
    /// Every payload file is in every payload manifest; before 1.0, in at least one (§3).
    case everyManifest = "V11"
    /// What is there is listed, and what is listed is there and unchanged (§3).
    case contents = "V12"
    /// The form of the Payload-Oxum (§2.2.2).
    case oxumForm = "V13"
    /// Files that are still to be fetched (§2.2.3).
    case holes = "V14"
    /// The algorithm of a manifest is known (§2.4).
    case algorithm = "V15"
    /// A bag in an archive (§4), and what no bag may hold.
    case serialization = "V17"
    /// What manifests and tag manifests may and must list (§2.1.3, §2.2.1).
    case manifestScope = "W8"
    /// Elements of `bag-info.txt` (§2.2.2).
    case infoElements = "W12"
    /// The table of the names that the payload had before they were made safe; ours, not the RFC's.
    case realNames = "W14"
    /// Names that other systems treat otherwise (§6).
    case portability = "W15"
    /// Lines of `fetch.txt` (§2.2.3).
    case fetchLines = "W13"
    // What a profile asks for (BagIt Profiles 1.4.0).
    /// The bag names the profile.
    case profileIdentifier = "P1"
    /// Elements of `bag-info.txt`: which must be there, how often, with which values.
    case profileInfoRequired = "P2"
    case profileInfoRepeated = "P3"
    case profileInfoValue = "P4"
    /// The algorithms of the manifests and tag manifests.
    case profileManifests = "P5"
    case profileTagManifests = "P6"
    /// `fetch.txt` may or must be there.
    case profileFetch = "P7"
    /// The payload is empty.
    case profileData = "P8"
    /// Folder or archive, and of which kind.
    case profileForm = "P9"
    /// The version of BagIt.
    case profileVersion = "P10"
    /// Tag files that must, and may, be there.
    case profileTagRequired = "P11"
    case profileTagAllowed = "P12"
}

/// One thing that is wrong, or odd, with a bag.
package struct BagProblem: Hashable, Sendable {
    /// Whether it changes the verdict.
    package enum Severity: String, Sendable { case error, warning }

    /// Which rule.
    package let rule: BagRule
    /// The verdict this alone would lead to; `.valid` for a warning.
    package let consequence: BagVerdict
    /// The path it is about, as bytes: relative to the base of the bag, or as written where it could not be understood.
    package let path: [UInt8]?
    /// The tag file that says so.
    package let file: String?
    /// Its line, from 1.
    package let line: Int?
    /// What there should be, where that can be said in a word: a digest, a number, a form.
    package let expected: String?
    /// What there is instead.
    package let found: String?
    /// One sentence: what is wrong with what, and what to do.
    package let message: String

    /// An error makes the verdict worse, a warning does not.
    package var severity: Severity { consequence == .valid ? .warning : .error }

    init(
        _ rule: BagRule, _ consequence: BagVerdict, path: [UInt8]? = nil, at place: Place? = nil,
        expected: String? = nil,
        found: String? = nil, _ message: String
    ) {
        self.rule = rule
        self.consequence = consequence
        self.path = path
        file = place?.file
        line = place?.line
        self.expected = expected
        self.found = found
        self.message = message
    }

    /// A line of a tag file.
    struct Place {
        let file: String
        var line: Int?
    }
}

/// Everything that a check of a bag found.
package struct BagReport: Hashable, Sendable {
    /// Where the bag is, ready to be shown.
    package let location: String
    /// The worst that was found.
    package var verdict = BagVerdict.valid
    /// nil where `bagit.txt` does not tell.
    package var version: BagVersion?
    /// The algorithms of the payload manifests that were checked.
    package var algorithms: [DigestAlgorithm] = []
    /// Those of the tag manifests.
    package var tagAlgorithms: [DigestAlgorithm] = []
    /// Payload files that are there.
    package var payloadFiles: Int64 = 0
    /// Bytes of payload that are there.
    package var payloadBytes: Int64 = 0
    /// Payload files that are listed in `fetch.txt` and not there.
    package var filesToFetch: Int64 = 0
    /// What `bag-info.txt` says.
    package var info = BagInfo()
    /// What was found, errors first, in the order of paths; as many of each severity as the options allow.
    package var problems: [BagProblem] = []
    /// Errors in all, kept or not.
    package var errorCount = 0
    /// Warnings in all, kept or not.
    package var warningCount = 0

    init(location: String) { self.location = location }

    /// Problems that were counted and not kept.
    package var omittedProblems: Int { errorCount + warningCount - problems.count }
}
