import Streams

/// One half of a bag, payload or tag files: which paths there are, listed or found, and what is known of each.
///
/// An entry of a bag with one SHA-256 manifest costs its path, 16 to 24 bytes to find it by, 9 for size and state, and
/// 36 for the digest and line in the manifest: about 130 bytes for a path of 60. A digest that was computed is compared
/// at once and not kept, unless the manifest that lists the file comes later in an archive: then 33 more.
struct Shelf {
    struct State: OptionSet {
        let rawValue: UInt8
        static let present = State(rawValue: 1)
        /// Reading it failed; the reason is already a problem.
        static let failed = State(rawValue: 2)
        static let toFetch = State(rawValue: 4)
        /// The table of real names has it.
        static let renamed = State(rawValue: 8)
    }

    var paths = PathTable()
    var states = ChunkedColumn<State>(empty: [])
    var sizes = ChunkedColumn<Int64>(empty: 0)
    var manifests: [ManifestColumn] = []
    /// Paths under which a listed file may lie instead, with the percent-encoding read the other way.
    var alternatives: [Int: [[UInt8]]] = [:]
    /// The file that a listed path without one stands for.
    var standIns: [Int: Int] = [:]
    /// The other way round.
    private var standsFor: [Int: Int] = [:]
    private var kept: [DigestAlgorithm: ChunkedColumn<UInt8>] = [:]
    private var keptAlgorithms = ChunkedColumn<UInt8>(empty: 0)

    /// The algorithms of the manifests, those that can be computed.
    var algorithms: [DigestAlgorithm] { Set(manifests.compactMap(\.algorithm)).sorted() }

    mutating func setStandIn(_ found: Int, for listed: Int) {
        standIns[listed] = found
        standsFor[found] = listed
    }

    /// The entry under which manifests list the file found as `entry`.
    func listing(of entry: Int) -> Int { standsFor[entry] ?? entry }

    func isListed(_ entry: Int) -> Bool { manifests.contains { $0.lines[entry] != 0 } }

    /// The algorithms that manifests want for the file found as `entry` and that are not known yet.
    func wanted(for entry: Int) -> [DigestAlgorithm] {
        guard states[entry].contains(.present), !states[entry].contains(.failed) else { return [] }
        let listed = listing(of: entry)
        let known = keptAlgorithms[entry]
        var out: [DigestAlgorithm] = []
        for manifest in manifests where manifest.lines[listed] > 0 {
            if let algorithm = manifest.algorithm, known & bit(algorithm) == 0, !out.contains(algorithm) {
                out.append(algorithm)
            }
        }
        return out
    }

    mutating func keep(_ digest: [UInt8], _ algorithm: DigestAlgorithm, of entry: Int) {
        kept[algorithm, default: ChunkedColumn(empty: 0, width: algorithm.length)].set(digest, of: entry)
        keptAlgorithms[entry] |= bit(algorithm)
    }

    func kept(_ algorithm: DigestAlgorithm, of entry: Int) -> ArraySlice<UInt8>? {
        keptAlgorithms[entry] & bit(algorithm) == 0 ? nil : kept[algorithm]?.values(of: entry)
    }
}

/// What one manifest says.
struct ManifestColumn {
    let file: String
    /// nil for a name that is not known here.
    let algorithm: DigestAlgorithm?
    let algorithmName: String
    /// The line that lists an entry, 0 for none, negative once the digest was compared.
    var lines = ChunkedColumn<Int32>(empty: 0)
    var digests: ChunkedColumn<UInt8>
    /// Whether its last line was read; a broken one proves nothing about what it does not list.
    var isRead = false

    init(file: String, algorithmName: String) {
        self.file = file
        self.algorithmName = algorithmName
        algorithm = DigestAlgorithm(rawValue: algorithmName)
        digests = ChunkedColumn(empty: 0, width: algorithm?.length ?? 1)
    }

    func place(of entry: Int) -> BagProblem.Place {
        BagProblem.Place(file: file, line: Int(abs(lines[entry])))
    }
}

private func bit(_ algorithm: DigestAlgorithm) -> UInt8 {
    switch algorithm {
    case .md5: 1
    case .sha1: 2
    case .sha224: 4
    case .sha256: 8
    case .sha384: 16
    case .sha512: 32
    }
}
