import Streams

/// One check of one bag: takes in members, tag files and digests in whatever order they come, and judges at the end.
///
/// A class, because it lives through several passes and is handed from one step to the next; one task has it.
final class Inspection {
    let options: BagValidator.Options
    let hasTopFolder: Bool
    var report: BagReport
    var problems: ProblemList
    var declaration: BagDeclaration?
    var declarationFound = false
    var payload = Shelf()
    var tags = Shelf()
    /// Tag files that came before `bagit.txt`, whose encoding was not known then.
    var unparsed: Set<[UInt8]> = []
    var payloadDirectoryFound = false
    /// Whether the bag has a table of real names that is ours.
    var hasRealNames = false
    /// Bytes of metadata taken in so far.
    var infoBytes = 0
    var oxums: [(text: String, place: BagProblem.Place)] = []
    /// Set when what was found makes every further finding meaningless.
    var isHopeless = false
    private var topFolder: [UInt8]?
    private var strangersFound = false

    init(_ source: any BagSource, _ options: BagValidator.Options) {
        self.options = options
        hasTopFolder = source.hasTopFolder
        report = BagReport(location: source.location)
        problems = ProblemList(limit: options.problemLimit)
    }

    /// The rules to check by: those of the declared version, the lenient ones where none is.
    var version: BagVersion { declaration?.version ?? .draft97 }

    var encoding: TagEncoding { declaration?.encoding ?? .utf8 }

    func add(
        _ rule: BagRule, _ consequence: BagVerdict, path: [UInt8]? = nil, at place: BagProblem.Place? = nil,
        expected: @autoclosure () -> String? = nil, found: @autoclosure () -> String? = nil,
        _ message: @autoclosure () -> String
    ) {
        problems.add(
            BagProblem(
                rule, consequence, path: path, at: place, expected: expected(), found: found(), message()), consequence)
    }

    // MARK: - Members

    /// What is known of a file that the source holds.
    struct Found {
        let path: [UInt8]
        let isPayload: Bool
        let entry: Int
    }

    /// Takes in a member of the first pass; nil when there is nothing more to do with it.
    func enter(_ member: BagMember) -> Found? {
        guard let path = place(of: member, reporting: true) else { return nil }
        // Only for messages: a million members pass here.
        var name: String { displayName(of: path) }
        switch member.kind {
        case .file: break
        case .directory:
            if path.elementsEqual(BagName.payloadDirectory.utf8) { payloadDirectoryFound = true }
            return nil
        case .symlink(let target):
            let leads = target.map { " to '\(displayName(of: $0))'" } ?? ""
            add(.serialization, .invalid, path: path, "'\(name)' is a symbolic link\(leads); a bag holds files only")
            return nil
        case .hardlink:
            add(.serialization, .invalid, path: path, "'\(name)' is stored as a hard link; pack it as a file")
            return nil
        case .other:
            add(.serialization, .invalid, path: path, "'\(name)' is neither a file nor a folder; remove it")
            return nil
        case .unreadable(let reason):
            add(.required, .unreadable, path: path, "'\(name)' could not be looked at: \(reason)")
            return nil
        }
        let isPayload = path.starts(with: BagName.payloadPrefix)
        if isPayload { payloadDirectoryFound = true }
        let found = with(isPayload) { shelf -> Found? in
            let entry = shelf.paths.entry(for: path)
            if shelf.states[entry].contains(.present) { return nil }
            shelf.states[entry].insert(.present)
            shelf.sizes[entry] = member.size
            return Found(path: path, isPayload: isPayload, entry: entry)
        }
        if found == nil {
            add(.serialization, .invalid, path: path, "'\(name)' is in the archive twice; pack the bag again")
        } else if isPayload {
            report.payloadFiles += 1
            report.payloadBytes = saturatingSum(report.payloadBytes, member.size)
        }
        return found
    }

    /// Finds the entry of a member again in a later pass.
    func find(_ member: BagMember) -> Found? {
        guard member.kind == .file, let path = place(of: member, reporting: false) else { return nil }
        let isPayload = path.starts(with: BagName.payloadPrefix)
        return (isPayload ? payload : tags).paths.find(path).map { Found(path: path, isPayload: isPayload, entry: $0) }
    }

    func with<Result>(_ isPayload: Bool, _ body: (inout Shelf) throws -> Result) rethrows -> Result {
        try isPayload ? body(&payload) : body(&tags)
    }

    /// The member's path relative to the base of the bag; nil when it has none.
    private func place(of member: BagMember, reporting: Bool) -> [UInt8]? {
        guard let raw = member.path else {
            if reporting { add(.serialization, .invalid, "a member has no readable name; pack the bag again") }
            return nil
        }
        guard raw.count < pathLimit else {
            if reporting {
                add(
                    .serialization, .invalid, path: Array(raw.prefix(1000)), expected: "less than \(pathLimit) bytes",
                    found: "\(raw.count) bytes", "the path '\(excerpt(raw))' is too long to be checked")
            }
            return nil
        }
        guard hasTopFolder else { return raw }
        let slash = UInt8(ascii: "/")
        var parts = raw.split(separator: slash, omittingEmptySubsequences: false)[...]
        while parts.first == [UInt8(ascii: ".")] { parts.removeFirst() }
        while parts.last?.isEmpty == true, parts.count > 1 { parts.removeLast() }
        if parts.isEmpty || (parts.count == 1 && parts.first?.isEmpty == true && raw.first != slash) { return nil }
        let isUnsafe = parts.contains { $0.isEmpty || $0 == [0x2E] || $0 == [0x2E, 0x2E] || $0.contains(0) }
        guard !isUnsafe else {
            if reporting {
                add(
                    .serialization, .invalid, path: raw,
                    "the member '\(displayName(of: Array(raw.prefix(1000))))' has an unsafe name; do not unpack it")
            }
            return nil
        }
        let top = Array(parts.removeFirst())
        if parts.isEmpty {
            if member.kind != .directory, reporting, !isHopeless {
                isHopeless = true
                add(
                    .serialization, .invalid, path: raw,
                    "'\(displayName(of: top))' lies at the top of the archive; pack the folder that holds the bag")
            }
            return member.kind == .directory && topFolder == nil ? adopt(top) : nil
        }
        if topFolder == nil { _ = adopt(top) }
        guard top == topFolder else {
            if reporting, !strangersFound {
                strangersFound = true
                add(
                    .serialization, .invalid, path: raw, expected: displayName(of: topFolder ?? []),
                    found: displayName(of: top), "the archive has more than one top folder; pack one bag only")
            }
            return nil
        }
        return Array(parts.joined(separator: [slash]))
    }

    private func adopt(_ top: [UInt8]) -> [UInt8]? {
        topFolder = top
        return nil
    }

    // MARK: - Digests

    /// The algorithms to compute for a file of an archive when it comes by, so that one pass is enough where possible.
    func guess(for found: Found, size: Int64) -> Set<DigestAlgorithm> {
        if found.isPayload {
            let known = payload.algorithms
            return known.isEmpty ? [.sha256] : Set(known)
        }
        // Most tag files come before the tag manifest: they are small, so all algorithms cost less than another pass.
        if size <= 1 << 20 { return Set(DigestAlgorithm.allCases) }
        return Set(payload.algorithms + tags.algorithms + [.sha256])
    }

    /// Takes in the digests of a file: compares them with every manifest that lists it, and keeps the others.
    func record(_ digests: [DigestAlgorithm: [UInt8]], of found: Found) {
        for (algorithm, digest) in digests {
            var isCompared = false
            for index in (found.isPayload ? payload : tags).manifests.indices {
                isCompared = compare(digest, algorithm, of: found, withManifest: index) || isCompared
            }
            if !isCompared { with(found.isPayload) { $0.keep(digest, algorithm, of: found.entry) } }
        }
    }

    /// Compares where this manifest lists the file with this algorithm: whether it does.
    func compare(
        _ digest: [UInt8], _ algorithm: DigestAlgorithm, of found: Found, withManifest index: Int
    ) -> Bool {
        let (place, expected) = with(found.isPayload) { shelf -> (BagProblem.Place?, [UInt8]) in
            let entry = shelf.listing(of: found.entry)
            guard shelf.manifests[index].algorithm == algorithm, shelf.manifests[index].lines[entry] > 0,
                let expected = shelf.manifests[index].digests.values(of: entry)
            else { return (nil, []) }
            let place = shelf.manifests[index].place(of: entry)
            shelf.manifests[index].lines[entry] *= -1
            return expected.elementsEqual(digest) ? (place, digest) : (place, Array(expected))
        }
        guard let place else { return false }
        if expected != digest {
            add(
                .contents, .invalid, path: found.path, at: place, expected: Hex.encode(expected),
                found: Hex.encode(digest),
                "digest mismatch in '\(displayName(of: found.path))': \(place.file) says "
                    + "\(Hex.encode(expected)), read \(Hex.encode(digest)); the file or the manifest was altered")
        }
        return true
    }

    /// Notes that a file could not be read.
    func fail(_ found: Found, _ reason: String) {
        with(found.isPayload) { shelf in _ = shelf.states[found.entry].insert(.failed) }
        add(
            .required, .unreadable, path: found.path,
            "'\(displayName(of: found.path))' could not be read: \(reason)")
    }
}

/// A sparse file may claim more bytes than any number of disks: sums stop at the edge instead of trapping.
func saturatingSum(_ a: Int64, _ b: Int64) -> Int64 {
    let (sum, overflow) = a.addingReportingOverflow(b)
    return overflow ? .max : sum
}

/// Longer names are of no file system; the tables are made for less than this.
private let pathLimit = 1 << 19
